import { isAbort, toProblem } from './api';
import type { IBrowserApi } from './api';
import type { Expansion } from './expansion';
import type { IListing } from './flatten';
import type { KnownNodes } from './known';
import { containerOf, idOf, locationOf } from './nodes';
import type { ILocation } from './nodes';
import type { Restoring } from './restoring';
import type { IChildren, IProblem } from './wire';

/**
 * Why children are asked for: the container was opened (`first`), has more (`more`), is to be asked again past the
 * caches (`refresh`) or through them (`again`: it is opened anew, or filtered by another prefix).
 */
type LoadMode = 'first' | 'more' | 'refresh' | 'again';

interface IPending {
  readonly mode: LoadMode;
  readonly controller: AbortController;
  readonly promise: Promise<void>;
}

const EMPTY_LISTING: IListing = {
  items: [],
  nextCursor: null,
  totalCount: null,
  problem: null,
  error: null,
  failed: null,
  isLoaded: false
};

/**
 * Pages that a refresh fetches again at most, one after the other; "Load more" brings the rest.
 */
const REFRESH_PAGES_MAX = 10;

/**
 * Milliseconds after which opening a container again asks the server again (which has its own cache).
 */
const LISTING_LIFE_MS = 30_000;

export interface IListingsOptions {
  api: IBrowserApi;
  expansion: Expansion;
  nodes: KnownNodes;
  restoring: Restoring;
  /**
   * Children in one page.
   */
  pageSize(): number;
  /**
   * Called when a request begins or ends.
   */
  changed(): void;
}

/**
 * The children of containers, page by page, with one request in flight for each container.
 */
export class Listings {
  constructor(private readonly _options: IListingsOptions) {}

  /**
   * Containers of which something is known.
   */
  get ids(): readonly string[] {
    return [...this._listings.keys()];
  }

  /**
   * Containers that are being asked for.
   */
  get loadingIds(): readonly string[] {
    return [...this._pending.keys()];
  }

  /**
   * Whether a container has pages that nobody loaded.
   */
  get hasMore(): boolean {
    return [...this._listings.values()].some(
      ({ nextCursor }) => nextCursor !== null
    );
  }

  get(id: string): IListing | undefined {
    return this._listings.get(id);
  }

  isLoading(id: string): boolean {
    return this._pending.has(id);
  }

  /**
   * Have the first page of a container, and not an old one.
   */
  open(id: string): Promise<void> {
    if (!this._listings.get(id)?.isLoaded) {
      return this.load(id, 'first');
    }
    const ageMs = Date.now() - (this._loadedAt.get(id) ?? 0);
    return ageMs > LISTING_LIFE_MS ? this.load(id, 'again') : Promise.resolve();
  }

  load(id: string, mode: LoadMode): Promise<void> {
    const pending = this._pending.get(id);
    if (pending) {
      if (mode !== 'refresh' || pending.mode === 'refresh') {
        return pending.promise;
      }
      pending.controller.abort();
    }
    const controller = new AbortController();
    const promise = this._fetch(id, mode, controller.signal).finally(() => {
      if (this._pending.get(id)?.controller === controller) {
        this._pending.delete(id);
        this._options.changed();
      }
    });
    this._pending.set(id, { mode, controller, promise });
    this._options.changed();
    return promise;
  }

  cancel(id: string): void {
    const pending = this._pending.get(id);
    if (pending) {
      this._pending.delete(id);
      pending.controller.abort();
    }
  }

  /**
   * Forget the children of a container and all below.
   */
  drop(id: string): void {
    const dropped = [id];
    for (let next = dropped.pop(); next !== undefined; next = dropped.pop()) {
      const listing = this._listings.get(next);
      this.cancel(next);
      this._listings.delete(next);
      this._loadedAt.delete(next);
      for (const child of listing?.items ?? []) {
        if (this._listings.has(child)) {
          dropped.push(child);
        }
        this._options.nodes.delete(child);
      }
    }
  }

