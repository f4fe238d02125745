import { Signal } from '@lumino/signaling';
import type { ISignal } from '@lumino/signaling';

import { isAbort } from '../api';
import { nameOfKey } from '../nodes';
import type { ILocation } from '../nodes';
import type { IJob, IJobRequest, IProblem } from '../wire';
import type { IUploadApi } from './client';
import { freeNames, meet } from './conflicts';
import type { IMet } from './conflicts';
import type { IDropped } from './dropped';
import { problemOf } from './failures';
import { Meter } from './meter';
import { planOf, topsOf } from './plan';
import type { IPlan } from './plan';
import { UploadQueue } from './queue';
import { UploadRun } from './run';
import type { ISessionNotes } from './sessions';

/**
 * Milliseconds between two changes that are told while bytes go.
 */
const TOLD_MS = 250;

/**
 * Milliseconds after which speed and time left are looked at again although nothing was heard.
 */
const LOOK_MS = 1000;

/**
 * What a drop is at: its files are read, it is looked up what lies there, somebody is asked about it, what is to be
 * replaced is deleted, files are sent; it was paused, is done, has failed in part or altogether, or was cancelled.
 */
export type DropState =
  | 'reading'
  | 'checking'
  | 'asking'
  | 'clearing'
  | 'sending'
  | 'paused'
  | 'done'
  | 'failed'
  | 'cancelled';

/**
 * What to do about what lies there already.
 */
export type Answer = 'skip' | 'replace' | 'keep' | 'cancel';

/**
 * What is asked once for a whole drop.
 */
export interface IQuestion {
  readonly endpoint: string;
  readonly container: string;
  /**
   * Keys of files that would be replaced, and of stores that would be deleted first.
   */
  readonly files: readonly string[];
  readonly stores: readonly string[];
  readonly totalFiles: number;
}

/**
 * What a store holds that would be replaced, as the user was shown it.
 */
export interface IReplaced {
  readonly key: string;
  readonly objects: number;
}

export interface IAnswer {
  readonly answer: Answer;
  /**
   * For `replace`: the stores, as they were counted.
   */
  readonly stores: readonly IReplaced[];
}

export interface IUploadsOptions {
  api: IUploadApi;
  /**
   * Told of large files that are begun, and of those that are over.
   */
  notes?: ISessionNotes;
  /**
   * Ask what to do about what lies there already.
   */
  ask(question: IQuestion, signal: AbortSignal): Promise<IAnswer>;
  /**
   * Have a job done, to its end.
   */
  run(request: IJobRequest, signal: AbortSignal): Promise<IJob>;
  /**
   * Words for what goes wrong here and not at the server.
   */
  words: {
    readonly tooMany: string;
    readonly nothing: string;
    readonly unreadable: string;
    readonly jobFailed: string;
  };
}

/**
 * How far a drop has come.
 */
export interface IDropProgress {
  readonly files: number;
  readonly totalFiles: number;
  readonly bytes: number;
  readonly totalBytes: number;
  /**
   * Bytes per second, and seconds left; null where nothing can be said.
   */
  readonly speed: number | null;
  readonly leftS: number | null;
}

/**
 * Everything that was dropped at once.
 */
export class Drop {
  constructor(
    readonly id: number,
    readonly target: ILocation,
    readonly uri: string
  ) {}

  state: DropState = 'reading';
  problem: IProblem | null = null;
  /**
   * Names at the top, as they are written.
   */
  names: readonly string[] = [];
  plan: IPlan | null = null;
  run: UploadRun | null = null;
  readonly controller = new AbortController();
  /**
   * How fast bytes go, and small files.
   */
  readonly meter = new Meter();
  readonly fileMeter = new Meter();

  get isUnderWay(): boolean {
    return !['done', 'failed', 'cancelled'].includes(this.state);
  }

  /**
   * Key of the only thing that was dropped, where it is one; null for several.
   */
  get onlyKey(): string | null {
    const [name, ...others] = this.names;
    if (name === undefined || others.length > 0 || !this.plan) {
      return null;
    }
    const key = this.plan.container + name;
    const isFile = this.plan.groups.some(({ stages }) =>
      stages.some(files => files.some(file => file.key === key))
    );
    return isFile ? key : `${key}/`;
  }

  /**
   * Key of the only store that was dropped, where all of it is one.
   */
  get storeKey(): string | null {
    const groups = this.plan?.groups ?? [];
    return groups.length === 1 ? groups[0]!.store : null;
  }

  /**
   * Look how far it has come by now.
   */
  sample(): void {
    if (this.run) {
      this.meter.sample(this.run.sentBytes + this.run.sendingBytes);
      this.fileMeter.sample(this.run.smallSent);
    }
  }

  /**
   * Measure anew, after a pause.
   */
  resetMeters(): void {
    this.meter.reset();
    this.fileMeter.reset();
  }

