import { Signal } from '@lumino/signaling';
import type { ISignal } from '@lumino/signaling';

import { Answers } from './answers';
import type { IDetails } from './answers';
import type { IBrowserApi } from './api';
import { Endpoints } from './endpoints';
import { Expansion } from './expansion';
import type { ILayout, IListing, ITreeState } from './flatten';
import { KnownNodes } from './known';
import { Limiter } from './limiter';
import { Listings } from './listings';
import {
  ancestorKeys,
  idOf,
  isContainer,
  isUndecided,
  isWithin,
  locationOf,
  uriAbove
} from './nodes';
import type { ILocation, TreeNode } from './nodes';
import { Recogniser } from './recognise';
import { Refreshing } from './refreshing';
import { Restoring } from './restoring';
import { rowId } from './rows';
import type { IRow, Rows } from './rows';
import type { ISavedTree } from './saved';
import { ShownRows } from './shown';
import { bareAddress } from './text';
import type { IBrowserModel } from './tokens';
import type { INode, IProblem, ISnippet } from './wire';

/**
 * Requests at a time where nobody waits for a single one of them: restoring and refreshing many containers.
 */
const BACKGROUND_REQUESTS = 4;

/**
 * Nodes from which on collapsing a container forgets what was in it.
 */
const NODES_KEPT = 200_000;

/**
 * Endpoints and what is known below them: pages, what is expanded, what is active. No DOM.
 */
