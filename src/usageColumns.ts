import type { Column } from './usageView';
import type { IUsage } from './wire';

/**
 * A column of the table, with its place in a CSS grid.
 */
export interface IColumn {
  readonly id: Column | 'share';
  readonly track: string;
  /**
   * Whether there is room for a word or two only.
   */
  readonly isShort: boolean;
}

/**
 * Pixels of a column; those of a name are the least that it may have beside others that can be done without.
 */
const WIDTHS: { readonly [id in IColumn['id']]: number } = {
  name: 180,
  bytes: 76,
  share: 116,
  objects: 84,
  oldest: 92,
  newest: 92,
  goes: 128,
  chunks: 128
};

/**
 * In a tab beside others, and in one that is as narrow as a sidebar. What is gone below the last is told with the name.
 */
const NARROW = { name: 96, bytes: 64, goes: 120 };
const NARROWEST = { name: 60, bytes: 60, goes: 70 };

/**
 * Between two columns, and beside the first and the last; as the style sheet has them.
 */
const GAP_PX = 12;
const PADDING_PX = 16;
const NARROW_GAP_PX = 8;
const NARROW_PADDING_PX = 12;

/**
 * Columns that come as soon as there is room for them, in this order.
 */
const OPTIONAL: readonly IColumn['id'][] = [
  'objects',
  'share',
  'chunks',
  'newest',
  'oldest'
];

const ORDER: readonly IColumn['id'][] = [
  'name',
  'bytes',
  'share',
  'objects',
  'oldest',
  'newest',
  'goes',
  'chunks'
];

/**
 * The columns that a table of a width has room for, and something to say in. They fit, unless it is narrower than a sidebar.
 */
export function columnsFor(
  widthPx: number,
  usage: Pick<IUsage, 'rows'>
): readonly IColumn[] {
  const goes = usage.rows.some(({ expiresAt }) => expiresAt !== null);
  const least: IColumn['id'][] = goes
    ? ['name', 'bytes', 'goes']
    : ['name', 'bytes'];
  if (widthPx >= widthOf(least, WIDTHS, GAP_PX, PADDING_PX)) {
    const shown = new Set(least);
    for (const id of OPTIONAL) {
      if (
        id === 'chunks' &&
        usage.rows.every(({ chunks, damage }) => !chunks && damage === null)
      ) {
        continue;
      }
      shown.add(id);
      if (widthPx < widthOf([...shown], WIDTHS, GAP_PX, PADDING_PX)) {
        shown.delete(id);
        break;
      }
    }
    return ORDER.filter(id => shown.has(id)).map(id => column(id, WIDTHS));
  }
  const fits = (widths: Partial<typeof WIDTHS>) =>
    widthPx >= widthOf(least, widths, NARROW_GAP_PX, NARROW_PADDING_PX);
  return fits(NARROW)
    ? least.map(id => column(id, NARROW))
    : (fits(NARROWEST) ? least : least.slice(0, 2)).map(id =>
        column(id, NARROWEST, true)
      );
}

function widthOf(
  ids: readonly IColumn['id'][],
  widths: Partial<typeof WIDTHS>,
  gapPx: number,
  paddingPx: number
): number {
  return ids.reduce(
    (sum, id) => sum + (widths[id] ?? 0) + gapPx,
    paddingPx - gapPx
  );
}

function column(
  id: IColumn['id'],
  widths: Partial<typeof WIDTHS>,
  isShort = false
): IColumn {
  const px = `${widths[id] ?? WIDTHS[id]}px`;
  // Beyond what was reckoned with, a name gives way before anything is cut off.
  const track = id === 'name' ? `minmax(${NARROWEST.name}px, 1fr)` : px;
  return { id, track, isShort };
}