  get progress(): IDropProgress {
    const { run } = this;
    const bytes = run ? run.doneBytes + run.sendingBytes : 0;
    const totalBytes = run?.totalBytes ?? this.plan?.bytes ?? 0;
    const isSending = this.state === 'sending';
    const speed = isSending ? this.meter.speed : null;
    const filesPerS = isSending ? this.fileMeter.speed : null;
    const left: number[] = [];
    if (speed) {
      left.push(Math.max(0, totalBytes - bytes) / speed);
    }
    if (run && filesPerS) {
      // Of small files, the number takes longer than the bytes.
      left.push(run.smallLeft / filesPerS);
    }
    return {
      files: run?.doneFiles ?? 0,
      totalFiles: run?.totalFiles ?? this.plan?.files ?? 0,
      bytes: Math.min(bytes, totalBytes),
      totalBytes,
      speed,
      leftS: left.length > 0 ? Math.max(...left) : null
    };
  }
}

/**
 * What is being uploaded, and what was. No DOM.
 */
export class Uploads {
  constructor(private readonly _options: IUploadsOptions) {
    this._queue = new UploadQueue(() => this._touch());
  }

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /**
   * Emitted when a drop is over, however it ended.
   */
  get ended(): ISignal<this, Drop> {
    return this._ended;
  }

  get version(): number {
    return this._version;
  }

  /**
   * The latest first.
   */
  get drops(): readonly Drop[] {
    return this._drops;
  }

  /**
   * Whether the server cannot be reached.
   */
  get isLost(): boolean {
    return this._queue.isLost;
  }

  /**
   * Share of all bytes under way that have arrived; null where nothing is under way.
   */
  get share(): number | null {
    const all = this._drops.filter(({ isUnderWay }) => isUnderWay);
    if (all.length === 0) {
      return null;
    }
    let bytes = 0;
    let totalBytes = 0;
    for (const { progress } of all) {
      bytes += progress.bytes;
      totalBytes += progress.totalBytes;
    }
    return totalBytes > 0 ? bytes / totalBytes : 0;
  }

  /**
   * Upload files into a container.
   */
  start(
    target: ILocation,
    uri: string,
    dropped: (signal: AbortSignal) => Promise<IDropped>
  ): Drop {
    const { endpoint, key } = target;
    const drop = new Drop(++this._made, { endpoint, key }, uri);
    this._drops = [drop, ...this._drops];
    this._tell();
    void this._go(drop, dropped);
    return drop;
  }

  pause(drop: Drop): void {
    if (drop.state === 'sending') {
      drop.run?.pause();
      this._tell();
    }
  }

  resume(drop: Drop): void {
    if (drop.state === 'paused') {
      drop.state = 'sending';
      drop.resetMeters();
      // What failed on the way to stopping by itself is tried again.
      if (drop.run?.problem) {
        drop.run.retry(false);
      } else {
        drop.run?.resume();
      }
      this._tell();
    }
  }

  /**
   * Send again what failed.
   *
   * @param replace - Whether what came to lie there meanwhile may be replaced.
   */
  retry(drop: Drop, replace: boolean): void {
    const { run } = drop;
    if (run && drop.state === 'failed') {
      drop.state = 'sending';
      drop.problem = null;
      drop.resetMeters();
      this._queue.add(run);
      run.retry(replace);
      this._tell();
      this._settle(drop);
    }
  }

  /**
   * Give up. Resolves once the store keeps no part of a file any more.
   */
  async cancel(drop: Drop): Promise<void> {
    if (!drop.isUnderWay) {
      return;
    }
    drop.controller.abort();
    drop.run?.cancel();
    this._end(drop, 'cancelled');
    await drop.run?.removed;
  }

  /**
   * Take drops that are over out of the list.
   */
  dismiss(drops: readonly Drop[]): void {
    this._drops = this._drops.filter(
      each => each.isUnderWay || !drops.includes(each)
    );
    this._tell();
  }

  dispose(): void {
    for (const drop of this._drops) {
      drop.controller.abort();
    }
    clearTimeout(this._telling);
    clearInterval(this._looking);
    window.removeEventListener('beforeunload', onBeforeUnload);
    this._queue.dispose();
    Signal.clearData(this);
  }

