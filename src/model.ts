import { Signal } from '@lumino/signaling';
import type { ISignal } from '@lumino/signaling';

import { isAbort, toProblem } from './api';
import type { IBrowserApi } from './api';
import { Limiter } from './limiter';
import {
  ancestorKeys,
  effectiveNode,
  endpointNode,
  idOf,
  isContainer,
  isUndecided,
  isZarr,
  locationOf,
  placeholder
} from './nodes';
import type { ILocation, TreeNode } from './nodes';
import { Recogniser } from './recognise';
import { flatten, rowId, settle } from './rows';
import type { ILayout, IListing, IRow, ITreeState, Rows } from './rows';
import type { ISavedTree } from './saved';
import type { IBrowserModel } from './tokens';
import type { IChildren, IEndpoint, INode, IProblem, ISnippet } from './wire';

/**
 * What `GET node` said.
 */
export interface IDetails {
  /**
   * Null until the first answer.
   */
  readonly node: INode | null;
  readonly problem: IProblem | null;
  readonly isLoading: boolean;
}

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

interface IActive {
  readonly row: IRow;
  readonly index: number;
  /**
   * Ids of the rows above it, innermost first.
   */
  readonly ancestors: readonly string[];
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
 * Requests at a time where nobody waits for a single one of them: restoring and refreshing many containers.
 */
const BACKGROUND_REQUESTS = 4;

/**
 * Pages that a refresh fetches again at most, one after the other; "Load more" brings the rest.
 */
const REFRESH_PAGES_MAX = 10;

/**
 * Milliseconds after which opening a container again asks the server again (which has its own cache).
 */
const LISTING_LIFE_MS = 30_000;

/**
 * Answers that are kept: details (they may carry large attributes) and snippets.
 */
const DETAILS_KEPT = 50;
const SNIPPETS_KEPT = 300;

/**
 * Nodes from which on collapsing a container forgets what was in it.
 */
const NODES_KEPT = 200_000;

/**
 * Endpoints and what is known below them: pages, what is expanded, what is active. No DOM.
 */
export class BrowserModel implements IBrowserModel, ITreeState {
  constructor(private readonly _api: IBrowserApi) {
    this._recogniser = new Recogniser({
      api: _api,
      node: id => this._nodes.get(id),
      found: nodes => this._recognised(nodes)
    });
  }

  /**
   * Children in one page.
   */
  pageSize = 1000;

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /**
   * Grows with every change.
   */
  get version(): number {
    return this._version;
  }

  // --- What there is ---

  get endpointIds(): readonly string[] {
    return this._endpointIds ?? [];
  }

  get endpointsStatus(): 'loading' | 'ready' | 'error' {
    return this._endpointIds
      ? 'ready'
      : this._endpointsProblem
        ? 'error'
        : 'loading';
  }

  /**
   * Why the endpoints could not be fetched the last time.
   */
  get endpointsProblem(): IProblem | null {
    return this._endpointsProblem;
  }

  get filter(): string {
    return this._filter;
  }

  node(id: string): TreeNode | undefined {
    return this._nodes.get(id);
  }

  find(location: ILocation): TreeNode | null {
    return this._nodes.get(idOf(location)) ?? null;
  }

  listing(id: string): IListing | undefined {
    return this._listings.get(id);
  }

  pins(id: string): readonly string[] {
    return this._pins.get(id) ?? [];
  }

  isExpanded(id: string): boolean {
    return this._expanded.has(id);
  }

  isShut(id: string): boolean {
    return this._shut.has(id);
  }

  prefix(id: string): string | null {
    return this._prefixes.get(id) ?? null;
  }

  /**
   * Containers that are filtered on the server.
   */
  get prefixIds(): readonly string[] {
    return [...this._prefixes.keys()];
  }

  isLoading(id: string): boolean {
    return this._pending.has(id);
  }

  /**
   * Whether anything is being refreshed.
   */
  get isRefreshing(): boolean {
    return this._refreshing > 0;
  }

  // --- Rows and the active one ---

  /**
   * Tell how wide the tree, how high a row and how wide a character is, for the height of messages.
   */
  setLayout(layout: ILayout): void {
    // Coarse, so that dragging the sidebar's edge does not compute the rows for every pixel.
    const widthPx = Math.round(layout.widthPx / 16) * 16;
    if (
      widthPx !== this._layout.widthPx ||
      layout.rowPx !== this._layout.rowPx ||
      layout.charPx !== this._layout.charPx
    ) {
      this._layout = { ...layout, widthPx };
      this._touch();
    }
  }

