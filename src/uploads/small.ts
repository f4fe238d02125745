import type { IBatchFile, IProblem } from '../wire';
import type { IUploadApi } from './client';
import { arrivedOf } from './conflicts';
import { crc32 } from './crc32';
import type { Entries, Entry } from './entries';
import { problemOf, reading } from './failures';
import { Pace } from './pace';
import { SLOTS } from './queue';
import type { Task } from './queue';
import { TRIES, throwIfAborted } from './requests';
import type { Requests } from './requests';

/**
 * Bytes and files in one request: those of the first ones, then at least and at most.
 */
const BATCH_BYTES = {
  first: 1024 * 1024,
  least: 256 * 1024,
  most: 8 * 1024 * 1024
};
const BATCH_FILES = { first: 50, least: 1, most: 500 };

/**
 * Files that go together although others are free to take some of them: a request for a few is not worth while.
 */
const BATCH_LEAST_FILES = 50;

/**
 * Something came to lie there while files were under way.
 */
const TAKEN: IProblem = {
  code: 'exists',
  message: '',
  hint: '',
  retryable: false
};

export interface ISmallOptions {
  readonly api: IUploadApi;
  readonly endpoint: string;
  readonly entries: Entries;
  readonly requests: Requests;
}

/**
 * Sends small files, many in one request. Those that fail are sent again alone.
 */
export class SmallFiles {
  constructor(private readonly _options: ISmallOptions) {}

  get isEmpty(): boolean {
    return this._new.length === 0 && this._replacing.length === 0;
  }

  /**
   * Requests under way, and the files in them.
   */
  get batches(): number {
    return this._batches;
  }

  get sending(): number {
    return this._sending;
  }

  add(entry: Entry): void {
    (entry.replace ? this._replacing : this._new).push(entry);
  }

  next(): Task | null {
    const from = this._new.length > 0 ? this._new : this._replacing;
    if (from.length === 0) {
      return null;
    }
    const most = this._bytes.now;
    // As many requests as can be in flight share what waits.
    const mostFiles = Math.min(
      this._files.now,
      Math.max(BATCH_LEAST_FILES, Math.ceil(from.length / SLOTS))
    );
    const batch: Entry[] = [];
    let bytes = 0;
    for (
      let entry = from[from.length - 1];
      entry &&
      batch.length < mostFiles &&
      (batch.length === 0 || bytes + entry.file.size <= most);
      entry = from[from.length - 1]
    ) {
      from.pop();
      batch.push(entry);
      bytes += entry.file.size;
    }
    return () => this._send(batch);
  }

  private async _send(batch: readonly Entry[]): Promise<void> {
    const { api, endpoint, entries, requests } = this._options;
    const undone = () => batch.filter(({ state }) => state === 'sending');
    this._batches++;
    this._sending += batch.length;
    for (const entry of batch) {
      entry.state = 'sending';
    }
    await requests.guard(
      async (signal, sent) => {
        const { read, files, bodies } = await this._read(batch);
        if (read.length === 0) {
          return;
        }
        throwIfAborted(signal);
        const begin = Date.now();
        const { problems } = await api.sendBatch(
          { endpoint, files, replace: read[0]!.replace },
          bodies,
          sent,
          signal
        );
        const seconds = (Date.now() - begin) / 1000;
        this._files.took(read.length, seconds);
        this._bytes.took(sizeOf(read), seconds);
        const wrong = new Map(
          problems.map(({ key, problem }) => [key, problem])
        );
        const taken: Entry[] = [];
        for (const entry of read) {
          const problem = wrong.get(entry.key);
          if (!problem) {
            entries.arrived(entry, entry.file.size);
          } else if (problem.retryable) {
            this._again(entry, problem);
          } else if (problem.code === 'exists' && entry.isInDoubt) {
            taken.push(entry);
          } else {
            entries.fail(entry, problem);
          }
        }
        await this._settleTaken(taken, signal);
      },
      {
        again: error => {
          this._files.failed(batch.length);
          this._bytes.failed(sizeOf(batch));
          for (const entry of undone()) {
            this._again(entry, problemOf(error));
          }
        },
        back: wasSent => {
          if (wasSent) {
            this._files.failed(batch.length);
            this._bytes.failed(sizeOf(batch));
          }
          for (const entry of undone().reverse()) {
            entry.isInDoubt ||= wasSent;
            entries.ready(entry);
          }
        },
        fail: problem => {
          for (const entry of undone()) {
            entries.fail(entry, problem);
          }
        }
      },
      // They count once the answer is here: a socket takes thousands of them long before the store does.
      false
    );
    this._batches--;
    this._sending -= batch.length;
  }

  /**
   * Read files whole. Those that cannot be read fail alone.
   */
  private async _read(batch: readonly Entry[]): Promise<{
    read: Entry[];
    files: IBatchFile[];
    bodies: ArrayBuffer[];
  }> {
    const read: Entry[] = [];
    const files: IBatchFile[] = [];
    const bodies: ArrayBuffer[] = [];
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
        read.push(entry);
      } catch (error) {
        this._options.entries.fail(entry, problemOf(error));
      }
    }
    return { read, files, bodies };
  }

  /**
   * Send a file again after a while.
   */
  private _again(entry: Entry, problem: IProblem): void {
    const { entries, requests } = this._options;
    entry.tries++;
    if (entry.tries > TRIES) {
      entries.fail(entry, problem);
      return;
    }
    entry.state = 'waiting';
    entry.isInDoubt = true;
    requests.later(entry.tries - 1, problem, () => entries.ready(entry));
  }

  /**
   * Something lies where files were sent that nobody heard of: it may be them.
   */
  private async _settleTaken(
    taken: readonly Entry[],
    signal: AbortSignal
  ): Promise<void> {
    if (taken.length === 0) {
      return;
    }
    const { api, endpoint, entries } = this._options;
    const there = await arrivedOf(endpoint, taken, api, signal);
    for (const entry of taken) {
      if (there.has(entry.key)) {
        entries.arrived(entry, entry.file.size);
      } else {
        entries.fail(entry, TAKEN);
      }
    }
  }

  private _batches = 0;
  private readonly _bytes = new Pace(BATCH_BYTES);
  private readonly _files = new Pace(BATCH_FILES);
  private readonly _new: Entry[] = [];
  private readonly _replacing: Entry[] = [];
  private _sending = 0;
}

function sizeOf(batch: readonly Entry[]): number {
  return batch.reduce((sum, { file }) => sum + file.size, 0);
}
