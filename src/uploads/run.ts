import { ApiError } from '../api';
import type { IUploadApi } from './client';
import type { IBatchFile, IProblem, IUpload } from '../wire';
import { crc32, crcOfBlob } from './crc32';
import { failureOf, pauseOf, problemOf, reading } from './failures';
import type { IPlan } from './plan';
import type { IRunning, Task } from './queue';

/**
 * Files up to this size go together with others.
 */
export const SMALL_BYTES = 4 * 1024 * 1024;

/**
 * The most in one request, and the least that it is made for on a slow line.
 */
const BATCH_BYTES = 8 * 1024 * 1024;
const BATCH_LEAST_BYTES = 256 * 1024;
const BATCH_FILES = 500;

/**
 * Seconds that a request should take at most: proxies give up those that take a minute.
 */
const BATCH_S = 10;

/**
 * Times that something is sent again before it counts as failed.
 */
const TRIES = 10;

/**
 * Times that a large file is begun anew because its session is gone.
 */
const SESSIONS = 5;

/**
 * Large files that are under way at a time.
 */
const OPEN_FILES = 4;

/**
 * Failures of one kind in a row, with no success between, after which going on is no use.
 */
const IN_A_ROW = 20;

/**
 * Names that are kept of those that failed.
 */
export const FAILED_KEPT = 200;

type EntryState = 'waiting' | 'sending' | 'arrived' | 'failed';

/**
 * A file on its way.
 */
class Entry {
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
  state: EntryState = 'waiting';
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
 * A large file that is sent in parts.
 */
class Large {
  constructor(readonly entry: Entry) {}

  done = new Set<number>();
  doneBytes = 0;
  pending: number[] = [];
  sending = 0;
  sessions = 0;
  tries = new Map<number, number>();
  upload: IUpload | null = null;

  get parts(): number {
    return Math.ceil(this.entry.file.size / this.upload!.partSizeBytes);
  }

  slice(number: number): Blob {
    const { partSizeBytes } = this.upload!;
    return this.entry.file.slice(
      (number - 1) * partSizeBytes,
      number * partSizeBytes
    );
  }

