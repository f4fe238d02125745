import { Signal } from '@lumino/signaling';
import type { ISignal } from '@lumino/signaling';

import { isAbort, isUnderWay, toProblem } from './api';
import type { IBrowserApi } from './api';
import { idOf, locationOf } from './nodes';
import type { ILocation } from './nodes';
import { isOwn } from './rights';
import type {
  IEndpoint,
  IHealth,
  IJob,
  IJobRequest,
  IProblem,
  IScratchLocation,
  ISnippet,
  ITransferred,
  IUsage
} from './wire';

/**
 * Objects up to which a place is counted again by itself after something in it has changed: so many hundred requests.
 */
const RECOUNT_OBJECTS = 50_000;

/**
 * Places of which the count is remembered.
 */
const PLACES_KEPT = 100;

/**
 * Jobs of which it is remembered that they have ended: as many as the server itself remembers, and those of a while.
 */
const ENDS_KEPT = 200;

/**
 * What is known of the weight of a place.
 */
export interface IPlaceState {
  /**
   * The last count, null before the first.
   */
  readonly usage: IUsage | null;
  /**
   * Whether it is being counted now.
   */
  readonly isCounting: boolean;
  /**
   * The count under way, null until the server has said that it began.
   */
  readonly job: IJob | null;
  /**
   * Why the last attempt failed.
   */
  readonly problem: IProblem | null;
  readonly wasCancelled: boolean;
  /**
   * Whether what was deleted since is left out of `usage`, though it was not counted again.
   */
  readonly isAdjusted: boolean;
}

const UNKNOWN: IPlaceState = {
  usage: null,
  isCounting: false,
  job: null,
  problem: null,
  wasCancelled: false,
  isAdjusted: false
};

/**
 * Where the user's scratch lies, what places weigh, and the jobs under way. No DOM.
 */
export class UsageModel {
  constructor(private readonly _api: IBrowserApi) {}

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /**
   * Emitted when a copy or a deletion is over, however it ended. Once for each.
   */
  get ended(): ISignal<this, IJob> {
    return this._ended;
  }

  /**
   * Grows with every change.
   */
  get version(): number {
    return this._version;
  }

  // --- Scratch ---

  get status(): 'idle' | 'loading' | 'ready' | 'error' {
    return this._status;
  }

  /**
   * Why it could not be found out where the scratch lies.
   */
  get problem(): IProblem | null {
    return this._problem;
  }

  /**
   * The user's own first.
   */
  get locations(): readonly IScratchLocation[] {
    return this._locations;
  }

  /**
   * What the user should know of the configuration.
   */
  get remarks(): readonly IHealth[] {
    return this._remarks;
  }

  /**
   * Endpoints to keep things of a scratch on, those of its own service first; none for what lies elsewhere.
   */
  keepPlacesOf(place: ILocation): readonly IEndpoint[] {
    const ids = this.scratchOf(place)?.keep ?? [];
    return ids.flatMap(id => this._endpoints.get(id) ?? []);
  }

  /**
   * Size from which on copying is better left to a cluster.
   */
  get clusterBytes(): number {
    return this._clusterBytes;
  }

  endpoint(id: string): IEndpoint | null {
    return this._endpoints.get(id) ?? null;
  }

  /**
   * The scratch in which a place lies, null where it lies in none.
   */
  scratchOf(place: ILocation): IScratchLocation | null {
    return (
      this._locations.find(
        ({ endpoint, key }) =>
          endpoint === place.endpoint && place.key.startsWith(key)
      ) ?? null
    );
  }

  /**
   * Whether what lies at a key may be changed.
   */
  isWritable({ endpoint, key }: ILocation): boolean {
    const info = this._endpoints.get(endpoint);
    return info !== undefined && isOwn(info, key);
  }

  /**
   * Ask where the scratch lies and which jobs are under way. Counts nothing. Repeats join the request under way.
   */
  load(): Promise<void> {
    this._loading ??= this._load().finally(() => {
      this._loading = null;
    });
    return this._loading;
  }

  // --- Places ---

  place(place: ILocation): IPlaceState {
    return this._places.get(idOf(place)) ?? UNKNOWN;
  }

  /**
   * Fetch the last count of a place where the server remembers one that this page has not seen.
   */
  async recall(place: ILocation): Promise<void> {
    const id = this._counts.get(idOf(place));
    if (id === undefined) {
      return;
    }
    this._counts.delete(idOf(place));
    try {
      const { result } = await this._api.job(id, this._abort.signal);
      this._learn(isUsage(result) ? result : null);
    } catch {
      // The server has forgotten it meanwhile; it can be counted again.
    }
  }

  /**
   * Count a place, unless a count of it is known or under way.
   */
  async look(place: ILocation): Promise<void> {
    await this.recall(place);
    const { usage, isCounting } = this.place(place);
    if (!usage && !isCounting) {
      await this.count(place);
    }
  }

