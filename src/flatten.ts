import { idOf, isContainer, isNote, ownPartOf } from './nodes';
import type { TreeNode } from './nodes';
import { Rows, rowId } from './rows';
import type { IRow, RowKind } from './rows';
import type { IProblem } from './wire';
import { lineCount } from './wrap';
import type { Measure } from './wrap';

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
   * Whether somebody collapsed a container, so that matches and messages below it stay hidden.
   */
  isShut(id: string): boolean;
  /**
   * What the server filters the children by; null where there is no such filter.
   */
  prefix(id: string): string | null;
}

export interface ILayout {
  readonly widthPx: number;
  readonly rowPx: number;
  readonly measure: Measure;
}

/**
 * Stands in until the tree has been laid out.
 */
export const FIRST_LAYOUT: ILayout = {
  widthPx: 300,
  rowPx: 24,
  measure: text => text.length * 6.6
};

type Draft = { -readonly [K in keyof IRow]: IRow[K] };

/**
 * Pixels of a message, as the style sheet has them: line height, indent of one level, what the padding on both sides and
 * the icon take of the width, padding above and below, button with the gap above it.
 */
const NOTE = {
  linePx: 17,
  indentPx: 12,
  chromePx: 52,
  leastPx: 80,
  paddingPx: 6,
  buttonPx: 26,
  maxLines: 12
};

/**
 * Stands for what the view puts before the reason why members are unknown, in any language.
 */
const UNKNOWN_LEAD = 'Members unknown: ';

/**
 * Height of a message in rows.
 */
export function noteSlots(
  problem: IProblem,
  level: number,
  layout: ILayout,
  hasButton: boolean
): number {
  const widthPx = Math.max(
    NOTE.leastPx,
    layout.widthPx - NOTE.chromePx - (level - 1) * NOTE.indentPx
  );
  const [message, hint] = [problem.message, problem.hint].map(text =>
    lineCount(text, widthPx, layout.measure, NOTE.maxLines)
  ) as [number, number];
  const lines = Math.min(NOTE.maxLines, message + hint);
  const heightPx =
    Math.max(1, lines) * NOTE.linePx +
    NOTE.paddingPx +
    (hasButton ? NOTE.buttonPx : 0);
  return Math.ceil(heightPx / layout.rowPx);
}

/**
 * The state as rows, from top to bottom.
 */
export function flatten(
  state: ITreeState,
  layout: ILayout = FIRST_LAYOUT
): Rows {
  const list: Draft[] = [];
  const needle = state.filter.toLocaleLowerCase();
  let matches = 0;

  const slotsOf = (kind: RowKind, problem: IProblem, level: number) => {
    const message =
      kind === 'unknown' ? UNKNOWN_LEAD + problem.message : problem.message;
    const hasButton =
      (kind === 'error' || kind === 'unknown') && !isNote(problem);
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
      extra(isNote(listing.error) ? 'note' : 'error', listing.error);
    }
    for (const child of ownFirst(node, [...listed, ...pinned])) {
      const row = visit(child, id, level, position + 1);
      if (row) {
        position++;
        drafts.push(row);
        hasMatch = true;
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
      // Whoever has collapsed it has read it.
      !state.isShut(id) &&
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
 * The children of a scratch that many share, one's own part before those of the others.
 */
function ownFirst(
  node: TreeNode | undefined,
  children: readonly string[]
): readonly string[] {
  const own = node ? ownPartOf(node) : null;
  const at = own ? children.indexOf(idOf(own)) : -1;
  return at === -1
    ? children
    : [children[at]!, ...children.slice(0, at), ...children.slice(at + 1)];
}
