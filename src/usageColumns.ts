import type { Column } from './usageView';
import type { IUsage } from './wire';

/**
 * A column of the table, with its place in a CSS grid.
 */
export interface IColumn {
  readonly id: Column | 'share';
  readonly track: string;
}

const TRACKS: { readonly [id in IColumn['id']]: string } = {
  name: 'minmax(96px, 1fr)',
  bytes: '76px',
  share: '116px',
  objects: '84px',
  oldest: '92px',
  newest: '92px',
  goes: '128px',
  chunks: '128px'
};

const NARROW = { bytes: '64px', goes: '120px' };

/**
 * Widths in pixels from on which columns are shown; those that matter less need more.
 */
const FROM: { readonly [id in IColumn['id']]: number } = {
  name: 0,
  bytes: 0,
  goes: 0,
  chunks: 620,
  objects: 480,
  share: 560,
  newest: 780,
  oldest: 780
};

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
 * The columns that a table of a width has room for, and something to say in.
 */
export function columnsFor(
  widthPx: number,
  usage: Pick<IUsage, 'rows' | 'lifetimeDays'>
): readonly IColumn[] {
  const isUseful = (id: IColumn['id']) =>
    id === 'goes'
      ? usage.rows.some(({ expiresAt }) => expiresAt !== null)
      : id === 'chunks'
        ? usage.rows.some(({ chunks }) => chunks !== null)
        : true;
  const tracks = widthPx < FROM.objects ? { ...TRACKS, ...NARROW } : TRACKS;
  return ORDER.filter(id => widthPx >= FROM[id] && isUseful(id)).map(id => ({
    id,
    track: tracks[id]
  }));
}
