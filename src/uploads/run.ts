import type { IProblem } from '../wire';
import type { IUploadApi } from './client';
import { Entries } from './entries';
import type { IEntriesOptions, IFileState } from './entries';
import { LargeFiles } from './large';
import type { IRunning, Task } from './queue';
import { Requests } from './requests';
import type { IRequestsOptions } from './requests';
import { Sessions } from './sessions';
import type { ISessionNotes } from './sessions';
import { SmallFiles } from './small';

export interface IRunOptions extends IEntriesOptions, IRequestsOptions {
  readonly api: IUploadApi;
  readonly notes?: ISessionNotes | null;
}

/**
 * Sends the files of one drop: small ones together, large ones in parts, stores in stages. What fails is sent again
 * alone; what fails for good fails alone.
 */
export class UploadRun implements IRunning {
  constructor(private readonly _options: IRunOptions) {
    const { api, plan } = _options;
    const { endpoint } = plan;
    const stop = (problem: IProblem) => this.pause(problem);
    const requests = new Requests(_options, stop);
    const entries = new Entries(
      _options,
      entry => (entry.isSmall ? this._small : this._large).add(entry),
      stop
    );
    const sessions = new Sessions(
      api,
      tries => requests.pauseOf(tries),
      _options.notes
    );
    const common = { api, endpoint, entries, requests };
    this._requests = requests;
    this._entries = entries;
    this._sessions = sessions;
    this._small = new SmallFiles(common);
    this._large = new LargeFiles({ ...common, sessions });
    entries.begin();
  }

  /**
   * Why it stopped although there is more to send.
   */
  problem: IProblem | null = null;

  get isPaused(): boolean {
    return this._isPaused;
  }

  /**
   * Whether it was paused and some of it is still on its way.
   */
  get isDraining(): boolean {
    return this._isPaused && this._requests.isSending;
  }

  /**
   * Why something is being sent again, null where nothing is.
   */
  get trouble(): IProblem | null {
    return this._requests.trouble;
  }

  /**
   * Whether nothing is under way, and nothing can be done unless somebody says so.
   */
  get isOver(): boolean {
    return (
      this._requests.isCancelled ||
      (!this._isPaused &&
        this._requests.isIdle &&
        this._small.isEmpty &&
        this._large.isEmpty)
    );
  }

  get totalFiles(): number {
    return this._entries.totalFiles;
  }

  get totalBytes(): number {
    return this._entries.totalBytes;
  }

  get doneFiles(): number {
    return this._entries.doneFiles;
  }

  get skippedFiles(): number {
    return this._entries.skippedFiles;
  }

  get failedFiles(): number {
    return this._entries.failed.size;
  }

  /**
   * Files that failed because something lies there by now.
   */
  get takenFiles(): number {
    return this._entries.takenFiles;
  }

  /**
   * Bytes that have arrived, also earlier ones.
   */
  get doneBytes(): number {
    return this._entries.doneBytes;
  }

  /**
   * Bytes that this run has sent and that have arrived.
   */
  get sentBytes(): number {
    return this._entries.sentBytes;
  }

  /**
   * Small files that this run has sent and that have arrived, and those that are still to come.
   */
  get smallSent(): number {
    return this._entries.smallSent;
  }

  get smallLeft(): number {
    return this._entries.smallLeft;
  }

  /**
   * Bytes of large files in flight, as far as the browser has handed them on.
   */
  get sendingBytes(): number {
    return this._requests.sendingBytes;
  }

  /**
   * The first of those that failed.
   */
  get failures(): IFileState[] {
    return this._entries.failures;
  }

  /**
   * Large files that are under way, and the number of small ones.
   */
  get underWay(): { large: IFileState[]; small: number } {
    return { large: this._large.underWay, small: this._small.sending };
  }

  /**
   * Whether the server keeps parts for it under an id.
   */
  isSending(session: string): boolean {
    return this._sessions.has(session);
  }

  next(): Task | null {
    if (this._isPaused || this._requests.isCancelled) {
      return null;
    }
    return (
      this._large.nextEnd() ??
      // Small files do not wait for the end of large ones.
      (this._small.batches === 0 ? this._small.next() : null) ??
      this._large.nextPart() ??
      this._small.next() ??
      this._large.nextBegin()
    );
  }

  /**
   * Send nothing more until `resume`. What is in flight has a while to end.
   */
  pause(problem: IProblem | null = null): void {
    this.problem = problem;
    this._isPaused = true;
    this._requests.drain();
    this._options.changed();
  }

  resume(): void {
    this.problem = null;
    this._isPaused = false;
    this._requests.keep();
    this._entries.goesWell();
    this._options.changed();
    this._options.wake();
  }

  /**
   * Give up. What has arrived stays, except for parts of files: these are taken back at once.
   */
  cancel(): void {
    this._requests.cancel();
    this._sessions.removeAll();
    this._options.changed();
  }

  /**
   * Resolves once what was under way when it was cancelled is taken back.
   */
  get removed(): Promise<unknown> {
    return this._sessions.removed;
  }

  /**
   * Send again what failed.
   *
   * @param replace - Whether what lies there by now may be replaced.
   */
  retry(replace: boolean): void {
    this._entries.retry(replace);
    this.resume();
  }

  private readonly _entries: Entries;
  private _isPaused = false;
  private readonly _large: LargeFiles;
  private readonly _requests: Requests;
  private readonly _sessions: Sessions;
  private readonly _small: SmallFiles;
}
