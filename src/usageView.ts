import type { JSONObject } from '@lumino/coreutils';
import { Signal } from '@lumino/signaling';
import type { ISignal } from '@lumino/signaling';

import { ancestorKeys, nameOfKey } from './nodes';
import type { ILocation } from './nodes';
import type { UsageModel } from './usage';
import type { IUsage, IUsageRow } from './wire';

export type Column =
  'name' | 'bytes' | 'objects' | 'oldest' | 'newest' | 'goes' | 'chunks';

/**
 * Columns whose largest values come first when they are chosen.
 */
const DESCENDING: ReadonlySet<Column> = new Set(['bytes', 'objects', 'newest']);

export interface ISort {
  readonly by: Column;
  readonly isDescending: boolean;
}

export interface IUsageViewOptions {
  model: UsageModel;
  /**
   * The container whose usage is shown; null for the user's scratch, wherever that lies.
   */
  root: ILocation | null;
  /**
   * The place below the root that is shown first.
   */
  at?: ILocation | null;
}

/**
 * What a tab shows: which place, in what order, which row is active. No DOM.
 */
export class UsageView {
  constructor(private readonly _options: IUsageViewOptions) {
    this._place = _options.at ?? null;
    _options.model.changed.connect(this._onModelChanged, this);
    this._recall();
  }

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /**
   * Grows with every change, also of the model.
   */
  get version(): number {
    return this._version;
  }

  get isScratch(): boolean {
    return this._options.root === null;
  }

  /**
   * What the tab was opened for; null for the scratch.
   */
  get ownRoot(): ILocation | null {
    return this._options.root;
  }

  /**
   * Where the way down begins, null where there is no scratch.
   */
  get root(): ILocation | null {
    const { root, model } = this._options;
    const { locations } = model;
    return (
      root ??
      locations.find(({ endpoint }) => endpoint === this._place?.endpoint) ??
      locations[0] ??
      null
    );
  }

  /**
   * The place that is shown: the root, or something below it.
   */
  get place(): ILocation | null {
    const { root, _place: place } = this;
    return root && place && isIn(place, root) ? place : root;
  }

  /**
   * The root and all that lies between it and the place that is shown, which comes last.
   */
  get path(): readonly ILocation[] {
    const { root, place } = this;
    if (!root || !place) {
      return [];
    }
    return [...ancestorKeys(place.key), place.key]
      .filter(key => key.length >= root.key.length)
      .map(key => ({ endpoint: root.endpoint, key }));
  }

  get usage(): IUsage | null {
    return this.place ? this._options.model.place(this.place).usage : null;
  }

  /**
   * Show a place below the root, or another scratch. Nothing is counted.
   */
  show(place: ILocation): void {
    this._place = { endpoint: place.endpoint, key: place.key };
    this._search = '';
    this._activeKey = null;
    this._recall();
    this._touch();
  }

  /**
   * Look into a row, counting it where that was not done yet.
   */
  enter(row: IUsageRow): void {
    const { place } = this;
    if (place && row.key.endsWith('/')) {
      const inner = { endpoint: place.endpoint, key: row.key };
      this.show(inner);
      void this._options.model.look(inner);
    }
  }

  /**
   * Go back to what the place lies in. Returns false at the root.
   */
  leave(): boolean {
    const above = this.path[this.path.length - 2];
    const from = this.place?.key ?? null;
    if (above) {
      this.show(above);
      this._activeKey = from;
      this._touch();
    }
    return above !== undefined;
  }

  // --- Rows ---

  get sort(): ISort {
    return this._sort;
  }

  /**
   * Sort by a column; the other way round where that is so already.
   */
  sortBy(by: Column): void {
    const isDescending =
      by === this._sort.by ? !this._sort.isDescending : DESCENDING.has(by);
    this._sort = { by, isDescending };
    this._touch();
  }

  get search(): string {
    return this._search;
  }

  set search(text: string) {
    this._search = text;
    this._touch();
  }

  /**
   * Those whose name holds what is searched for, in order.
   */
  get rows(): readonly IUsageRow[] {
    const all = this.usage?.rows ?? NONE;
    const { _made: made } = this;
    if (
      made.all !== all ||
      made.sort !== this._sort ||
      made.search !== this._search
    ) {
      this._made = {
        all,
        sort: this._sort,
        search: this._search,
        rows: sorted(found(all, this._search), this._sort)
      };
    }
    return this._made.rows;
  }

  get activeIndex(): number {
    return this._activeKey === null
      ? -1
      : this.rows.findIndex(({ key }) => key === this._activeKey);
  }