  forget(): void {
    this.upload = null;
    this.done.clear();
    this.pending = [];
    this.tries.clear();
  }
}

export interface IRunOptions {
  readonly api: IUploadApi;
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
  /**
   * The server could not be reached, or answered.
   */
  lost(): void;
  found(): void;
  /**
   * There may be more to do.
   */
  wake(): void;
  /**
   * Something is different.
   */
  changed(): void;
  /**
   * Bytes per second, null where nothing is known.
   */
  speed(): number | null;
  pauseOf?(tries: number): number;
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
 * Sends the files of one drop: small ones together, large ones in parts, stores in stages. What fails is sent again
 * alone; what fails for good fails alone.
 */
export class UploadRun implements IRunning {
  constructor(private readonly _options: IRunOptions) {
    const { plan, arrived, skipped, replaced } = _options;
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
          return new Entry(key, file, group, replaced.has(key));
        })
      );
      this._groups.push(group);
    }
    // Taken from the end.
    for (const group of [...this._groups].reverse()) {
      this._advance(group);
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
   * Bytes that this run has sent and that have arrived.
   */
  sentBytes = 0;

  /**
   * Why it stopped although there is more to send.
   */
  problem: IProblem | null = null;

  get isPaused(): boolean {
    return this._isPaused;
  }

  /**
   * Whether nothing is under way, and nothing can be done unless somebody says so.
   */
  get isOver(): boolean {
    return (
      this._isCancelled ||
      (!this._isPaused &&
        this._tasks.size === 0 &&
        this._timers.size === 0 &&
        this._small.length === 0 &&
        this._large.length === 0 &&
        this._open.size === 0)
    );
  }

  get failedFiles(): number {
    return this._failed.size;
  }

  /**
   * Files that failed because something lies there by now.
   */
  get takenFiles(): number {
    let count = 0;
    for (const { problem } of this._failed) {
      count += problem?.code === 'exists' ? 1 : 0;
    }
    return count;
  }

  /**
   * Bytes in flight, as far as the browser has handed them on.
   */
  get sendingBytes(): number {
    return this._sendingBytes;
  }

  /**
   * The first of those that failed.
   */
  get failures(): IFileState[] {
    const some: IFileState[] = [];
    for (const { key, file, problem } of this._failed) {
      if (some.length === FAILED_KEPT) {
        break;
      }
      some.push({ key, bytes: 0, sizeBytes: file.size, problem });
    }
    return some;
  }

  /**
   * Large files that are under way, and the number of small ones.
   */
  get underWay(): { large: IFileState[]; small: number } {
    const large = [...this._open].map(({ entry, doneBytes }) => ({
      key: entry.key,
      bytes: doneBytes,
      sizeBytes: entry.file.size,
      problem: null
    }));
    return { large, small: this._smallSending };
  }

  /**
   * Whether the server keeps parts for it under an id.
   */
  isSending(session: string): boolean {
    return this._sessions.has(session);
  }

  next(): Task | null {
    if (this._isPaused || this._isCancelled) {
      return null;
    }
    return (
      this._nextEnd() ??
      // Small files do not wait for the end of large ones.
      (this._batches === 0 ? this._nextBatch() : null) ??
      this._nextPart() ??
      this._nextBatch() ??
      this._nextLarge()
    );
  }

  /**
   * Send nothing until `resume`. What is in flight is given up and sent again then.
   */
  pause(problem: IProblem | null = null): void {
    this.problem = problem;
    this._isPaused = true;
    this._abortAll();
    this._options.changed();
  }

  resume(): void {
    this.problem = null;
    this._isPaused = false;
    this._inARow = 0;
    this._options.changed();
    this._options.wake();
  }

  /**
   * Give up. What has arrived stays, except for parts of files: these are taken back at once.
   */
  cancel(): void {
    this._isCancelled = true;
    for (const timer of this._timers) {
      clearTimeout(timer);
    }
    this._timers.clear();
    this._abortAll();
    for (const id of this._sessions) {
      void this._remove(id);
    }
    this._options.changed();
  }

  /**
   * Resolves once what was under way when it was cancelled is taken back.
   */
  get removed(): Promise<unknown> {
    return Promise.all(this._removing);
  }

  /**
   * Send again what failed.
   *
   * @param replace - Whether what lies there by now may be replaced.
   */
  retry(replace: boolean): void {
    for (const entry of [...this._failed]) {
      const isTaken = entry.problem?.code === 'exists';
      if (isTaken && !replace) {
        continue;
      }
      this._failed.delete(entry);
      entry.replace ||= isTaken;
      entry.tries = 0;
      this._ready(entry);
    }
    this.resume();
  }

  // --- Stages ---

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
        this._ready(stage[at]!);
      }
    }
  }

  private _ready(entry: Entry): void {
    entry.state = 'waiting';
    entry.problem = null;
    if (entry.isSmall) {
      (entry.replace ? this._smallReplacing : this._smallNew).push(entry);
    } else {
      this._large.push(new Large(entry));
    }
  }

  private _arrived(entry: Entry, sentBytes: number): void {
    entry.state = 'arrived';
    this._inARow = 0;
    this.doneFiles++;
    this.doneBytes += sentBytes;
    this.sentBytes += sentBytes;
    entry.group.left--;
    this._advance(entry.group);
  }

  private _fail(entry: Entry, problem: IProblem): void {
    entry.state = 'failed';
    entry.problem = problem;
    this._failed.add(entry);
    this._inARow = problem.code === this._lastCode ? this._inARow + 1 : 1;
    this._lastCode = problem.code;
    if (this._inARow >= IN_A_ROW && problem.code !== 'exists') {
      this.pause(problem);
    }
  }

  // --- Small files ---

  private get _small(): readonly Entry[] {
    return this._smallNew.length > 0 ? this._smallNew : this._smallReplacing;
  }

  private _nextBatch(): Task | null {
    const from =
      this._smallNew.length > 0 ? this._smallNew : this._smallReplacing;
    if (from.length === 0) {
      return null;
    }
    const speed = this._options.speed();
    const most =
      speed === null
        ? BATCH_BYTES
        : Math.min(
            BATCH_BYTES,
            Math.max(BATCH_LEAST_BYTES, (speed * BATCH_S) / 4)
          );
    const batch: Entry[] = [];
    let bytes = 0;
    for (
      let entry = from[from.length - 1];
      entry &&
      batch.length < BATCH_FILES &&
      (batch.length === 0 || bytes + entry.file.size <= most);
      entry = from[from.length - 1]
    ) {
      from.pop();
      batch.push(entry);
      bytes += entry.file.size;
    }
    return () => this._sendBatch(batch);
  }

  private async _sendBatch(batch: readonly Entry[]): Promise<void> {
    const undone = () => batch.filter(({ state }) => state === 'sending');
    this._batches++;
    this._smallSending += batch.length;
    for (const entry of batch) {
      entry.state = 'sending';
    }
    await this._guard(
      async (signal, sent) => {
        const files: IBatchFile[] = [];
        const bodies: ArrayBuffer[] = [];
        const entries: Entry[] = [];
        for (const entry of batch) {
          const { key, file } = entry;
          try {
            const body = await reading(file.arrayBuffer());
            if (body.byteLength !== file.size) {
              throw new Error();
            }
            files.push({
              key,
              sizeBytes: file.size,
              crc32: crc32(new Uint8Array(body)),
              modifiedMs: file.lastModified,
              mediaType: file.type
            });
            bodies.push(body);
            entries.push(entry);
          } catch (error) {
            this._fail(entry, problemOf(error));
          }
        }
        if (entries.length === 0) {
          return;
        }
        throwIfAborted(signal);
        const { endpoint } = this._options.plan;
        const { problems } = await this._options.api.sendBatch(
          { endpoint, files, replace: entries[0]!.replace },
          bodies,
          sent,
          signal
        );
        const wrong = new Map(
          problems.map(({ key, problem }) => [key, problem])
        );
        const taken: Entry[] = [];
        for (const entry of entries) {
          const problem = wrong.get(entry.key);
          if (!problem) {
            this._arrived(entry, entry.file.size);
          } else if (problem.retryable) {
            this._again(entry, problem);
          } else if (problem.code === 'exists' && entry.isInDoubt) {
            taken.push(entry);
          } else {
            this._fail(entry, problem);
          }
        }
        await this._settleTaken(taken, signal);
      },
      {
        again: error => {
          for (const entry of undone()) {
            this._again(entry, problemOf(error));
          }
        },
        back: wasSent => {
          for (const entry of undone().reverse()) {
            entry.isInDoubt ||= wasSent;
            this._ready(entry);
          }
        },
        fail: problem => {
          for (const entry of undone()) {
            this._fail(entry, problem);
          }
        }
      }
    );
    this._batches--;
    this._smallSending -= batch.length;
  }

  /**
   * Send a small file again after a while.
   */
  private _again(entry: Entry, problem: IProblem): void {
    entry.tries++;
    if (entry.tries > TRIES) {
      this._fail(entry, problem);
      return;
    }
    entry.state = 'waiting';
    entry.isInDoubt = true;
    this._later(entry.tries - 1, () => this._ready(entry));
  }

  /**
   * Something lies where files were sent that nobody heard of: it may be them.
   */
  private async _settleTaken(
    entries: readonly Entry[],
    signal: AbortSignal
  ): Promise<void> {
    if (entries.length === 0) {
      return;
    }
    const { api, plan } = this._options;
    const keys = entries.map(({ key }) => key);
    const { taken } = await api.taken(
      { endpoint: plan.endpoint, keys },
      signal
    );
    const there = new Map(taken.map(each => [each.key, each]));
    for (const entry of entries) {
      const found = there.get(entry.key);
      if (
        found?.sizeBytes === entry.file.size &&
        found.modifiedMs === entry.file.lastModified
      ) {
        this._arrived(entry, entry.file.size);
      } else {
        this._fail(entry, TAKEN);
      }
    }
  }

  // --- Large files ---

  private _nextLarge(): Task | null {
    const large = this._open.size < OPEN_FILES ? this._large.shift() : null;
    if (!large) {
      return null;
    }
    this._open.add(large);
    return () => this._begin(large);
  }

  private async _begin(large: Large): Promise<void> {
    const { entry } = large;
    const { key, file } = entry;
    const { api, plan } = this._options;
    large.sending++;
    entry.state = 'sending';
    await this._guard(
      async signal => {
        large.forget();
        // Not given up with the rest: whoever cancels must know the session to remove it.
        const upload = await api.beginUpload(
          {
            endpoint: plan.endpoint,
            key,
            sizeBytes: file.size,
            modifiedMs: file.lastModified,
            mediaType: file.type,
            replace: entry.replace
          },
          new AbortController().signal
        );
        if (this._isCancelled) {
          await this._remove(upload.id);
          return;
        }
        large.upload = upload;
        this._sessions.add(upload.id);
        await this._compare(large, signal);
      },
      {
        again: error => this._againLarge(large, error),
        back: () => this._backLarge(large),
        fail: async (problem, signal) => {
          if (problem.code === 'exists' && entry.isInDoubt) {
            await this._endOrFail(large, problem, signal);
          } else {
            this._failLarge(large, problem);
          }
        }
      }
    );
    large.sending--;
  }

  /**
   * Find out which parts of the file are there already: those that are the same as its own.
   */
  private async _compare(large: Large, signal: AbortSignal): Promise<void> {
    const upload = large.upload!;
    const known = new Map(
      upload.partsDone.map(({ number, crc32: sum }) => [number, sum])
    );
    for (let number = 1; number <= large.parts; number++) {
      const sum = known.get(number);
      const part = large.slice(number);
      const isSame =
        sum !== undefined && (await reading(crcOfBlob(part))) === sum;
      throwIfAborted(signal);
      if (isSame) {
        large.done.add(number);
        large.doneBytes += part.size;
        this.doneBytes += part.size;
        this._options.changed();
        continue;
      }
      if (sum !== undefined && upload.parallel <= 1) {
        // Parts come in order: one in the middle cannot be sent again.
        await this._options.api.removeUpload(upload.id, signal);
        this._beginAnew(large);
        return;
      }
      large.pending.push(number);
    }
    // Taken from the end.
    large.pending.reverse();
  }

  private _nextPart(): Task | null {
    for (const large of this._open) {
      const { upload } = large;
      if (
        upload &&
        large.pending.length > 0 &&
        large.sending < Math.max(1, upload.parallel)
      ) {
        const number = large.pending.pop()!;
        large.sending++;
        return () => this._sendPart(large, upload, number);
      }
    }
    return null;
  }

  private async _sendPart(
    large: Large,
    upload: IUpload,
    number: number
  ): Promise<void> {
    const isStill = () => large.upload === upload;
    const back = () => {
      if (isStill()) {
        large.pending.push(number);
      }
    };
    await this._guard(
      async (signal, sent) => {
        const part = large.slice(number);
        const sum = await reading(crcOfBlob(part));
        throwIfAborted(signal);
        await this._options.api.sendPart(
          upload.id,
          number,
          sum,
          part,
          sent,
          signal
        );
        if (isStill()) {
          this._inARow = 0;
          large.done.add(number);
          large.doneBytes += part.size;
          this.doneBytes += part.size;
          this.sentBytes += part.size;
        }
      },
      {
        again: error => {
          const tries = (large.tries.get(number) ?? 0) + 1;
          large.tries.set(number, tries);
          if (tries > TRIES && isStill()) {
            this._failLarge(large, problemOf(error));
          } else {
            this._later(tries - 1, back);
          }
        },
        back,
        fail: problem => {
          if (!isStill()) {
            return;
          }
          if (problem.code === 'not_found') {
            this._beginAnew(large, problem);
          } else {
            this._failLarge(large, problem);
          }
        }
      }
    );
    large.sending--;
  }

  private _nextEnd(): Task | null {
    for (const large of this._open) {
      const { upload } = large;
      if (upload && large.sending === 0 && large.done.size === large.parts) {
        large.sending++;
        return () => this._end(large, upload);
      }
    }
    return null;
  }

  private async _end(large: Large, upload: IUpload): Promise<void> {
    await this._guard(
      async signal => {
        await this._options.api.completeUpload(upload.id, signal);
        this._endLarge(large);
      },
      {
        again: error => {
          const problem = problemOf(error);
          if (problem.code === 'corrupted') {
            // The server has taken back all of it.
            this._beginAnew(large, problem);
            return;
          }
          const tries = (large.tries.get(0) ?? 0) + 1;
          large.tries.set(0, tries);
          if (tries > TRIES) {
            this._failLarge(large, problem);
          } else {
            // Until then, it counts as under way.
            large.sending++;
            this._later(tries - 1, () => {
              large.sending--;
            });
          }
        },
        back: () => undefined,
        fail: (problem, signal) =>
          problem.code === 'not_found'
            ? // It ended, and nobody heard of it, or it was given up.
              this._endOrBeginAnew(large, problem, signal)
            : this._failLarge(large, problem)
      }
    );
    large.sending--;
  }

  private _endLarge(large: Large): void {
    if (large.upload) {
      this._sessions.delete(large.upload.id);
    }
    this._open.delete(large);
    this._arrived(large.entry, 0);
  }

  private async _isThere(
    { entry }: Large,
    signal: AbortSignal
  ): Promise<boolean> {
    const { api, plan } = this._options;
    const { taken } = await api.taken(
      { endpoint: plan.endpoint, keys: [entry.key] },
      signal
    );
    return (
      taken[0]?.sizeBytes === entry.file.size &&
      taken[0].modifiedMs === entry.file.lastModified
    );
  }

  private async _endOrBeginAnew(
    large: Large,
    problem: IProblem,
    signal: AbortSignal
  ): Promise<void> {
    if (await this._isThere(large, signal)) {
      this._endLarge(large);
    } else {
      this._beginAnew(large, problem);
    }
  }

  private async _endOrFail(
    large: Large,
    problem: IProblem,
    signal: AbortSignal
  ): Promise<void> {
    if (await this._isThere(large, signal)) {
      this.doneBytes += large.entry.file.size;
      this._endLarge(large);
    } else {
      this._failLarge(large, problem);
    }
  }

  /**
   * The session is gone: send the file again from its beginning.
   */
  private _beginAnew(large: Large, problem: IProblem | null = null): void {
    if (large.upload) {
      this._sessions.delete(large.upload.id);
    }
    this._takeBack(large);
    large.sessions++;
    large.entry.isInDoubt = true;
    this._open.delete(large);
    if (large.sessions > SESSIONS && problem) {
      this._fail(large.entry, problem);
    } else {
      this._large.unshift(large);
    }
  }

  private _againLarge(large: Large, error: unknown): void {
    large.entry.tries++;
    if (large.entry.tries > TRIES) {
      this._failLarge(large, problemOf(error));
      return;
    }
    this._takeBack(large);
    this._open.delete(large);
    this._later(large.entry.tries - 1, () => this._large.unshift(large));
  }

  private _backLarge(large: Large): void {
    this._takeBack(large);
    large.entry.isInDoubt = true;
    this._open.delete(large);
    this._large.unshift(large);
  }

  private _failLarge(large: Large, problem: IProblem): void {
    this._takeBack(large);
    this._open.delete(large);
    this._fail(large.entry, problem);
  }

  /**
   * What was counted of a file does not count any more.
   */
  private _takeBack(large: Large): void {
    this.doneBytes -= large.doneBytes;
    large.doneBytes = 0;
    large.forget();
  }

  private _remove(id: string): Promise<void> {
    const work = (async () => {
      for (let tries = 0; tries < TRIES; tries++) {
        try {
          await this._options.api.removeUpload(
            id,
            new AbortController().signal
          );
          return;
        } catch (error) {
          const failure = failureOf(error);
          if (failure !== 'lost' && failure !== 'again') {
            // It is gone, or the server gives it up by itself.
            return;
          }
          await new Promise(resolve =>
            setTimeout(resolve, this._pauseOf(tries))
          );
        }
      }
    })();
    this._removing.push(work);
    return work;
  }

  // --- Requests ---

  /**
   * Do something that may fail, and what follows from it.
   */
  private async _guard(
    work: (signal: AbortSignal, sent: (bytes: number) => void) => Promise<void>,
    then: {
      /** Try it again after a while. */
      again(error: unknown): void;
      /** Do it once that is possible again. */
      back(wasSent: boolean): void;
      fail(problem: IProblem, signal: AbortSignal): Promise<void> | void;
    }
  ): Promise<void> {
    const controller = new AbortController();
    const { signal } = controller;
    this._tasks.add(controller);
    let loaded = 0;
    const sent = (bytes: number) => {
      this._sendingBytes += bytes - loaded;
      loaded = bytes;
      this._options.changed();
    };
    const settle = async (error: unknown): Promise<void> => {
      if (this._isCancelled) {
        return;
      }
      const failure = failureOf(error);
      switch (failure) {
        case 'aborted':
          then.back(loaded > 0);
          break;
        case 'lost':
          then.back(true);
          this._options.lost();
          break;
        case 'stopped':
          then.back(true);
          this.pause(problemOf(error));
          break;
        case 'again':
          if (error instanceof ApiError) {
            this._options.found();
          }
          then.again(error);
          break;
        case 'final':
          if (error instanceof ApiError) {
            this._options.found();
          }
          await then.fail(problemOf(error), signal);
          break;
      }
    };
    try {
      await work(signal, sent);
      this._options.found();
    } catch (error) {
      try {
        await settle(error);
      } catch (second) {
        // What was asked to understand the failure failed itself: then all of it is tried again.
        if (failureOf(second) === 'final') {
          await then.fail(problemOf(second), signal);
        } else if (!this._isCancelled) {
          then.back(true);
          if (failureOf(second) === 'lost') {
            this._options.lost();
          }
        }
      }
    } finally {
      sent(0);
      this._tasks.delete(controller);
      this._options.changed();
    }
  }

  /**
   * Do something after a pause that is the longer the more often it failed.
   */
  private _later(tries: number, work: () => void): void {
    if (this._isCancelled) {
      return;
    }
    const timer = setTimeout(() => {
      this._timers.delete(timer);
      work();
      this._options.changed();
      this._options.wake();
    }, this._pauseOf(tries));
    this._timers.add(timer);
  }

  private _pauseOf(tries: number): number {
    return (this._options.pauseOf ?? pauseOf)(tries);
  }

  private _abortAll(): void {
    for (const controller of [...this._tasks]) {
      controller.abort();
    }
  }

  private _batches = 0;
  private readonly _failed = new Set<Entry>();
  private readonly _groups: Group[] = [];
  private _inARow = 0;
  private _isCancelled = false;
  private _isPaused = false;
  private readonly _large: Large[] = [];
  private _lastCode = '';
  private readonly _open = new Set<Large>();
  private readonly _removing: Promise<void>[] = [];
  private _sendingBytes = 0;
  /**
   * Ids of those that the server keeps parts for.
   */
  private readonly _sessions = new Set<string>();
  private readonly _smallNew: Entry[] = [];
  private readonly _smallReplacing: Entry[] = [];
  private _smallSending = 0;
  private readonly _tasks = new Set<AbortController>();
  private readonly _timers = new Set<ReturnType<typeof setTimeout>>();
}

function throwIfAborted(signal: AbortSignal): void {
  if (signal.aborted) {
    throw new DOMException('Aborted', 'AbortError');
  }
}

/**
 * Something came to lie there while files were under way.
 */
const TAKEN: IProblem = {
  code: 'exists',
  message: '',
  hint: '',
  retryable: false
};
