import React from 'react';

import { formatShare, goesText, isDamaged, urgencyOf } from '../../lifetime';
import { formatBytes } from '../../text';
import { squarify } from '../../treemap';
import type { IUsage, IUsageRow } from '../../wire';
import { useUsage } from './context';
import { Sign } from './sign';

/**
 * Tiles; what is lighter is one tile together.
 */
const TILES = 60;

/**
 * Pixels from which on a tile has room for its name, and for its size below.
 */
const NAME_PX = { width: 44, height: 18 };
const SIZE_PX = { width: 52, height: 36 };

/**
 * Sizes as areas: people look before they read. What the table says is all here, so it is one picture to screen readers.
 */
export function Treemap(props: { usage: IUsage }): React.JSX.Element | null {
  const { usage } = props;
  const { view, trans, run } = useUsage();
  const boxRef = React.useRef<HTMLDivElement>(null);
  const [[width, height], setSize] = React.useState<[number, number]>([0, 0]);

  React.useLayoutEffect(() => {
    const box = boxRef.current;
    if (!box) {
      return;
    }
    const measure = () => setSize([box.clientWidth, box.clientHeight]);
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(box);
    return () => observer.disconnect();
  }, []);

  const tiles = React.useMemo(
    () => tilesOf(usage, width, height),
    [usage, width, height]
  );
  const now = Date.now();
  const activeKey = view.activeRow?.key ?? null;
  const shown = view.search === '' ? null : new Set(view.rows);

  return (
    <div className="jp-ZarrUsage-map">
      <div
        ref={boxRef}
        className="jp-ZarrUsage-tiles"
        role="img"
        aria-label={trans.__('Sizes as areas, the same as in the table')}
      >
        {tiles.map(({ item: row, x, y, ...tile }) => {
          const urgency = row ? urgencyOf(row, now) : 'none';
          const isWarned =
            urgency !== 'none' || (row !== null && isDamaged(row));
          const name = row ? row.name : trans.__('others');
          const bytes = row ? row.bytes : lighterBytes(usage);
          const size = formatBytes(bytes);
          return (
            <div
              key={row ? row.key : ''}
              className="jp-ZarrUsage-tile"
              data-kind={row?.kind ?? 'others'}
              data-urgency={urgency}
              data-damaged={(row && isDamaged(row)) || undefined}
              data-active={(row && row.key === activeKey) || undefined}
              data-faded={(shown && (!row || !shown.has(row))) || undefined}
              title={
                row
                  ? trans.__(
                      '%1: %2 (%3)%4',
                      name,
                      size,
                      formatShare(row.bytes / Math.max(1, usage.bytes)),
                      row.expiresAt === null
                        ? ''
                        : `\n${trans.__('Deleted after: %1', goesText(row.expiresAt, now, trans))}`
                    )
                  : trans.__('%1: %2', name, size)
              }
              style={{
                left: x,
                top: y,
                width: tile.width,
                height: tile.height
              }}
              onClick={() => view.activateKey(row?.key ?? null)}
              onDoubleClick={() => {
                if (row) {
                  run(row.kind === 'folder' ? 'look' : 'insert');
                }
              }}
            >
              {tile.width >= NAME_PX.width && tile.height >= NAME_PX.height ? (
                <span className="jp-ZarrUsage-tileName">
                  {isWarned ? <Sign /> : null}
                  {name}
                </span>
              ) : null}
              {tile.width >= SIZE_PX.width && tile.height >= SIZE_PX.height ? (
                <span className="jp-ZarrUsage-tileSize">{size}</span>
              ) : null}
            </div>
          );
        })}
      </div>
    </div>
  );
}

function tilesOf(usage: IUsage, width: number, height: number) {
  // Rows come heaviest first.
  const items: { item: IUsageRow | null; weight: number }[] = usage.rows
    .filter(({ bytes }) => bytes > 0)
    .sort((one, other) => other.bytes - one.bytes)
    .slice(0, TILES)
    .map(row => ({ item: row, weight: row.bytes }));
  const lighter = lighterBytes(usage);
  if (lighter > 0) {
    items.push({ item: null, weight: lighter });
    items.sort((one, other) => other.weight - one.weight);
  }
  return squarify(items, width, height);
}

/**
 * Bytes of all that has no tile of its own.
 */
function lighterBytes(usage: IUsage): number {
  return [...usage.rows]
    .sort((one, other) => other.bytes - one.bytes)
    .slice(TILES)
    .reduce((sum, { bytes }) => sum + bytes, usage.otherBytes);
}

/**
 * What the colours mean that are to be seen.
 */
export function Legend(props: { usage: IUsage }): React.JSX.Element {
  const { trans } = useUsage();
  const { rows } = props.usage;
  const now = Date.now();
  const isPlain = ({ kind }: IUsageRow) =>
    kind === 'folder' || kind === 'object';
  const entries = [
    {
      word: trans.__('deleted within 24 h'),
      mark: { 'data-urgency': 'day' },
      isShown: rows.some(
        row => urgencyOf(row, now) !== 'none' && !isDamaged(row)
      )
    },
    {
      word: trans.__('damaged'),
      mark: { 'data-damaged': 'true' },
      isShown: rows.some(isDamaged)
    },
    {
      word: trans.__('Zarr'),
      mark: { 'data-kind': 'dataset' },
      isShown: rows.some(row => !isPlain(row))
    },
    {
      word: trans.__('other'),
      mark: { 'data-kind': 'folder' },
      isShown: rows.some(isPlain)
    }
  ];
  return (
    <span className="jp-ZarrUsage-legend" aria-hidden>
      {entries
        .filter(({ isShown }) => isShown)
        .map(({ word, mark }) => (
          <span key={word}>
            <span className="jp-ZarrUsage-tile jp-ZarrUsage-swatch" {...mark} />
            {word}
          </span>
        ))}
    </span>
  );
}