  /**
   * Count all below a place. What was known of it stays until the end.
   */
  async count(place: ILocation): Promise<void> {
    const location = { endpoint: place.endpoint, key: place.key };
    if (this.place(location).isCounting) {
      return;
    }
    this._set(location, {
      isCounting: true,
      job: null,
      problem: null,
      wasCancelled: false
    });
    try {
      const job = await this._api.startJob(
        { kind: 'usage', ...location },
        this._abort.signal
      );
      await this._follow(job);
    } catch (error) {
      this._failed(location, error);
    }
  }

  // --- Jobs ---

  /**
   * Copies and deletions under way, the latest first.
   */
  get transfers(): readonly IJob[] {
    return [...this._transfers.values()].reverse();
  }

  /**
   * Copy or delete. Resolves once the server has taken it on; `ended` tells of its end.
   *
   * @throws ApiError where the server refuses.
   */
  async start(request: IJobRequest): Promise<void> {
    const job = await this._api.startJob(request, this._abort.signal);
    void this._follow(job);
  }

  /**
   * @throws ApiError where the server refuses.
   */
  async cancel(job: IJob): Promise<void> {
    this._took(await this._api.cancelJob(job.id, this._abort.signal));
  }

  /**
   * Code that copies a container on a cluster, null where there is none.
   */
  async copySnippet(
    location: ILocation,
    target: ILocation
  ): Promise<ISnippet | null> {
    const { signal } = this._abort;
    const found = await this._api.copySnippets(location, target, signal);
    return found.snippets[0] ?? null;
  }

  /**
   * Code that deletes a container on a cluster, null where there is none.
   */
  async deleteSnippet(location: ILocation): Promise<ISnippet | null> {
    const { signal } = this._abort;
    const found = await this._api.deleteSnippets(location, signal);
    return found.snippets[0] ?? null;
  }

  dispose(): void {
    this._abort.abort();
    Signal.clearData(this);
  }

  // --- Private ---

  private async _load(): Promise<void> {
    const { signal } = this._abort;
    this._status = this._status === 'ready' ? 'ready' : 'loading';
    this._touch();
    try {
      const [scratch, endpoints, { jobs }] = await Promise.all([
        this._api.scratch(signal),
        this._api.endpoints(signal),
        this._api.jobs(signal)
      ]);
      this._locations = scratch.locations;
      this._remarks = scratch.remarks;
      this._clusterBytes = scratch.clusterBytes;
      this._endpoints = new Map(
        endpoints.endpoints.map(each => [each.id, each])
      );
      for (const { usage } of scratch.locations) {
        this._learn(usage);
      }
      this._counts.clear();
      for (const job of jobs) {
        if (isUnderWay(job)) {
          void this._follow(job);
        } else if (job.kind === 'usage' && job.state === 'done') {
          this._listCount(job);
        }
      }
      this._problem = null;
      this._status = 'ready';
    } catch (error) {
      if (isAbort(error)) {
        return;
      }
      this._problem = toProblem(error);
      this._status = 'error';
    }
    this._touch();
  }

  /**
   * Take what a job says until it ends.
   */
  private async _follow(job: IJob): Promise<void> {
    // A list, and the answer to what began it, may be older than its end.
    if (this._watched.has(job.id) || this._ends.has(job.id)) {
      return;
    }
    this._watched.add(job.id);
    this._took(job);
    try {
      const last = isUnderWay(job)
        ? await this._api.watchJob(
            job.id,
            each => this._took(each),
            this._abort.signal
          )
        : job;
      this._took(last);
    } catch (error) {
      if (isAbort(error)) {
        return;
      }
      const lost = toProblem(error);
      this._took({ ...this._lastOf(job), state: 'failed', error: lost });
    }
  }

  private _lastOf(job: IJob): IJob {
    return this._transfers.get(job.id) ?? this.place(job).job ?? job;
  }

  private _took(job: IJob): void {
    if (!this._watched.has(job.id)) {
      return; // it was known to have ended
    }
    if (!isUnderWay(job)) {
      this._watched.delete(job.id);
      this._ends.add(job.id);
      const [oldest] = this._ends;
      if (oldest !== undefined && this._ends.size > ENDS_KEPT) {
        this._ends.delete(oldest);
      }
    }
    if (job.kind === 'usage') {
      this._tookCount(job);
      return;
    }
    if (isUnderWay(job)) {
      this._transfers.set(job.id, job);
      this._touch();
      return;
    }
    this._transfers.delete(job.id);
    this._changedBy(job);
    this._touch();
    this._ended.emit(job);
  }

  private _tookCount(job: IJob): void {
    const place = { endpoint: job.endpoint, key: job.key };
    if (isUnderWay(job)) {
      this._set(place, {
        isCounting: true,
        job,
        problem: null,
        wasCancelled: false
      });
      return;
    }
    const idle = { isCounting: false, job: null };
    if (job.state === 'done' && isUsage(job.result)) {
      this._set(place, { ...idle, usage: job.result, isAdjusted: false });
    } else {
      this._set(place, {
        ...idle,
        problem: job.error,
        wasCancelled: job.state === 'cancelled'
      });
    }
  }

