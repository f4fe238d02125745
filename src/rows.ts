import type { IProblem } from './wire';

export type RowKind =
  'node' | 'more' | 'error' | 'note' | 'unknown' | 'empty' | 'prefix';

export interface IRow {
  readonly id: string;
  readonly kind: RowKind;
  /**
   * Id of the node that it shows or, for all other kinds, of the container that it is about.
   */
  readonly target: string;
  readonly parent: string | null;
  readonly level: number;
  /**
   * From 1.
   */
  readonly position: number;
  /**
   * Number of siblings, itself included; -1 where that is not known.
   */
  readonly setSize: number;
  /**
   * Null for what cannot be expanded.
   */
  readonly expanded: boolean | null;
  /**
   * Height in units of the row height.
   */
  readonly slots: number;
  readonly problem: IProblem | null;
}

/**
 * Id of a node's row, or of a row about what it contains.
 */
export function rowId(target: string, kind: RowKind): string {
  return kind === 'node' ? target : `${target}\n${kind}`;
}

/**
 * The rows of a tree, with what windowing and focus need: places in units of the row height, and rows by id.
 */
export class Rows {
  constructor(
    readonly list: readonly IRow[],
    /**
     * Number of nodes whose name matches the filter; null without a filter.
     */
    readonly matches: number | null
  ) {
    let extra = 0;
    list.forEach((row, index) => {
      if (row.slots > 1) {
        this._tall.push({ index, before: extra });
        extra += row.slots - 1;
      }
    });
    this.slots = list.length + extra;
  }

  /**
   * Height of all rows together.
   */
  readonly slots: number;

  get length(): number {
    return this.list.length;
  }

  /**
   * Index of a row, -1 where there is none.
   */
  indexOf(id: string | null): number {
    if (id === null) {
      return -1;
    }
    if (!this._indices) {
      this._indices = new Map(this.list.map((row, index) => [row.id, index]));
    }
    return this._indices.get(id) ?? -1;
  }

  /**
   * Distance from the top to the upper edge of a row; for the length of the list, to the end.
   */
  offsetOf(index: number): number {
    let low = 0;
    let high = this._tall.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this._tall[middle]!.index < index) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    if (low === 0) {
      return index;
    }
    const last = this._tall[low - 1]!;
    return index + last.before + this.list[last.index]!.slots - 1;
  }

  /**
   * Index of the row that covers a place.
   */
  at(slot: number): number {
    let low = 0;
    let high = this.list.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.offsetOf(middle) <= slot) {
        low = middle;
      } else {
        high = middle - 1;
      }
    }
    return low;
  }

  private _indices: Map<string, number> | null = null;
  private _tall: { index: number; before: number }[] = [];
}

export interface IWindow {
  /**
   * First index.
   */
  readonly start: number;
  /**
   * Index after the last.
   */
  readonly end: number;
}

/**
 * Which rows to draw, a few more than are visible.
 */
export function windowOf(
  rows: Rows,
  scrollTopPx: number,
  heightPx: number,
  rowPx: number,
  overscan = 8
): IWindow {
  if (rows.length === 0 || heightPx <= 0) {
    return { start: 0, end: 0 };
  }
  const first = rows.at(Math.max(0, scrollTopPx) / rowPx);
  const last = rows.at(Math.max(0, scrollTopPx + heightPx - 1) / rowPx);
  return {
    start: Math.max(0, first - overscan),
    end: Math.min(rows.length, last + 1 + overscan)
  };
}

/**
 * Where to scroll to so that a row is visible; the same place where it is already.
 */
export function scrollFor(
  rows: Rows,
  index: number,
  scrollTopPx: number,
  heightPx: number,
  rowPx: number
): number {
  const top = rows.offsetOf(index) * rowPx;
  const bottom = rows.offsetOf(index + 1) * rowPx;
  if (top < scrollTopPx) {
    return top;
  }
  return bottom > scrollTopPx + heightPx
    ? Math.min(top, bottom - heightPx)
    : scrollTopPx;
}

/**
 * Which row is active now that the rows have changed: the same, else the nearest ancestor that is still there, else
 * the one that took its place.
 */
export function settle(
  rows: Rows,
  active: IRow | null,
  index: number,
  ancestors: readonly string[]
): number {
  if (rows.length === 0) {
    return -1;
  }
  const same = active ? rows.indexOf(active.id) : -1;
  if (same !== -1) {
    return same;
  }
  // The last page came: what it brought stands where "Load more" stood.
  if (active?.kind !== 'more') {
    for (const id of ancestors) {
      const found = rows.indexOf(id);
      if (found !== -1) {
        return found;
      }
    }
  }
  return Math.min(Math.max(0, index), rows.length - 1);
}