  get rows(): Rows {
    if (!this._rows || this._rowsVersion !== this._structure) {
      this._rows = flatten(this, this._layout);
      this._rowsVersion = this._structure;
    }
    return this._rows;
  }

  /**
   * Index of the active row, -1 where none is.
   */
  get activeIndex(): number {
    const active = this._active;
    return active
      ? settle(this.rows, active.row, active.index, active.ancestors)
      : -1;
  }

  get activeRow(): IRow | null {
    return this.rows.list[this.activeIndex] ?? null;
  }

  get selected(): TreeNode | null {
    const row = this.activeRow;
    return (row && this._nodes.get(row.target)) ?? null;
  }

  activate(index: number): void {
    const rows = this.rows;
    const row = rows.list[index];
    if (!row) {
      return;
    }
    const ancestors: string[] = [];
    for (let id = row.parent; id !== null;) {
      ancestors.push(id);
      id = rows.list[rows.indexOf(id)]?.parent ?? null;
    }
    this._active = { row, index, ancestors };
    this._wantedSelection = null;
    this._touch(false);
  }

  /**
   * Make a node's row active, where it has one.
   */
  select(location: ILocation): boolean {
    const index = this.rows.indexOf(idOf(location));
    this.activate(index);
    return index !== -1;
  }

  // --- Starting, pausing ---

  /**
   * Ask nothing on our own account while nobody looks. The first look fetches the endpoints.
   */
  setVisible(isVisible: boolean): void {
    if (isVisible) {
      this._recogniser.resume();
      if (!this._endpointIds && !this._endpointsRequest) {
        void this.loadEndpoints();
      }
    } else {
      this._recogniser.pause();
    }
  }

  /**
   * Tell which nodes are on screen: undecided ones among them are looked into.
   */
  seen(ids: readonly string[]): void {
    this._recogniser.seen(ids);
  }

  loadEndpoints(): Promise<void> {
    this._endpointsRequest ??= this._loadEndpoints().finally(() => {
      this._endpointsRequest = null;
    });
    return this._endpointsRequest;
  }

  dispose(): void {
    this._abort.abort();
    this._recogniser.dispose();
    for (const { controller } of this._pending.values()) {
      controller.abort();
    }
    Signal.clearData(this);
  }

  // --- Opening and closing ---

  toggle(id: string): void {
    const row = this.rows.list[this.rows.indexOf(id)];
    if (row?.expanded) {
      this.collapse(id);
    } else {
      void this.expand(id);
    }
  }

  /**
   * Open a container. Resolves when its first page is there or has failed; repeats join the request under way.
   */
  async expand(id: string): Promise<void> {
    const node = this._nodes.get(id);
    if (!node || !isContainer(node)) {
      return;
    }
    this._shut.delete(id);
    this._expanded.add(id);
    const listing = this._listings.get(id);
    const age = Date.now() - (this._loadedAt.get(id) ?? 0);
    const promise = !listing?.isLoaded
      ? this._load(id, 'first')
      : age > LISTING_LIFE_MS
        ? this._load(id, 'again')
        : Promise.resolve();
    this._touch();
    await promise;
  }

  /**
   * Open several containers, a few at a time.
   */
  async expandAll(ids: readonly string[]): Promise<void> {
    await Promise.all(
      ids.map(id => this._background.run(() => this.expand(id)))
    );
  }

  /**
   * Close a container and give up what is being fetched for it and below it.
   */
  collapse(id: string): void {
    this._expanded.delete(id);
    this._shut.add(id);
    for (const open of [...this._pending.keys()]) {
      if (open === id || isBelow(open, id)) {
        this._cancel(open);
        this._expanded.delete(open);
      }
    }
    this._prefixes.delete(id);
    this._forgetWanted(id);
    if (this._nodes.size > NODES_KEPT) {
      this._drop(id);
    }
    this._touch();
  }

  collapseAll(): void {
    for (const id of [...this._pending.keys()]) {
      this._cancel(id);
    }
    this._expanded.clear();
    this._wanted.clear();
    this._prefixes.clear();
    this._shut = new Set(this._listings.keys());
    this._touch();
  }