export class BrowserModel implements IBrowserModel, ITreeState {
  constructor(private readonly _api: IBrowserApi) {
    const changed = () => this._touch();
    this._recogniser = new Recogniser({
      api: _api,
      node: id => this._nodes.get(id),
      found: nodes => this._recognised(nodes)
    });
    this._nodes = new KnownNodes({
      expansion: this._expansion,
      doubted: id => this._recogniser.doubt([id])
    });
    this._restoring = new Restoring({
      expand: id => void this._background.run(() => this.expand(id)),
      select: id => {
        this._touch();
        this.select(locationOf(id));
      }
    });
    this._answers = new Answers({
      api: _api,
      nodes: this._nodes,
      changed: structure => this._touch(structure)
    });
    this._endpoints = new Endpoints({
      api: _api,
      nodes: this._nodes,
      pin: (location, uri) => this._listings.pin(location, uri),
      restoring: this._restoring,
      changed
    });
    this._listings = new Listings({
      api: _api,
      expansion: this._expansion,
      nodes: this._nodes,
      restoring: this._restoring,
      pageSize: () => this.pageSize,
      changed
    });
    this._refreshing = new Refreshing({
      answers: this._answers,
      background: this._background,
      endpoints: this._endpoints,
      expansion: this._expansion,
      listings: this._listings,
      nodes: this._nodes,
      recogniser: this._recogniser,
      shown: this._shown,
      changed: () => this._touch(false)
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
    return this._endpoints.ids ?? [];
  }

  get endpointsStatus(): 'loading' | 'ready' | 'error' {
    return this._endpoints.status;
  }

  /**
   * Why the endpoints could not be fetched the last time, or what is wrong besides those that came.
   */
  get endpointsProblem(): IProblem | null {
    return this._endpoints.problem;
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
    return this._listings.pins(id);
  }

  isExpanded(id: string): boolean {
    return this._expansion.has(id);
  }

  isShut(id: string): boolean {
    return this._expansion.isShut(id);
  }

  prefix(id: string): string | null {
    return this._expansion.prefix(id);
  }

  /**
   * Containers that are filtered on the server.
   */
  get prefixIds(): readonly string[] {
    return this._expansion.prefixIds;
  }

  isLoading(id: string): boolean {
    return this._listings.isLoading(id);
  }

  /**
   * Whether a container has pages that nobody loaded: no filter of what is loaded finds what is there.
   */
  get hasMore(): boolean {
    return this._listings.hasMore;
  }

  /**
   * Whether anything is being refreshed.
   */
  get isRefreshing(): boolean {
    return this._refreshing.isUnderWay;
  }

  // --- Rows and the active one ---

  /**
   * Tell how wide the tree, how high a row and how wide a text is, for the height of messages.
   */
  setLayout(layout: ILayout): void {
    if (this._shown.setLayout(layout)) {
      this._touch();
    }
  }

  get rows(): Rows {
    return this._shown.rows;
  }

  /**
   * Index of the active row, -1 where none is.
   */
  get activeIndex(): number {
    return this._shown.activeIndex;
  }

  get activeRow(): IRow | null {
    return this._shown.activeRow;
  }

  get selected(): TreeNode | null {
    const row = this.activeRow;
    return (row && this._nodes.get(row.target)) ?? null;
  }

  activate(index: number): void {
    if (this._shown.activate(index)) {
      this._restoring.giveUpSelecting();
      this._touch(false);
    }
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
      this._endpoints.open();
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
    return this._endpoints.load();
  }

  dispose(): void {
    this._abort.abort();
    this._recogniser.dispose();
    this._answers.dispose();
    this._endpoints.dispose();
    this._listings.dispose();
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
    this._expansion.open(id);
    const promise = this._listings.open(id);
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
    const isFiltered = this.prefix(id) !== null;
    this._expansion.close(id);
    for (const open of this._listings.loadingIds) {
      if (isWithin(open, id)) {
        this._listings.cancel(open);
        this._expansion.delete(open);
      }
    }
    this._restoring.giveUp(id);
    // What a filter left out must not be missing when it opens again.
    if (isFiltered || this._nodes.size > NODES_KEPT) {
      this._listings.drop(id);
    }
    this._touch();
  }

  collapseAll(): void {
    for (const id of this._listings.loadingIds) {
      this._listings.cancel(id);
    }
    this._restoring.giveUpExpanding();
    const filtered = this.prefixIds;
    this._expansion.closeAll(this._listings.ids);
    for (const id of filtered) {
      this._listings.drop(id);
    }
    this._touch();
  }

  /**
   * Fetch the next page of a container. Where its "Load more" row is active, what it brought becomes active.
   */
  async loadMore(id: string): Promise<void> {
    const count = this._listings.get(id)?.items.length ?? 0;
    await this._listings.load(id, 'more');
    const first = this._listings.get(id)?.items[count];
    if (first !== undefined && this._shown.activatedId === rowId(id, 'more')) {
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
    } else if (this._expansion.has(id)) {
      await this._listings.load(id, 'refresh');
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
      this._expansion.unshut();
      this._touch();
    }
  }

  /**
   * Show only children whose names begin with this text, as the server finds them; null ends it.
   */
  async setPrefix(id: string, prefix: string | null): Promise<void> {
    const before = this.prefix(id);
    if (prefix === before) {
      return;
    }
    this._expansion.setPrefix(id, prefix);
    if ((before ?? '') === (prefix ?? '')) {
      // The box opens or closes, empty.
      this._touch();
      if (prefix !== null) {
        await this.expand(id);
      }
      return;
    }
    this._listings.cancel(id);
    this._expansion.open(id);
    const promise = this._listings.load(id, 'again');
    this._touch();
    await promise;
  }

  // --- Refreshing ---

  async refresh(location?: ILocation): Promise<void> {
    await this._refreshing.run(location ? idOf(location) : null);
  }

  // --- Looking closer ---

  /**
   * A node once someone has looked into it: a folder may turn out to be a dataset. What cannot be found out stays what
   * it is.
   */
  async recognised(id: string): Promise<TreeNode | undefined> {
    const node = this._nodes.get(id);
    if (node && isUndecided(node)) {
      await this._recogniser.decide(id);
    }
    return this._nodes.get(id);
  }

  details(id: string): IDetails | null {
    return this._answers.details(id);
  }

  /**
   * Ask for everything about a node, once.
   */
  describe(id: string, refresh = false): Promise<void> {
    return this._answers.describe(id, refresh);
  }

  snippets(location: ILocation): Promise<readonly ISnippet[]> {
    return this._answers.snippets(location);
  }

  snippetsNow(location: ILocation): readonly ISnippet[] | null {
    return this._answers.snippetsNow(location);
  }

  async goTo(url: string, signal = this._abort.signal): Promise<INode> {
    const first = this.endpointIds[0];
    const endpoint =
      this.selected?.endpoint ??
      (first === undefined ? null : locationOf(first).endpoint);
    const node = await this._api.resolve(bareAddress(url), endpoint, signal);
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
    this._nodes.learn(idOf(node), node);
    this._answers.setDetails(idOf(node), {
      node,
      problem: null,
      isLoading: false
    });
    keys.forEach((key, depth) => {
      const container = idOf({ endpoint, key });
      const child = { endpoint, key: keys[depth + 1] ?? node.key };
      if (!this._listings.get(container)?.items.includes(idOf(child))) {
        this._listings.pin(child, uriAbove(node, child.key));
      }
      this._expansion.open(container);
      if (!this._listings.get(container)?.isLoaded) {
        void this._background.run(() =>
          this._listings.load(container, 'first')
        );
      }
    });
    this._touch();
    this.select(node);
  }

  /**
   * Ask what lies somewhere, and reveal it.
   */
  async revealAt(
    location: ILocation,
    signal = this._abort.signal
  ): Promise<void> {
    if (this.endpointsStatus !== 'ready') {
      await this.loadEndpoints();
    }
    this.reveal(await this._api.node(location, false, signal));
  }

  // --- Outliving a reload ---

  /**
   * Take up what an earlier page had open, as its parts come into sight.
   */
  restore(saved: ISavedTree): void {
    this._restoring.begin(saved);
    for (const { endpoint, key, uri } of saved.pins) {
      this._listings.pin({ endpoint, key }, uri);
    }
    this._restoring.arrived(this.endpointIds);
  }

  toSaved(): ISavedTree {
    const selected = this._restoring.selected ?? this.activeRow?.target ?? null;
    return {
      expanded: [
        ...new Set([...this._expansion.ids, ...this._restoring.expanded])
      ].map(locationOf),
      selected: selected === null ? null : locationOf(selected),
      pins: this._listings.allPins.map(id => ({
        ...locationOf(id),
        uri: this._nodes.get(id)?.uri ?? ''
      }))
    };
  }

  // --- Private ---

  private _recognised(nodes: readonly INode[]): void {
    for (const node of nodes) {
      const id = idOf(node);
      if (node.problem?.code === 'not_found' && this._listings.unpin(id)) {
        continue;
      }
      this._nodes.learn(id, node);
    }
    this._touch();
  }

  /**
   * Tell everybody; `structure` where the rows may differ.
   */
  private _touch(structure = true): void {
    this._version++;
    if (structure) {
      this._shown.invalidate();
    }
    this._changed.emit();
  }

  private readonly _abort = new AbortController();
  private readonly _answers: Answers;
  private readonly _background = new Limiter(BACKGROUND_REQUESTS);
  private readonly _changed = new Signal<this, void>(this);
  private readonly _endpoints: Endpoints;
  private readonly _expansion = new Expansion();
  private readonly _listings: Listings;
  private readonly _nodes: KnownNodes;
  private readonly _recogniser: Recogniser;
  private readonly _refreshing: Refreshing;
  private readonly _restoring: Restoring;
  private readonly _shown = new ShownRows(this);
  private _filter = '';
  private _version = 0;
}