  private _failed(place: ILocation, error: unknown): void {
    if (!isAbort(error)) {
      this._set(place, {
        isCounting: false,
        job: null,
        problem: toProblem(error)
      });
    }
  }

  /**
   * Note a count that another page has made. Newer ones come first.
   */
  private _listCount(job: IJob): void {
    const id = idOf(job);
    const known = this.place(job).usage;
    // Its result says when it began, too, and may be a moment later.
    if (!this._ends.has(job.id) && !(known && known.asOf >= job.startedAt)) {
      this._counts.set(id, this._counts.get(id) ?? job.id);
    }
  }

  private _learn(usage: IUsage | null): void {
    const known = usage && this.place(usage).usage;
    if (usage && (!known || known.asOf < usage.asOf)) {
      this._set(usage, { usage, isAdjusted: false });
    }
  }

  private _set(place: ILocation, change: Partial<IPlaceState>): void {
    const id = idOf(place);
    const state = { ...this.place(place), ...change };
    // The last one that was changed comes last.
    this._places.delete(id);
    this._places.set(id, state);
    for (const [each, { isCounting }] of this._places) {
      if (this._places.size <= PLACES_KEPT) {
        break;
      }
      if (!isCounting && each !== id) {
        this._places.delete(each);
      }
    }
    this._touch();
  }

  /**
   * Bring what is known in step with what a copy or a deletion has done.
   */
  private _changedBy(job: IJob): void {
    const { request, result } = job;
    const isDone = job.state === 'done' && result !== null && !isUsage(result);
    const isGone = takesAway(job);
    const changed: ILocation[] = isGone || job.kind === 'renew' ? [job] : [];
    if (job.kind === 'copy') {
      changed.push(
        isDone
          ? result
          : {
              endpoint: request.toEndpoint ?? job.endpoint,
              key: request.toKey ?? ''
            }
      );
    }
    for (const id of [...this._places.keys()]) {
      const place = locationOf(id);
      const { usage } = this.place(place);
      if (!usage || !changed.some(each => lies(each, place))) {
        continue;
      }
      if (isDone && isGone && lies(place, job)) {
        this._places.delete(id);
        continue;
      }
      if (isDone && isGone && lies(job, place)) {
        const less = withoutKey(usage, job.key, result);
        this._set(place, { usage: less, isAdjusted: true });
      }
      if (usage.objects <= RECOUNT_OBJECTS) {
        void this.count(place);
      }
    }
  }

  private _touch(): void {
    this._version++;
    this._changed.emit();
  }

  private readonly _abort = new AbortController();
  private _clusterBytes = Infinity;
  private readonly _changed = new Signal<this, void>(this);
  private readonly _counts = new Map<string, string>();
  private readonly _ended = new Signal<this, IJob>(this);
  private readonly _ends = new Set<string>();
  private _endpoints: ReadonlyMap<string, IEndpoint> = new Map();
  private _loading: Promise<void> | null = null;
  private _locations: readonly IScratchLocation[] = [];
  private readonly _places = new Map<string, IPlaceState>();
  private _problem: IProblem | null = null;
  private _remarks: readonly IHealth[] = [];
  private _status: 'idle' | 'loading' | 'ready' | 'error' = 'idle';
  private readonly _transfers = new Map<string, IJob>();
  private _version = 0;
  private readonly _watched = new Set<string>();
}

export function isUsage(
  result: IUsage | ITransferred | null
): result is IUsage {
  return result !== null && 'rows' in result;
}

/**
 * Whether a job deletes what it works on.
 */
export function takesAway({ kind, request }: IJob): boolean {
  return (
    kind === 'delete' || (kind === 'copy' && request.deleteSource === true)
  );
}

/**
 * Whether something is, or lies in, a container.
 */
function lies(inner: ILocation, container: ILocation): boolean {
  return (
    inner.endpoint === container.endpoint && inner.key.startsWith(container.key)
  );
}

/**
 * A count without what was deleted at a key: of a child, or of something deeper down.
 */
export function withoutKey(
  usage: IUsage,
  key: string,
  gone: { readonly objects: number; readonly bytes: number }
): IUsage {
  const row = usage.rows.find(
    each =>
      each.key === key || (each.key.endsWith('/') && key.startsWith(each.key))
  );
  const isWhole = row?.key === key;
  const rows = isWhole
    ? usage.rows.filter(each => each !== row)
    : usage.rows.map(each =>
        each === row
          ? {
              ...each,
              objects: less(each.objects, gone.objects),
              bytes: less(each.bytes, gone.bytes)
            }
          : each
      );
  return {
    ...usage,
    rows,
    objects: less(usage.objects, gone.objects),
    bytes: less(usage.bytes, gone.bytes),
    expiringObjects: less(
      usage.expiringObjects,
      isWhole ? row.expiringObjects : 0
    ),
    expiringBytes: less(usage.expiringBytes, isWhole ? row.expiringBytes : 0)
  };
}

function less(all: number, part: number): number {
  return Math.max(0, all - part);
}