  /**
   * Fetch the next page of a container. Where its "Load more" row is active, what it brought becomes active.
   */
  async loadMore(id: string): Promise<void> {
    const count = this._listings.get(id)?.items.length ?? 0;
    await this._load(id, 'more');
    const first = this._listings.get(id)?.items[count];
    if (first !== undefined && this._active?.row.id === rowId(id, 'more')) {
      this.select(locationOf(first));
    }
  }

  /**
   * Try again what failed last.
   */
  async retry(id: string): Promise<void> {
    const listing = this._listings.get(id);
    if (listing?.failed === 'more') {
      await this.loadMore(id);
    } else if (this._expanded.has(id)) {
      await this._load(id, 'refresh');
    } else {
      // A problem that the endpoints' list told.
      await this.expand(id);
    }
  }

  // --- Filters ---

  /**
   * Show only rows whose name holds this text, and what they lie in.
   */
  setFilter(filter: string): void {
    const text = filter.trim();
    if (text !== this._filter) {
      this._filter = text;
      this._shut.clear();
      this._touch();
    }
  }

  /**
   * Show only children whose names begin with this text, as the server finds them; null ends it.
   */
  async setPrefix(id: string, prefix: string | null): Promise<void> {
    const before = this._prefixes.get(id) ?? null;
    if (prefix === before) {
      return;
    }
    if (prefix === null) {
      this._prefixes.delete(id);
    } else {
      this._prefixes.set(id, prefix);
    }
    if ((before ?? '') === (prefix ?? '')) {
      // The box opens or closes, empty.
      this._touch();
      if (prefix !== null) {
        await this.expand(id);
      }
      return;
    }
    this._cancel(id);
    this._expanded.add(id);
    const promise = this._load(id, 'again');
    this._touch();
    await promise;
  }

  // --- Refreshing ---

  async refresh(location?: ILocation): Promise<void> {
    this._refreshing++;
    this._touch(false);
    try {
      if (location) {
        await this._refreshBelow(idOf(location));
      } else {
        await this.loadEndpoints();
        await Promise.all(this.endpointIds.map(id => this._refreshBelow(id)));
      }
    } finally {
      this._refreshing--;
      this._touch(false);
    }
  }

  private async _refreshBelow(top: string): Promise<void> {
    const within = (id: string) => id === top || isBelow(id, top);
    for (const id of [...this._snippets.keys()].filter(within)) {
      this._snippets.delete(id);
    }
    const selected = this._selectedId();
    const stale = [...this._details.keys()].filter(within);
    for (const id of stale) {
      if (id !== selected) {
        this._details.delete(id);
      }
    }
    const open = [...this._listings.keys()].filter(within);
    const tasks: Promise<void>[] = [];
    for (const id of open) {
      if (this._isReachable(id)) {
        tasks.push(this._background.run(() => this._load(id, 'refresh')));
      } else {
        // Fetched again when it is opened again.
        this._drop(id);
      }
    }
    const node = this._nodes.get(top);
    if (node && node.kind !== 'endpoint') {
      this._recogniser.doubt([top]);
    }
    if (stale.length && selected !== null && within(selected)) {
      tasks.push(this.describe(selected, true));
    }
    await Promise.all(tasks);
  }

  // --- Looking closer ---

  details(id: string): IDetails | null {
    return this._details.get(id) ?? null;
  }

  /**
   * Ask for everything about a node, once.
   */
  async describe(id: string, refresh = false): Promise<void> {
    const known = this._details.get(id);
    if (known && (known.isLoading || (!refresh && !known.problem))) {
      return;
    }
    const location = locationOf(id);
    this._setDetails(id, {
      node: known?.node ?? null,
      problem: null,
      isLoading: true
    });
    try {
      const node = await this._api.node(location, refresh, this._abort.signal);
      this._setDetails(id, { node, problem: null, isLoading: false });
      this._learn(id, node);
    } catch (error) {
      if (isAbort(error)) {
        return;
      }
      this._setDetails(id, {
        node: known?.node ?? null,
        problem: toProblem(error),
        isLoading: false
      });
    }
    this._touch();
  }