  /**
   * Children that are shown although no listing names them.
   */
  pins(id: string): readonly string[] {
    return this._pins.get(id) ?? [];
  }

  /**
   * The pins of all containers.
   */
  get allPins(): readonly string[] {
    return [...this._pins.values()].flat();
  }

  /**
   * Show something in its container, whatever it turns out to be.
   */
  pin(location: ILocation, uri: string): void {
    const id = idOf(location);
    const parent = containerOf(location);
    if (!parent) {
      return;
    }
    this._options.nodes.place(location, uri);
    const container = idOf(parent);
    const pins = this.pins(container);
    if (!pins.includes(id)) {
      this._pins.set(container, [...pins, id]);
    }
  }

  /**
   * Returns whether it was pinned.
   */
  unpin(id: string): boolean {
    for (const [container, pins] of this._pins) {
      if (pins.includes(id)) {
        this._pins.set(
          container,
          pins.filter(pin => pin !== id)
        );
        return true;
      }
    }
    return false;
  }

  dispose(): void {
    for (const { controller } of this._pending.values()) {
      controller.abort();
    }
  }

  private async _fetch(
    id: string,
    mode: LoadMode,
    signal: AbortSignal
  ): Promise<void> {
    const { api, expansion, nodes, restoring, pageSize, changed } =
      this._options;
    const before = this._listings.get(id) ?? EMPTY_LISTING;
    const isMore = mode === 'more';
    const isRefresh = mode === 'refresh';
    const wanted = isRefresh ? before.items.length : 0;
    const prefix = expansion.prefix(id) ?? undefined;
    const items: string[] = isMore ? [...before.items] : [];
    const known = new Set(items);
    let cursor = isMore ? before.nextCursor : null;
    let page: IChildren;
    try {
      let pages = 0;
      do {
        page = await api.children(
          locationOf(id),
          {
            cursor: cursor ?? undefined,
            limit: pageSize(),
            prefix,
            refresh: isRefresh
          },
          signal
        );
        if (signal.aborted) {
          return;
        }
        for (const node of page.items) {
          const child = idOf(node);
          if (!known.has(child)) {
            known.add(child);
            items.push(child);
          }
          nodes.learn(child, node, isRefresh);
        }
        if (page.parent) {
          nodes.learn(id, page.parent);
        }
        cursor = page.nextCursor;
        pages++;
      } while (
        cursor !== null &&
        items.length < wanted &&
        pages < REFRESH_PAGES_MAX
      );
    } catch (error) {
      if (!isAbort(error) && !signal.aborted) {
        this._failed(id, mode, toProblem(error));
      }
      return;
    }
    this._listings.set(id, {
      items,
      nextCursor: page.nextCursor,
      totalCount: page.totalCount,
      problem: page.problem,
      error: null,
      failed: null,
      isLoaded: true
    });
    this._loadedAt.set(id, Date.now());
    this._pins.set(
      id,
      this.pins(id).filter(pin => !known.has(pin))
    );
    if (!isMore && page.nextCursor === null && prefix === undefined) {
      for (const gone of before.items) {
        if (!known.has(gone)) {
          expansion.delete(gone);
          this.drop(gone);
        }
      }
    }
    nodes.setHealth(id, null);
    restoring.arrived(
      [...items, ...this.pins(id)],
      id,
      // A filtered page says nothing of what does not match.
      prefix === undefined && page.nextCursor === null
    );
    changed();
  }

  private _failed(id: string, mode: LoadMode, error: IProblem): void {
    const { nodes, restoring, changed } = this._options;
    this._listings.set(id, {
      ...(this._listings.get(id) ?? EMPTY_LISTING),
      error,
      failed: mode === 'again' ? 'refresh' : mode
    });
    nodes.setHealth(id, error);
    // What someone went to is there although this listing failed.
    restoring.arrived(this.pins(id), id);
    changed();
  }

  private readonly _listings = new Map<string, IListing>();
  private readonly _loadedAt = new Map<string, number>();
  private readonly _pending = new Map<string, IPending>();
  private readonly _pins = new Map<string, readonly string[]>();
}
