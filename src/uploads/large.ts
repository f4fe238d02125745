import type { IProblem, IUpload } from '../wire';
import type { IUploadApi } from './client';
import { arrivedOf } from './conflicts';
import { crcOfBlob } from './crc32';
import type { Entries, Entry, IFileState } from './entries';
import { problemOf, reading } from './failures';
import type { Task } from './queue';
import { TRIES, throwIfAborted } from './requests';
import type { Requests } from './requests';
import type { Sessions } from './sessions';

/**
 * Times that a file is begun anew because its session is gone.
 */
const SESSIONS = 5;

/**
 * Files that are under way at a time.
 */
const OPEN_FILES = 4;

/**
 * Bytes per second below which a line is slow, and very slow. On such a line, an interruption costs what was sent of all
 * parts in flight: then these are few.
 */
const SLOW = 1024 * 1024;
const VERY_SLOW = SLOW / 4;

/**
 * A file that is sent in parts.
 */
class Large {
  constructor(readonly entry: Entry) {}

  done = new Set<number>();
  doneBytes = 0;
  pending: number[] = [];
  sending = 0;
  /**
   * Bytes in flight, as far as the browser has handed them on.
   */
  sendingBytes = 0;
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

export interface ILargeOptions {
  readonly api: IUploadApi;
  readonly endpoint: string;
  readonly entries: Entries;
  readonly requests: Requests;
  readonly sessions: Sessions;
}

/**
 * Sends large files in parts: a few files at a time, of each as many parts at a time as its store takes.
 */
export class LargeFiles {
  constructor(private readonly _options: ILargeOptions) {}

  get isEmpty(): boolean {
    return this._waiting.length === 0 && this._open.size === 0;
  }

  /**
   * Files that are under way.
   */
  get underWay(): IFileState[] {
    return [...this._open].map(({ entry, doneBytes, sendingBytes }) => ({
      key: entry.key,
      bytes: Math.min(entry.file.size, doneBytes + sendingBytes),
      sizeBytes: entry.file.size,
      problem: null
    }));
  }

  add(entry: Entry): void {
    this._waiting.push(new Large(entry));
  }

  nextBegin(): Task | null {
    const large = this._open.size < OPEN_FILES ? this._waiting.shift() : null;
    if (!large) {
      return null;
    }
    this._open.add(large);
    return () => this._begin(large);
  }

  nextPart(): Task | null {
    if (this._parts >= this._mostParts) {
      return null;
    }
    for (const large of this._open) {
      const { upload } = large;
      if (
        upload &&
        large.pending.length > 0 &&
        large.sending < Math.max(1, upload.parallel)
      ) {
        const number = large.pending.pop()!;
        large.sending++;
        this._parts++;
        return () => this._sendPart(large, upload, number);
      }
    }
    return null;
  }

  nextEnd(): Task | null {
    for (const large of this._open) {
      const { upload } = large;
      if (upload && large.sending === 0 && large.done.size === large.parts) {
        large.sending++;
        return () => this._end(large, upload);
      }
    }
    return null;
  }

  // --- Beginning ---

