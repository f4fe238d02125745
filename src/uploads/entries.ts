import type { IProblem } from '../wire';
import type { IPlan } from './plan';

/**
 * Files up to this size go together with others.
 */
const SMALL_BYTES = 4 * 1024 * 1024;

/**
 * Failures of one kind in a row, with no success between, after which going on is no use.
 */
const IN_A_ROW = 20;

/**
 * Names that are kept of those that failed.
 */
const FAILED_KEPT = 200;

/**
 * A file on its way.
 */
export class Entry {
  constructor(
    readonly key: string,
    readonly file: File,
    readonly group: Group,
    public replace: boolean
  ) {}

  /**
   * Whether it was sent before and nobody heard what became of it.
   */
  isInDoubt = false;
  problem: IProblem | null = null;
  state: 'waiting' | 'sending' | 'arrived' | 'failed' = 'waiting';
  tries = 0;

  get isSmall(): boolean {
    return this.file.size <= SMALL_BYTES;
  }
}

/**
 * Files of which a stage begins once the one before has arrived.
 */
class Group {
  at = -1;
  left = 0;
  stages: Entry[][] = [];
}

/**
 * A file that is being sent, or that failed.
 */
export interface IFileState {
  readonly key: string;
  readonly bytes: number;
  readonly sizeBytes: number;
  readonly problem: IProblem | null;
}

/**
 * What of a plan is to be sent.
 */
export interface IEntriesOptions {
  readonly plan: IPlan;
  /**
   * Keys that hold these very files already.
   */
  readonly arrived: ReadonlySet<string>;
  /**
   * Keys of files that are left out.
   */
  readonly skipped: ReadonlySet<string>;
  /**
   * Keys of files that may be replaced.
   */
  readonly replaced: ReadonlySet<string>;
}

/**
 * The files of one drop, in stages: which of them may be sent by now, which have arrived, and which failed.
 */
export class Entries {
  /**
   * @param _ready - Called with a file that may be sent now; of several, the one to be sent first comes last.
   * @param _stop - Called where going on is no use.
   */
  constructor(
    { plan, arrived, skipped, replaced }: IEntriesOptions,
    private readonly _ready: (entry: Entry) => void,
    private readonly _stop: (problem: IProblem) => void
  ) {
    for (const { stages } of plan.groups) {
      const group = new Group();
      group.stages = stages.map(files =>
        files.flatMap(({ key, file }) => {
          if (skipped.has(key)) {
            this.skippedFiles++;
            return [];
          }
          this.totalFiles++;
          this.totalBytes += file.size;
          if (arrived.has(key)) {
            this.doneFiles++;
            this.doneBytes += file.size;
            return [];
          }
          const entry = new Entry(key, file, group, replaced.has(key));
          this.smallLeft += entry.isSmall ? 1 : 0;
          return entry;
        })
      );
      this._groups.push(group);
    }
  }

  totalFiles = 0;
  totalBytes = 0;
  doneFiles = 0;
  skippedFiles = 0;

  /**
   * Bytes that have arrived, also earlier ones.
   */
  doneBytes = 0;

  /**
   * Bytes that were sent now and that have arrived.
   */
  sentBytes = 0;

  /**
   * Small files that were sent now and that have arrived, and those that are still to come.
   */
  smallSent = 0;
  smallLeft = 0;

  readonly failed = new Set<Entry>();

  /**
   * Files that failed because something lies there by now.
   */
  get takenFiles(): number {
    let count = 0;
    for (const { problem } of this.failed) {
      count += problem?.code === 'exists' ? 1 : 0;
    }
    return count;
  }

  /**
   * The first of those that failed.
   */
  get failures(): IFileState[] {
    const some: IFileState[] = [];
    for (const { key, file, problem } of this.failed) {
      if (some.length === FAILED_KEPT) {
        break;
      }
      some.push({ key, bytes: 0, sizeBytes: file.size, problem });
    }
    return some;
  }

  /**
   * Hand out the first stage of each group.
   */
  begin(): void {
    // Taken from the end.
    for (const group of [...this._groups].reverse()) {
      this._advance(group);
    }
  }

  ready(entry: Entry): void {
    entry.state = 'waiting';
    entry.problem = null;
    this._ready(entry);
  }

  /**
   * @param sentBytes - Bytes of it that were not counted yet.
   */
  arrived(entry: Entry, sentBytes: number): void {
    entry.state = 'arrived';
    this.goesWell();
    this.doneFiles++;
    this.doneBytes += sentBytes;
    this.sentBytes += sentBytes;
    if (entry.isSmall) {
      this.smallSent++;
      this.smallLeft--;
    }
    entry.group.left--;
    this._advance(entry.group);
  }

  fail(entry: Entry, problem: IProblem): void {
    entry.state = 'failed';
    entry.problem = problem;
    this.failed.add(entry);
    this.smallLeft -= entry.isSmall ? 1 : 0;
    this._inARow = problem.code === this._lastCode ? this._inARow + 1 : 1;
    this._lastCode = problem.code;
    // Of what lies there, nothing follows for others.
    const isTaken = problem.code === 'exists' || problem.code === 'conflict';
    if (this._inARow >= IN_A_ROW && !isTaken) {
      this._stop(problem);
    }
  }

  /**
   * Failures before this are not in a row with those after it.
   */
  goesWell(): void {
    this._inARow = 0;
  }

  /**
   * Make what failed ready again.
   *
   * @param replace - Whether what lies there by now may be replaced.
   */
  retry(replace: boolean): void {
    for (const entry of [...this.failed]) {
      const isTaken = entry.problem?.code === 'exists';
      if (isTaken && !replace) {
        continue;
      }
      this.failed.delete(entry);
      this.smallLeft += entry.isSmall ? 1 : 0;
      entry.replace ||= isTaken;
      entry.tries = 0;
      this.ready(entry);
    }
  }

  /**
   * Go on with the next stage of a group that has something to send.
   */
  private _advance(group: Group): void {
    while (group.left === 0 && group.at < group.stages.length - 1) {
      group.at++;
      const stage = group.stages[group.at]!;
      group.left = stage.length;
      // Taken from the end.
      for (let at = stage.length - 1; at >= 0; at--) {
        this.ready(stage[at]!);
      }
    }
  }

  private readonly _groups: Group[] = [];
  private _inARow = 0;
  private _lastCode = '';
}