  snippets(location: ILocation): Promise<readonly ISnippet[]> {
    const id = idOf(location);
    let entry = this._snippets.get(id);
    if (!entry) {
      const promise = this._api
        .snippets(location, this._abort.signal)
        .then(({ snippets }) => {
          this._snippets.set(id, { promise, value: snippets });
          this._touch(false);
          return snippets;
        });
      promise.catch(() => {
        this._snippets.delete(id);
      });
      entry = { promise, value: null };
      this._snippets.set(id, entry);
      trim(this._snippets, SNIPPETS_KEPT);
    }
    return entry.promise;
  }

  snippetsNow(location: ILocation): readonly ISnippet[] | null {
    return this._snippets.get(idOf(location))?.value ?? null;
  }

  async goTo(url: string, signal = this._abort.signal): Promise<INode> {
    const endpoint =
      this.selected?.endpoint ??
      (this._endpointIds?.[0] !== undefined
        ? locationOf(this._endpointIds[0]).endpoint
        : null);
    const node = await this._api.resolve(url.trim(), endpoint, signal);
    this.reveal(node);
    return node;
  }

  /**
   * Expand what a node lies in and select it. Where a listing does not show it, or not yet, it is pinned: listing may be
   * forbidden where reading is not.
   */
  reveal(node: INode): void {
    const { endpoint } = node;
    const keys = ancestorKeys(node.key);
    this._filter = '';
    this._learn(idOf(node), node);
    this._setDetails(idOf(node), { node, problem: null, isLoading: false });
    keys.forEach((key, depth) => {
      const container = idOf({ endpoint, key });
      const child = { endpoint, key: keys[depth + 1] ?? node.key };
      if (!this._listings.get(container)?.items.includes(idOf(child))) {
        this._pin(child, uriAbove(node, child.key));
      }
      this._shut.delete(container);
      this._expanded.add(container);
      if (!this._listings.get(container)?.isLoaded) {
        void this._background.run(() => this._load(container, 'first'));
      }
    });
    this._touch();
    this.select(node);
  }

  // --- Outliving a reload ---

  /**
   * Take up what an earlier page had open, as its parts come into sight.
   */
  restore(saved: ISavedTree): void {
    for (const location of saved.expanded) {
      this._wanted.add(idOf(location));
    }
    for (const { endpoint, key, uri } of saved.pins) {
      this._pin({ endpoint, key }, uri);
    }
    this._wantedSelection = saved.selected ? idOf(saved.selected) : null;
    if (this._endpointIds) {
      this._open(this._endpointIds);
    }
  }

  toSaved(): ISavedTree {
    const selected = this._wantedSelection ?? this._selectedId();
    return {
      expanded: [...new Set([...this._expanded, ...this._wanted])].map(
        locationOf
      ),
      selected: selected === null ? null : locationOf(selected),
      pins: [...this._pins.values()]
        .flat()
        .map(id => ({ ...locationOf(id), uri: this._nodes.get(id)?.uri ?? '' }))
    };
  }

  // --- Private ---

  private async _loadEndpoints(): Promise<void> {
    this._endpointsProblem = null;
    this._touch();
    try {
      const { endpoints } = await this._api.endpoints(this._abort.signal);
      const ids = endpoints.map(info => this._setEndpoint(info));
      this._endpointIds = ids;
      for (const id of [...this._wanted]) {
        if (!ids.some(top => id.startsWith(top))) {
          this._wanted.delete(id);
        }
      }
      this._open(ids);
    } catch (error) {
      if (isAbort(error)) {
        return;
      }
      this._endpointsProblem = toProblem(error);
    }
    this._touch();
  }

  private _setEndpoint(info: IEndpoint): string {
    const id = idOf({ endpoint: info.id, key: '' });
    const known = this._nodes.get(id);
    this._nodes.set(
      id,
      endpointNode(info, known?.kind === 'endpoint' ? known.root : null)
    );
    return id;
  }

  private _load(id: string, mode: LoadMode): Promise<void> {
    const pending = this._pending.get(id);
    if (pending) {
      if (pending.mode === mode || mode === 'more' || mode === 'again') {
        return pending.promise;
      }
      if (mode === 'first') {
        return pending.promise;
      }
      pending.controller.abort();
    }
    const controller = new AbortController();
    const promise = this._fetch(id, mode, controller.signal).finally(() => {
      if (this._pending.get(id)?.controller === controller) {
        this._pending.delete(id);
        this._touch();
      }
    });
    this._pending.set(id, { mode, controller, promise });
    this._touch();
    return promise;
  }

