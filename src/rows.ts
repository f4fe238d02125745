import { isContainer } from './nodes';
import type { TreeNode } from './nodes';
import type { IProblem } from './wire';

/**
 * What is known of a container's children.
 */
export interface IListing {
  /**
   * Ids in the order of the store.
   */
  readonly items: readonly string[];
  readonly nextCursor: string | null;
  readonly totalCount: number | null;
  /**
   * Why members are missing although the container itself is readable.
   */
  readonly problem: IProblem | null;
  /**
   * Why the last request failed, and which that was.
   */
  readonly error: IProblem | null;
  readonly failed: 'first' | 'more' | 'refresh' | null;
  /**
   * Whether a page ever came.
   */
  readonly isLoaded: boolean;
}

/**
 * The part of the model that decides which rows there are.
 */
export interface ITreeState {
  readonly endpointIds: readonly string[];
  readonly filter: string;
  node(id: string): TreeNode | undefined;
  listing(id: string): IListing | undefined;
  /**
   * Children that are shown although no listing named them.
   */
  pins(id: string): readonly string[];
  isExpanded(id: string): boolean;
  /**
   * Whether matches below a container that is not expanded stay hidden.
   */
  isShut(id: string): boolean;
  /**
   * What the server filters the children by; null where there is no such filter.
   */
  prefix(id: string): string | null;
}

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

type Draft = { -readonly [K in keyof IRow]: IRow[K] };

/**
 * Pixels, for estimating how many lines a message takes: line height, indent of one level, space that the twisty, the
 * icon and the padding take, padding of a message above and below, height of its button. Rather too many lines than too
 * few: one too many is a gap, one too few is cut off.
 */
const NOTE = {
  linePx: 17,
  indentPx: 12,
  chromePx: 42,
  paddingPx: 10,
  buttonPx: 26,
  maxLines: 8
};

/**
 * Stands for what the view puts before the reason why members are unknown, in any language.
 */
const UNKNOWN_LEAD = 'Members unknown: ';

/**
 * Number of lines that a text takes when it is broken between words.
 */
function lineCount(text: string, columns: number): number {
  let lines = text === '' ? 0 : 1;
  let used = 0;
  for (const word of text.split(' ')) {
    const gap = used === 0 ? 0 : 1;
    if (used + gap + word.length <= columns) {
      used += gap + word.length;
    } else {
      lines += used === 0 ? 0 : 1;
      lines += Math.floor((word.length - 1) / columns);
      used = word.length % columns || columns;
    }
  }
  return lines;
}

/**
 * Height of a message in rows.
 */