  private async _go(
    drop: Drop,
    read: (signal: AbortSignal) => Promise<IDropped>
  ): Promise<void> {
    const { api, words } = this._options;
    const { signal } = drop.controller;
    const enter = (state: DropState) => {
      if (signal.aborted) {
        throw new DOMException('Aborted', 'AbortError');
      }
      drop.state = state;
      this._tell();
    };
    try {
      const dropped = await read(signal);
      const { files } = dropped;
      if (dropped.isTooMany) {
        throw new Error(words.tooMany);
      }
      if (dropped.unreadable.length > 0) {
        throw new Error(
          `${words.unreadable} ${dropped.unreadable.slice(0, 5).join(', ')}`
        );
      }
      if (files.length === 0) {
        throw new Error(words.nothing);
      }
      drop.names = topsOf(files);
      let plan = planOf(files, drop.target);
      drop.plan = plan;
      enter('checking');
      const met = await meet(plan, api, signal);
      const skipped = new Set<string>();
      const replaced = new Set<string>();
      if (met.files.length > 0 || met.stores.length > 0) {
        enter('asking');
        const { answer, stores } = await this._ask(plan, met, signal);
        switch (answer) {
          case 'cancel':
            void this.cancel(drop);
            return;
          case 'skip':
            for (const { key } of met.files) {
              skipped.add(key);
            }
            for (const { key } of met.stores.flatMap(each =>
              each.stages.flat()
            )) {
              skipped.add(key);
            }
            break;
          case 'replace':
            for (const { key } of met.files) {
              replaced.add(key);
            }
            enter('clearing');
            await this._clear(plan.endpoint, stores, signal);
            break;
          case 'keep': {
            enter('checking');
            const names = await freeNames(plan, files, met, api, signal);
            plan = planOf(files, drop.target, names);
            drop.names = drop.names.map(name => names.get(name) ?? name);
            drop.plan = plan;
            break;
          }
        }
      }
      enter('sending');
      drop.run = new UploadRun({
        api,
        plan,
        notes: this._options.notes,
        arrived: met.arrived,
        skipped,
        replaced,
        lost: () => this._queue.lost(),
        found: () => this._queue.found(),
        wake: () => this._queue.pump(),
        changed: () => this._moved(drop)
      });
      drop.sample();
      this._queue.add(drop.run);
      this._settle(drop);
    } catch (error) {
      if (!isAbort(error)) {
        drop.problem = problemOf(error);
        this._end(drop, 'failed');
      } else if (drop.isUnderWay) {
        this._end(drop, 'cancelled');
      }
    }
  }

  private _ask(plan: IPlan, met: IMet, signal: AbortSignal): Promise<IAnswer> {
    return this._options.ask(
      {
        endpoint: plan.endpoint,
        container: plan.container,
        files: met.files.map(({ key }) => key),
        stores: met.stores.map(({ store }) => store!),
        totalFiles: plan.files
      },
      signal
    );
  }

  /**
   * Delete stores that are replaced, so that no chunk of theirs is taken for one of the new ones.
   */
  private async _clear(
    endpoint: string,
    stores: readonly IReplaced[],
    signal: AbortSignal
  ): Promise<void> {
    for (const { key, objects } of stores) {
      const job = await this._options.run(
        { kind: 'delete', endpoint, key, maxObjects: objects },
        signal
      );
      if (job.state !== 'done') {
        throw new Error(
          `${nameOfKey(key)}: ${job.error?.message ?? this._options.words.jobFailed}`
        );
      }
    }
  }

  private _moved(drop: Drop): void {
    const { run } = drop;
    if (run) {
      drop.sample();
      this._settle(drop);
    }
    this._touch();
  }

  /**
   * Bring what a drop is at in step with what its run says.
   */
  private _settle(drop: Drop): void {
    const { run } = drop;
    if (!run || !drop.isUnderWay) {
      return;
    }
    if (run.isPaused) {
      drop.state = 'paused';
      drop.problem = run.problem;
    } else if (run.isOver) {
      this._end(drop, run.failedFiles > 0 ? 'failed' : 'done');
    } else {
      drop.state = 'sending';
      drop.problem = null;
    }
  }

  private _end(drop: Drop, state: 'done' | 'failed' | 'cancelled'): void {
    drop.state = state;
    if (drop.run) {
      this._queue.remove(drop.run);
    }
    this._tell();
    this._ended.emit(drop);
  }

  /**
   * Tell of a change soon.
   */
  private _touch(): void {
    this._telling ??= setTimeout(() => this._tell(), TOLD_MS);
  }

  private _tell(): void {
    clearTimeout(this._telling);
    this._telling = undefined;
    const isUnderWay = this._drops.some(drop => drop.isUnderWay);
    if (isUnderWay && this._looking === undefined) {
      this._looking = setInterval(() => this._look(), LOOK_MS);
      window.addEventListener('beforeunload', onBeforeUnload);
    } else if (!isUnderWay && this._looking !== undefined) {
      clearInterval(this._looking);
      this._looking = undefined;
      window.removeEventListener('beforeunload', onBeforeUnload);
    }
    this._version++;
    this._changed.emit();
  }

  private _look(): void {
    for (const drop of this._drops) {
      if (drop.state === 'sending') {
        drop.sample();
      }
    }
    this._tell();
  }

  private readonly _changed = new Signal<this, void>(this);
  private _drops: readonly Drop[] = [];
  private readonly _ended = new Signal<this, Drop>(this);
  private _looking: ReturnType<typeof setInterval> | undefined;
  private _made = 0;
  private readonly _queue: UploadQueue;
  private _telling: ReturnType<typeof setTimeout> | undefined;
  private _version = 0;
}

/**
 * The browser asks in words of its own.
 */
function onBeforeUnload(event: BeforeUnloadEvent): void {
  event.preventDefault();
  // Older browsers ask only where there is a text.
  event.returnValue = true;
}