  private async _fetch(
    id: string,
    mode: LoadMode,
    signal: AbortSignal
  ): Promise<void> {
    const before = this._listings.get(id) ?? EMPTY_LISTING;
    const isMore = mode === 'more';
    const wanted = mode === 'refresh' ? before.items.length : 0;
    const prefix = this._prefixes.get(id);
    const items: string[] = isMore ? [...before.items] : [];
    const known = new Set(items);
    let cursor = isMore ? before.nextCursor : null;
    let page: IChildren;
    try {
      let pages = 0;
      do {
        page = await this._api.children(
          locationOf(id),
          {
            cursor: cursor ?? undefined,
            limit: this.pageSize,
            prefix,
            refresh: mode === 'refresh'
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
          this._learn(child, node, mode === 'refresh');
        }
        if (page.parent) {
          this._learn(id, page.parent);
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
          this._expanded.delete(gone);
          this._drop(gone);
        }
      }
    }
    this._endpointAnswered(id, null);
    this._open([...items, ...this.pins(id)], id, page.nextCursor === null);
    this._touch();
  }

  private _failed(id: string, mode: LoadMode, error: IProblem): void {
    const before = this._listings.get(id) ?? EMPTY_LISTING;
    this._listings.set(id, {
      ...before,
      error,
      failed: mode === 'again' ? 'refresh' : mode
    });
    this._endpointAnswered(id, error);
    // What someone went to is there although this listing failed.
    this._open(this.pins(id), id);
    this._touch();
  }

  /**
   * Keep the health of an endpoint's row in step with what its root answers.
   */
  private _endpointAnswered(id: string, problem: IProblem | null): void {
    const node = this._nodes.get(id);
    if (node?.kind === 'endpoint') {
      const status = problem ? 'problem' : 'ok';
      this._nodes.set(
        id,
        endpointNode({ ...node.endpointInfo, status, problem }, node.root)
      );
    }
  }

  /**
   * Remember what is known of a node, without what only the details show.
   *
   * A listing does not look into folders: it does not overrule what is known of them, but a refresh has that checked.
   */
  private _learn(id: string, node: INode, isRefresh = false): void {
    const before = this._nodes.get(id);
    if (before?.kind === 'endpoint') {
      const root = isZarr(node) ? lean(node) : null;
      this._nodes.set(id, endpointNode(before.endpointInfo, root));
      return;
    }
    if (
      before &&
      isUndecided(node) &&
      !isUndecided(before) &&
      isContainerOrArray(before)
    ) {
      if (isRefresh) {
        this._recogniser.doubt([id]);
      }
      return;
    }
    this._nodes.set(id, lean(node));
    if (node.kind === 'array') {
      this._expanded.delete(id);
    }
  }

  private _recognised(nodes: readonly INode[]): void {
    for (const node of nodes) {
      const id = idOf(node);
      if (node.problem?.code === 'not_found' && this._unpin(id)) {
        continue;
      }
      this._learn(id, node);
    }
    this._touch();
  }

  private _pin(location: ILocation, uri: string): void {
    const id = idOf(location);
    const parent = ancestorKeys(location.key).pop();
    if (parent === undefined) {
      return;
    }
    if (!this._nodes.has(id)) {
      this._nodes.set(id, placeholder(location, uri));
    }
    const container = idOf({ endpoint: location.endpoint, key: parent });
    const pins = this.pins(container);
    if (!pins.includes(id)) {
      this._pins.set(container, [...pins, id]);
    }
  }

  private _unpin(id: string): boolean {
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

  /**
   * Expand, of nodes that have just come into sight, those that were expanded before a reload, and drop what a complete
   * listing shows to be gone.
   */
  private _open(
    ids: readonly string[],
    container: string | null = null,
    isComplete = false
  ): void {
    const present = new Set(ids);
    for (const id of ids) {
      if (this._wanted.delete(id)) {
        void this._background.run(() => this.expand(id));
      }
    }
    if (container !== null && isComplete) {
      this._forgetWanted(container, present);
    }
    if (this._wantedSelection !== null && present.has(this._wantedSelection)) {
      this._touch();
      this.select(locationOf(this._wantedSelection));
    }
  }

  /**
   * Give up restoring what lies in a container, except in the children that are there.
   */
  private _forgetWanted(
    container: string,
    present: ReadonlySet<string> = new Set()
  ): void {
    for (const id of [...this._wanted]) {
      if (isBelow(id, container)) {
        const rest = id.slice(container.length);
        const child = container + rest.slice(0, rest.indexOf('/') + 1);
        if (!present.has(child)) {
          this._wanted.delete(id);
        }
      }
    }
  }

  /**
   * Whether a container and all that it lies in are expanded.
   */
  private _isReachable(id: string): boolean {
    const { endpoint, key } = locationOf(id);
    return [...ancestorKeys(key), key].every(above =>
      this._expanded.has(idOf({ endpoint, key: above }))
    );
  }

  private _cancel(id: string): void {
    const pending = this._pending.get(id);
    if (pending) {
      this._pending.delete(id);
      pending.controller.abort();
    }
  }

  /**
   * Forget the children of a container and all below.
   */
  private _drop(id: string): void {
    const dropped = [id];
    for (let next = dropped.pop(); next !== undefined; next = dropped.pop()) {
      const listing = this._listings.get(next);
      this._cancel(next);
      this._listings.delete(next);
      this._loadedAt.delete(next);
      for (const child of listing?.items ?? []) {
        if (this._listings.has(child)) {
          dropped.push(child);
        }
        this._nodes.delete(child);
        this._expanded.delete(child);
      }
    }
  }

  private _setDetails(id: string, details: IDetails): void {
    this._details.delete(id);
    this._details.set(id, details);
    trim(this._details, DETAILS_KEPT);
    this._touch(false);
  }

  private _selectedId(): string | null {
    return this.activeRow?.target ?? null;
  }

  /**
   * Tell everybody; `structure` where the rows may differ.
   */
  private _touch(structure = true): void {
    this._version++;
    if (structure) {
      this._structure++;
    }
    this._changed.emit();
  }

  private readonly _abort = new AbortController();
  private readonly _background = new Limiter(BACKGROUND_REQUESTS);
  private readonly _changed = new Signal<this, void>(this);
  private readonly _details = new Map<string, IDetails>();
  private readonly _expanded = new Set<string>();
  private readonly _listings = new Map<string, IListing>();
  private readonly _loadedAt = new Map<string, number>();
  private readonly _nodes = new Map<string, TreeNode>();
  private readonly _pending = new Map<string, IPending>();
  private readonly _pins = new Map<string, readonly string[]>();
  private readonly _prefixes = new Map<string, string>();
  private readonly _recogniser: Recogniser;
  private readonly _snippets = new Map<
    string,
    {
      readonly promise: Promise<readonly ISnippet[]>;
      readonly value: readonly ISnippet[] | null;
    }
  >();
  private readonly _wanted = new Set<string>();
  private _active: IActive | null = null;
  private _endpointIds: readonly string[] | null = null;
  private _endpointsProblem: IProblem | null = null;
  private _endpointsRequest: Promise<void> | null = null;
  private _filter = '';
  private _layout: ILayout = { widthPx: 304, rowPx: 24, charPx: 6.6 };
  private _refreshing = 0;
  private _rows: Rows | null = null;
  private _rowsVersion = -1;
  private _shut = new Set<string>();
  private _structure = 0;
  private _version = 0;
  private _wantedSelection: string | null = null;
}

/**
 * Whether one id lies somewhere below another, a container's.
 */
function isBelow(id: string, container: string): boolean {
  return id.length > container.length && id.startsWith(container);
}

function isContainerOrArray(node: TreeNode): boolean {
  return effectiveNode(node).kind !== 'object';
}

/**
 * A node as rows need it: attributes and documents can be large.
 */
function lean(node: INode): INode {
  return isZarr(node)
    ? { ...node, attributes: null, documents: null }
    : { ...node, documents: null };
}

/**
 * URI of something that a node lies in.
 */
function uriAbove(node: INode, key: string): string {
  const { uri } = node;
  const cut = node.key.length - key.length;
  return cut > 0 && uri.endsWith(node.key) ? uri.slice(0, -cut) : uri;
}

/**
 * Drop the oldest entries.
 */
function trim<T>(map: Map<string, T>, count: number): void {
  for (const id of map.keys()) {
    if (map.size <= count) {
      return;
    }
    map.delete(id);
  }
}