export function noteSlots(
  problem: IProblem,
  level: number,
  layout: ILayout,
  hasButton: boolean
): number {
  const columns = Math.max(
    12,
    Math.floor(
      (layout.widthPx - NOTE.chromePx - level * NOTE.indentPx) / layout.charPx
    )
  );
  const lines = Math.min(
    NOTE.maxLines,
    lineCount(problem.message, columns) + lineCount(problem.hint, columns)
  );
  const heightPx =
    Math.max(1, lines) * NOTE.linePx +
    NOTE.paddingPx +
    (hasButton ? NOTE.buttonPx : 0);
  return Math.ceil(heightPx / layout.rowPx);
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

export interface ILayout {
  readonly widthPx: number;
  readonly rowPx: number;
  /**
   * Average width of a character.
   */
  readonly charPx: number;
}

/**
 * The state as rows, from top to bottom.
 */
export function flatten(
  state: ITreeState,
  layout: ILayout = { widthPx: 300, rowPx: 24, charPx: 6.6 }
): Rows {
  const list: Draft[] = [];
  const needle = state.filter.toLocaleLowerCase();
  let matches = 0;

  const slotsOf = (kind: RowKind, problem: IProblem, level: number) => {
    const message =
      kind === 'unknown' ? UNKNOWN_LEAD + problem.message : problem.message;
    const hasButton = kind === 'error' || kind === 'unknown';
    return noteSlots({ ...problem, message }, level, layout, hasButton);
  };

  const push = (
    kind: RowKind,
    target: string,
    parent: string | null,
    level: number,
    position: number,
    problem: IProblem | null = null
  ): Draft => {
    const row: Draft = {
      id: rowId(target, kind),
      kind,
      target,
      parent,
      level,
      position,
      setSize: -1,
      expanded: null,
      slots: problem ? slotsOf(kind, problem, level) : 1,
      problem
    };
    list.push(row);
    return row;
  };

  const below = (id: string, level: number): boolean => {
    const listing = state.listing(id);
    const listed = listing?.items ?? [];
    const pinned = state.pins(id).filter(pin => !listed.includes(pin));
    const drafts: Draft[] = [];
    const isExpanded = state.isExpanded(id);
    const prefix = state.prefix(id);
    const node = state.node(id);
    let position = 0;
    let hasMatch = false;

    const extra = (kind: RowKind, problem: IProblem | null = null) => {
      if (isExpanded) {
        drafts.push(push(kind, id, id, level, ++position, problem));
      }
    };

    if (prefix !== null) {
      extra('prefix');
    }
    if (listing?.error && listing.failed !== 'more') {
      extra('error', listing.error);
    }
    for (const children of [listed, pinned]) {
      for (const child of children) {
        const row = visit(child, id, level, position + 1);
        if (row) {
          position++;
          drafts.push(row);
          hasMatch = true;
        }
      }
    }
    if (listing?.isLoaded) {
      if (listing.error && listing.failed === 'more') {
        extra('error', listing.error);
      } else if (listing.nextCursor !== null) {
        extra('more');
      } else if (listing.problem) {
        extra('unknown', listing.problem);
      } else if (listed.length + pinned.length === 0 && !listing.error) {
        extra(
          node && 'membersUnknown' in node && node.membersUnknown
            ? 'unknown'
            : 'empty'
        );
      }
    }
    const isPartial =
      listing?.nextCursor !== null && listing?.nextCursor !== undefined;
    const setSize = isPartial
      ? needle === ''
        ? (listing.totalCount ?? -1)
        : -1
      : position;
    for (const draft of drafts) {
      draft.setSize = setSize;
    }
    return hasMatch;
  };

  /**
   * Adds the rows of a node, unless the filter hides them all.
   */
  const visit = (
    id: string,
    parent: string | null,
    level: number,
    position: number
  ): Draft | null => {
    const node = state.node(id);
    if (!node) {
      return null;
    }
    const start = list.length;
    const opens = isContainer(node);
    const expanded = state.isExpanded(id);
    const isMatch =
      needle === '' || node.name.toLocaleLowerCase().includes(needle);
    const row = push('node', id, parent, level, position);
    row.setSize = state.endpointIds.length;
    row.expanded = opens ? expanded : null;
    if (needle !== '' && isMatch) {
      matches++;
    }
    if (
      node.kind === 'endpoint' &&
      node.problem &&
      !(expanded && state.listing(id)?.error)
    ) {
      push('note', id, id, level + 1, 1, node.problem);
    }
    const kept = list.length;
    if (opens && (expanded || (needle !== '' && !state.isShut(id)))) {
      const hasMatch = below(id, level + 1);
      if (needle !== '' && hasMatch) {
        row.expanded = true;
        return row;
      }
      if (!expanded) {
        list.length = kept;
      }
    }
    if (!isMatch) {
      list.length = start;
      return null;
    }
    return row;
  };

  let position = 1;
  for (const id of state.endpointIds) {
    if (visit(id, null, 1, position)) {
      position++;
    }
  }
  return new Rows(list, needle === '' ? null : matches);
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

export interface IKey {
  readonly key: string;
  readonly shiftKey: boolean;
  readonly ctrlKey: boolean;
  readonly altKey: boolean;
  readonly metaKey: boolean;
}

export type Intent =
  | { readonly do: 'move'; readonly to: number }
  | {
      readonly do: 'expand' | 'collapse' | 'activate' | 'select' | 'menu';
      readonly at: number;
    }
  | { readonly do: 'expandAll'; readonly ids: readonly string[] }
  | { readonly do: 'type'; readonly text: string };

/**
 * How many siblings `*` expands at most: each is a request.
 */
export const EXPAND_SIBLINGS_MAX = 20;

/**
 * What a key means, by the tree pattern of the ARIA Authoring Practices; null where it is not ours.
 */
export function intentOf(
  rows: Rows,
  active: number,
  pressed: IKey,
  pageRows: number
): Intent | null {
  const { key } = pressed;
  if (key === 'ContextMenu' || (key === 'F10' && pressed.shiftKey)) {
    return active >= 0 ? { do: 'menu', at: active } : null;
  }
  if (
    pressed.ctrlKey ||
    pressed.altKey ||
    pressed.metaKey ||
    rows.length === 0
  ) {
    return null;
  }
  const last = rows.length - 1;
  const move = (to: number): Intent => ({
    do: 'move',
    to: Math.min(last, Math.max(0, to))
  });
  const row = rows.list[active];
  switch (key) {
    case 'ArrowDown':
      return move(active + 1);
    case 'ArrowUp':
      return move(active - 1);
    case 'Home':
      return move(0);
    case 'End':
      return move(last);
    case 'PageDown':
      return move(active + Math.max(1, pageRows));
    case 'PageUp':
      return move(active - Math.max(1, pageRows));
  }
  if (!row) {
    return null;
  }
  switch (key) {
    case 'ArrowRight':
      if (row.expanded === false) {
        return { do: 'expand', at: active };
      }
      return row.expanded && rows.list[active + 1]?.parent === row.id
        ? move(active + 1)
        : null;
    case 'ArrowLeft': {
      if (row.expanded) {
        return { do: 'collapse', at: active };
      }
      const parent = rows.indexOf(row.parent);
      return parent === -1 ? null : move(parent);
    }
    case 'Enter':
      return { do: 'activate', at: active };
    case ' ':
      return { do: 'select', at: active };
    case '*':
      return {
        do: 'expandAll',
        ids: rows.list
          .filter(
            other => other.parent === row.parent && other.expanded === false
          )
          .slice(0, EXPAND_SIBLINGS_MAX)
          .map(other => other.target)
      };
  }
  // No name begins with a slash: it is a shortcut.
  return key.length === 1 && key !== '/' ? { do: 'type', text: key } : null;
}

/**
 * Next row whose name begins with what was typed, going round; -1 where there is none.
 *
 * One letter, also repeated, goes on from the active row; several look at the active row first.
 */
export function typeahead(
  rows: Rows,
  active: number,
  typed: string,
  nameOf: (id: string) => string | undefined
): number {
  const text = typed.toLocaleLowerCase();
  const isOneLetter = [...text].every(letter => letter === text[0]);
  const wanted = isOneLetter ? text.slice(0, 1) : text;
  const from = isOneLetter ? active + 1 : Math.max(0, active);
  for (let step = 0; step < rows.length; step++) {
    const index = (from + step) % rows.length;
    const row = rows.list[index]!;
    if (
      row.kind === 'node' &&
      nameOf(row.target)?.toLocaleLowerCase().startsWith(wanted)
    ) {
      return index;
    }
  }
  return -1;
}