  get activeRow(): IUsageRow | null {
    return this.rows[this.activeIndex] ?? null;
  }

  /**
   * Make a row active; beyond the ends, the first or the last.
   */
  activate(index: number): void {
    const { rows } = this;
    const key = rows[Math.min(Math.max(index, 0), rows.length - 1)]?.key;
    this._activeKey = key ?? null;
    this._touch();
  }

  activateKey(key: string | null): void {
    this._activeKey = key;
    this._touch();
  }

  get showsMap(): boolean {
    return this._showsMap;
  }

  set showsMap(value: boolean) {
    this._showsMap = value;
    this._touch();
  }

  // --- Outliving a reload ---

  toSaved(): JSONObject {
    const { root } = this._options;
    const { _place: place } = this;
    return {
      ...(root ? { endpoint: root.endpoint, key: root.key } : {}),
      ...(place ? { at: { endpoint: place.endpoint, key: place.key } } : {})
    };
  }

  dispose(): void {
    this._options.model.changed.disconnect(this._onModelChanged, this);
    Signal.clearData(this);
  }

  private _onModelChanged(): void {
    this._recall();
    this._touch();
  }

  private _recall(): void {
    if (this.place) {
      void this._options.model.recall(this.place);
    }
  }

  private _touch(): void {
    this._version++;
    this._changed.emit();
  }

  private _activeKey: string | null = null;
  private readonly _changed = new Signal<this, void>(this);
  private _made: {
    all: readonly IUsageRow[];
    sort: ISort;
    search: string;
    rows: readonly IUsageRow[];
  } = { all: NONE, sort: BY_SIZE, search: '', rows: NONE };
  private _place: ILocation | null;
  private _search = '';
  private _showsMap = true;
  private _sort: ISort = BY_SIZE;
  private _version = 0;
}

const NONE: readonly IUsageRow[] = [];
const BY_SIZE: ISort = { by: 'bytes', isDescending: true };

function isIn(inner: ILocation, container: ILocation): boolean {
  return (
    inner.endpoint === container.endpoint && inner.key.startsWith(container.key)
  );
}

function found(
  rows: readonly IUsageRow[],
  search: string
): readonly IUsageRow[] {
  const text = search.trim().toLowerCase();
  return text === ''
    ? rows
    : rows.filter(({ name }) => name.toLowerCase().includes(text));
}

type Value = string | number | null;

const VALUES: { readonly [column in Column]: (row: IUsageRow) => Value } = {
  name: row => row.name,
  bytes: row => row.bytes,
  objects: row => row.objects,
  oldest: row => row.oldestAt,
  newest: row => row.newestAt,
  goes: row => row.expiresAt,
  // What has lost most comes first: what cannot be opened any more before what lacks chunks.
  chunks: ({ chunks, damage }) =>
    damage !== null
      ? DAMAGES.indexOf(damage) - DAMAGES.length
      : chunks && chunks.expected > 0
        ? WORST.indexOf(chunks.verdict) + chunks.present / chunks.expected / 2
        : null
};

const DAMAGES = ['gone', 'unreadable', 'incomplete'];

const WORST = ['deleted', 'unknown', 'never_written', 'complete'];

/**
 * Rows in order; what has no value comes last either way, and equal ones are by name.
 */
export function sorted(
  rows: readonly IUsageRow[],
  { by, isDescending }: ISort
): readonly IUsageRow[] {
  const collator = new Intl.Collator(undefined, { numeric: true });
  const value = VALUES[by];
  const sign = isDescending ? -1 : 1;
  const compared = (one: Value, other: Value): number => {
    if (one === null || other === null) {
      return one === other ? 0 : one === null ? 1 : -1;
    }
    return typeof one === 'string' && typeof other === 'string'
      ? sign *
          (by === 'name'
            ? collator.compare(one, other)
            : one < other
              ? -1
              : one > other
                ? 1
                : 0)
      : sign * (Number(one) - Number(other));
  };
  return [...rows].sort(
    (one, other) =>
      compared(value(one), value(other)) ||
      collator.compare(one.name, other.name)
  );
}

/**
 * What a place is called: its last segment; the root by the address of its endpoint.
 */
export function placeName({ key }: ILocation, rootUri: string): string {
  if (key !== '') {
    return nameOfKey(key);
  }
  const bare = rootUri.replace(/\/+$/, '');
  return bare.slice(bare.lastIndexOf('/') + 1) || rootUri;
}