  private async _begin(large: Large): Promise<void> {
    const { entry } = large;
    const { key, file } = entry;
    const { api, endpoint, requests, sessions } = this._options;
    large.sending++;
    entry.state = 'sending';
    await requests.guard(
      async signal => {
        large.forget();
        // Not given up with the rest: whoever cancels must know the session to remove it.
        const upload = await api.beginUpload(
          {
            endpoint,
            key,
            sizeBytes: file.size,
            modifiedMs: file.lastModified,
            mediaType: file.type,
            replace: entry.replace
          },
          new AbortController().signal
        );
        if (requests.isCancelled) {
          await sessions.remove(upload.id);
          return;
        }
        large.upload = upload;
        sessions.add(upload.id, { endpoint, key });
        await this._compare(large, signal);
      },
      {
        again: error => this._again(large, error),
        back: () => this._back(large),
        fail: async (problem, signal) => {
          if (problem.code === 'exists' && entry.isInDoubt) {
            await this._arrivedOrFailed(large, problem, signal);
          } else {
            this._fail(large, problem);
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
    const { api, entries, requests } = this._options;
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
        entries.doneBytes += part.size;
        requests.changed();
        continue;
      }
      if (sum !== undefined && upload.parallel <= 1) {
        // Parts come in order: one in the middle cannot be sent again.
        await api.removeUpload(upload.id, signal);
        this._beginAnew(large);
        return;
      }
      large.pending.push(number);
    }
    // Taken from the end.
    large.pending.reverse();
  }

  // --- Parts ---

  private async _sendPart(
    large: Large,
    upload: IUpload,
    number: number
  ): Promise<void> {
    const { api, entries, requests } = this._options;
    const isStill = () => large.upload === upload;
    let loaded = 0;
    const back = () => {
      if (isStill()) {
        large.pending.push(number);
      }
    };
    await requests.guard(
      async (signal, sent) => {
        const part = large.slice(number);
        const sum = await reading(crcOfBlob(part));
        throwIfAborted(signal);
        const begin = Date.now();
        const beside = this._parts;
        await api.sendPart(
          upload.id,
          number,
          sum,
          part,
          bytes => {
            large.sendingBytes += bytes - loaded;
            loaded = bytes;
            sent(bytes);
          },
          signal
        );
        this._measure(part.size, Math.max(beside, this._parts), begin);
        if (isStill()) {
          entries.goesWell();
          large.done.add(number);
          large.doneBytes += part.size;
          entries.doneBytes += part.size;
          entries.sentBytes += part.size;
        }
      },
      {
        again: error => {
          const tries = (large.tries.get(number) ?? 0) + 1;
          large.tries.set(number, tries);
          if (tries > TRIES && isStill()) {
            this._fail(large, problemOf(error));
          } else {
            requests.later(tries - 1, problemOf(error), back);
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
            this._fail(large, problem);
          }
        }
      }
    );
    large.sending--;
    large.sendingBytes -= loaded;
    this._parts--;
  }

  /**
   * Parts in flight at most: few until something is known of the line, and as long as it is slow.
   */
  private get _mostParts(): number {
    const { _speed: speed } = this;
    return speed !== null && speed < VERY_SLOW
      ? 1
      : speed === null || speed < SLOW
        ? 2
        : Infinity;
  }

  private _measure(bytes: number, beside: number, begin: number): void {
    const seconds = Math.max(1, Date.now() - begin) / 1000;
    const speed = (bytes * beside) / seconds;
    this._speed = this._speed === null ? speed : (this._speed + speed) / 2;
  }

  // --- The end ---

  private async _end(large: Large, upload: IUpload): Promise<void> {
    const { api, requests } = this._options;
    await requests.guard(
      async signal => {
        await api.completeUpload(upload.id, signal);
        this._arrived(large);
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
            this._fail(large, problem);
          } else {
            // Until then, it counts as under way.
            large.sending++;
            requests.later(tries - 1, problem, () => {
              large.sending--;
            });
          }
        },
        back: () => undefined,
        fail: (problem, signal) =>
          problem.code === 'not_found'
            ? // It ended, and nobody heard of it, or it was given up.
              this._arrivedOrAnew(large, problem, signal)
            : this._fail(large, problem)
      }
    );
    large.sending--;
  }

  private _arrived(large: Large): void {
    const { entries, sessions } = this._options;
    if (large.upload) {
      sessions.forget(large.upload.id);
    }
    this._open.delete(large);
    entries.arrived(large.entry, 0);
  }

  private async _isThere(
    { entry }: Large,
    signal: AbortSignal
  ): Promise<boolean> {
    const { api, endpoint } = this._options;
    const there = await arrivedOf(endpoint, [entry], api, signal);
    return there.has(entry.key);
  }

  private async _arrivedOrAnew(
    large: Large,
    problem: IProblem,
    signal: AbortSignal
  ): Promise<void> {
    if (await this._isThere(large, signal)) {
      this._arrived(large);
    } else {
      this._beginAnew(large, problem);
    }
  }

  private async _arrivedOrFailed(
    large: Large,
    problem: IProblem,
    signal: AbortSignal
  ): Promise<void> {
    if (await this._isThere(large, signal)) {
      this._options.entries.doneBytes += large.entry.file.size;
      this._arrived(large);
    } else {
      this._fail(large, problem);
    }
  }

  // --- Failures ---

  /**
   * The session is gone: send the file again from its beginning.
   */
  private _beginAnew(large: Large, problem: IProblem | null = null): void {
    const { entries, sessions } = this._options;
    if (large.upload) {
      sessions.forget(large.upload.id);
    }
    this._takeBack(large);
    large.sessions++;
    large.entry.isInDoubt = true;
    this._open.delete(large);
    if (large.sessions > SESSIONS && problem) {
      entries.fail(large.entry, problem);
    } else {
      this._waiting.unshift(large);
    }
  }

  private _again(large: Large, error: unknown): void {
    const problem = problemOf(error);
    large.entry.tries++;
    if (large.entry.tries > TRIES) {
      this._fail(large, problem);
      return;
    }
    this._takeBack(large);
    this._open.delete(large);
    this._options.requests.later(large.entry.tries - 1, problem, () =>
      this._waiting.unshift(large)
    );
  }

  private _back(large: Large): void {
    this._takeBack(large);
    large.entry.isInDoubt = true;
    this._open.delete(large);
    this._waiting.unshift(large);
  }

  private _fail(large: Large, problem: IProblem): void {
    this._takeBack(large);
    this._open.delete(large);
    this._options.entries.fail(large.entry, problem);
  }

  /**
   * What was counted of a file does not count any more.
   */
  private _takeBack(large: Large): void {
    this._options.entries.doneBytes -= large.doneBytes;
    large.doneBytes = 0;
    large.forget();
  }

  private readonly _open = new Set<Large>();
  private _parts = 0;
  private _speed: number | null = null;
  private readonly _waiting: Large[] = [];
}
