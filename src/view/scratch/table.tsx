import {
  caretDownIcon,
  caretUpIcon,
  closeIcon,
  searchIcon
} from '@jupyterlab/ui-components';
import React from 'react';

import { iconOfKind, tilesIcon, twistyIcon } from '../../icons';
import { numberFormat } from '../../intl';
import {
  chunksSentence,
  chunksText,
  formatDay,
  formatShare,
  goesSentence,
  goesText,
  urgencyOf
} from '../../lifetime';
import { formatBytes, formatCount, formatDate } from '../../text';
import { columnsFor } from '../../usageColumns';
import type { IColumn } from '../../usageColumns';
import type { Column } from '../../usageView';
import type { IUsage, IUsageRow } from '../../wire';
import { IconButton } from '../button';
import { useUsage } from './context';
import { Sign } from './sign';
import { Others } from './summary';
import { Legend } from './treemap';
import { kindName } from './words';

const ROW_PX = 28;
const HEADER_PX = 30;

/**
 * Rows that are drawn beyond the edges of what is visible.
 */
const OVERSCAN = 12;

/**
 * Width of the table, and the rows in the page: until it was measured.
 */
const AT_FIRST = { widthPx: 800, start: 0, end: 60 };

/**
 * The children of the place, heaviest first or as the user wants them. Only the rows that can be seen are in the page.
 *
 * It keeps the focus itself and names the active row by `aria-activedescendant`.
 */
export function Table(props: {
  usage: IUsage;
  scrollRef: React.RefObject<HTMLDivElement>;
}): React.JSX.Element {
  const { usage, scrollRef } = props;
  const { view, trans, run, can } = useUsage();
  const domId = React.useId();
  const rowsRef = React.useRef<HTMLDivElement>(null);
  const gridRef = React.useRef<HTMLDivElement>(null);
  const shownRef = React.useRef(AT_FIRST);
  const { rows, activeIndex } = view;
  const [{ widthPx, start, end }, setShown] = React.useState(AT_FIRST);
  const columns = columnsFor(widthPx, usage);
  const template = columns.map(({ track }) => track).join(' ');
  const heaviest = Math.max(1, ...usage.rows.slice(0, 1).map(r => r.bytes));

  // --- Measuring and scrolling ---

  const measure = React.useCallback(() => {
    const scroll = scrollRef.current;
    const list = rowsRef.current;
    if (!scroll || !list || scroll.clientHeight === 0) {
      return;
    }
    const top = scroll.scrollTop - list.offsetTop;
    const now = {
      widthPx: list.clientWidth,
      start: Math.max(0, Math.floor(top / ROW_PX) - OVERSCAN),
      end: Math.ceil((top + scroll.clientHeight) / ROW_PX) + OVERSCAN
    };
    const { current: before } = shownRef;
    if (
      before.widthPx !== now.widthPx ||
      before.start !== now.start ||
      before.end !== now.end
    ) {
      shownRef.current = now;
      setShown(now);
    }
  }, [scrollRef]);

  // Scrolls where another row becomes active or the view gets lower: else the user may scroll away from it.
  const activeRef = React.useRef(activeIndex);
  const bringActive = React.useCallback(() => {
    const scroll = scrollRef.current;
    const list = rowsRef.current;
    if (!scroll || !list || activeRef.current === -1) {
      return;
    }
    const top = list.offsetTop + activeRef.current * ROW_PX;
    if (top < scroll.scrollTop + HEADER_PX) {
      scroll.scrollTop = top - HEADER_PX;
    } else if (top + ROW_PX > scroll.scrollTop + scroll.clientHeight) {
      scroll.scrollTop = top + ROW_PX - scroll.clientHeight;
    }
  }, [scrollRef]);
  React.useLayoutEffect(() => {
    activeRef.current = activeIndex;
  });

  // What stands above the rows comes and goes.
  React.useLayoutEffect(measure);

  React.useEffect(() => {
    const scroll = scrollRef.current;
    if (!scroll) {
      return;
    }
    let frame = 0;
    const later = () => {
      cancelAnimationFrame(frame);
      frame = requestAnimationFrame(measure);
    };
    let heightPx = scroll.clientHeight;
    const observer = new ResizeObserver(() => {
      later();
      if (scroll.clientHeight < heightPx) {
        bringActive();
      }
      heightPx = scroll.clientHeight;
    });
    observer.observe(scroll);
    scroll.addEventListener('scroll', later, { passive: true });
    return () => {
      cancelAnimationFrame(frame);
      observer.disconnect();
      scroll.removeEventListener('scroll', later);
    };
  }, [bringActive, measure, scrollRef]);

  const activeKey = view.activeRow?.key;
  React.useLayoutEffect(bringActive, [activeKey, bringActive]);

  // --- Keys ---

  const openMenu = () => {
    const row = document.getElementById(`${domId}-${activeIndex}`);
    const box = row?.getBoundingClientRect();
    if (row && box) {
      row.dispatchEvent(
        new MouseEvent('contextmenu', {
          bubbles: true,
          cancelable: true,
          view: window,
          button: 2,
          clientX: box.left + Math.min(box.width / 2, 64),
          clientY: box.bottom
        })
      );
    }
  };

  const onKeyDown = (event: React.KeyboardEvent) => {
    if (
      event.target !== event.currentTarget ||
      event.ctrlKey ||
      event.metaKey ||
      (event.altKey && event.key !== 'ArrowLeft')
    ) {
      return;
    }
    const page = Math.max(
      1,
      Math.floor((scrollRef.current?.clientHeight ?? 0) / ROW_PX) - 2
    );
    const moves: { [key: string]: number } = {
      ArrowDown: activeIndex + 1,
      ArrowUp: activeIndex === -1 ? rows.length - 1 : activeIndex - 1,
      Home: 0,
      End: rows.length - 1,
      PageDown: activeIndex + page,
      PageUp: activeIndex - page
    };
    const to = moves[event.key];
    if (to !== undefined) {
      view.activate(to);
    } else if (event.key === 'Enter' && view.activeRow) {
      run(view.activeRow.kind === 'folder' ? 'look' : 'insert');
    } else if (event.key === 'ArrowRight' && can('look')) {
      run('look');
    } else if (event.key === 'Delete' && can('delete')) {
      run('delete');
    } else if (event.key === 'Backspace' || event.key === 'ArrowLeft') {
      view.leave();
    } else if (event.key === '/') {
      gridRef.current?.parentElement
        ?.querySelector<HTMLInputElement>('input')
        ?.focus();
    } else if (
      event.key === 'ContextMenu' ||
      (event.key === 'F10' && event.shiftKey)
    ) {
      openMenu();
    } else if (event.key === 'Escape' && activeIndex !== -1) {
      view.activateKey(null);
    } else {
      return;
    }
    event.preventDefault();
    event.stopPropagation();
  };

  const indexOfEvent = (target: EventTarget): number => {
    const element =
      target instanceof Element ? target.closest('[data-index]') : null;
    return Number(element?.getAttribute('data-index') ?? -1);
  };

  const drawn: number[] = [];
  for (let index = start; index < Math.min(end, rows.length); index++) {
    drawn.push(index);
  }
  // What the focus names must be in the page.
  if (activeIndex !== -1 && (activeIndex < start || activeIndex >= end)) {
    drawn.push(activeIndex);
  }

  return (
    <section
      className="jp-ZarrUsage-table"
      aria-label={trans.__('Contents')}
      style={{ ['--jp-zarrusage-columns' as string]: template }}
    >
      <div className="jp-ZarrUsage-tools">
        <SearchBox
          onLeave={() => gridRef.current?.focus({ preventScroll: true })}
        />
        <span className="jp-ZarrUsage-found" role="status">
          {view.search === ''
            ? trans._n(
                '%2 item',
                '%2 items',
                rows.length,
                formatCount(rows.length)
              )
            : trans.__(
                '%1 of %2',
                formatCount(rows.length),
                trans._n(
                  '%2 item',
                  '%2 items',
                  usage.rows.length,
                  formatCount(usage.rows.length)
                )
              )}
        </span>
        {view.showsMap ? <Legend usage={usage} /> : null}
        <IconButton
          icon={tilesIcon}
          label={
            view.showsMap
              ? trans.__('Hide the treemap')
              : trans.__('Show the treemap')
          }
          isPressed={view.showsMap}
          onClick={() => {
            view.showsMap = !view.showsMap;
          }}
        />
      </div>
      <div
        ref={gridRef}
        className="jp-ZarrUsage-grid"
        role="grid"
        aria-label={trans.__('Contents')}
        aria-rowcount={rows.length + 1}
        aria-colcount={columns.length}
        aria-activedescendant={
          activeIndex === -1 ? undefined : `${domId}-${activeIndex}`
        }
        tabIndex={0}
        onKeyDown={onKeyDown}
        onFocus={event => {
          if (
            event.target === event.currentTarget &&
            activeIndex === -1 &&
            event.currentTarget.matches(':focus-visible')
          ) {
            view.activate(0);
          }
        }}
        onMouseDown={event => {
          const index = indexOfEvent(event.target);
          if (index !== -1) {
            view.activate(index);
          }
        }}
        onDoubleClick={event => {
          if (indexOfEvent(event.target) !== -1 && view.activeRow) {
            run(view.activeRow.kind === 'folder' ? 'look' : 'insert');
          }
        }}
      >
        <div className="jp-ZarrUsage-heads" role="row" aria-rowindex={1}>
          {columns.map(column => (
            <Head key={column.id} column={column} />
          ))}
        </div>
        <div
          ref={rowsRef}
          className="jp-ZarrUsage-rows"
          role="rowgroup"
          style={{ height: rows.length * ROW_PX }}
        >
          {drawn.map(index => (
            <TableRow
              key={rows[index]!.key}
              domId={`${domId}-${index}`}
              row={rows[index]!}
              index={index}
              isActive={index === activeIndex}
              columns={columns}
              total={usage.bytes}
              heaviest={heaviest}
            />
          ))}
        </div>
      </div>
      {rows.length === 0 ? (
        <p className="jp-ZarrUsage-others" role="status">
          {trans.__('No name holds “%1”.', view.search)}
        </p>
      ) : null}
      <Others usage={usage} />
    </section>
  );
}

function SearchBox(props: { onLeave(): void }): React.JSX.Element {
  const { view, trans } = useUsage();
  return (
    <div className="jp-ZarrBrowser-box">
      <searchIcon.react tag="span" className="jp-ZarrBrowser-boxIcon" />
      <input
        className="jp-ZarrBrowser-input"
        type="text"
        spellCheck={false}
        placeholder={trans.__('Search by name')}
        aria-label={trans.__('Search by name')}
        value={view.search}
        onChange={event => {
          view.search = event.target.value;
        }}
        onKeyDown={event => {
          if (event.key === 'Escape' && view.search !== '') {
            view.search = '';
            event.stopPropagation();
          } else if (event.key === 'ArrowDown' || event.key === 'Enter') {
            event.preventDefault();
            props.onLeave();
            view.activate(0);
          }
        }}
      />
      {view.search === '' ? null : (
        <IconButton
          icon={closeIcon}
          label={trans.__('Clear search')}
          className="jp-ZarrBrowser-boxButton"
          onClick={() => {
            view.search = '';
          }}
        />
      )}
    </div>
  );
}

function Head(props: { column: IColumn }): React.JSX.Element {
  const { view, trans } = useUsage();
  const { id } = props.column;
  const labels: { [each in IColumn['id']]: string } = {
    name: trans.__('Name'),
    bytes: trans.__('Size'),
    share: trans.__('Share'),
    objects: trans.__('Objects'),
    oldest: trans.__('Oldest'),
    newest: trans.__('Newest'),
    goes: trans.__('Deleted after'),
    chunks: trans.__('Chunks')
  };
  const by: Column = id === 'share' ? 'bytes' : id;
  const isSorted = id !== 'share' && view.sort.by === by;
  const Caret = view.sort.isDescending ? caretDownIcon : caretUpIcon;
  return (
    <div
      role="columnheader"
      className="jp-ZarrUsage-head"
      data-column={id}
      aria-sort={
        isSorted
          ? view.sort.isDescending
            ? 'descending'
            : 'ascending'
          : undefined
      }
    >
      <button
        type="button"
        title={trans.__('Sort by %1', labels[by])}
        onClick={() => view.sortBy(by)}
      >
        <span className="jp-ZarrUsage-headLabel">{labels[id]}</span>
        {isSorted ? <Caret.react tag="span" aria-hidden /> : null}
      </button>
    </div>
  );
}

interface ITableRowProps {
  row: IUsageRow;
  domId: string;
  index: number;
  isActive: boolean;
  columns: readonly IColumn[];
  total: number;
  heaviest: number;
}

const TableRow = React.memo(
  function TableRow(props: ITableRowProps): React.JSX.Element {
    const { row, index, isActive, columns } = props;
    return (
      <div
        id={props.domId}
        className="jp-ZarrUsage-row"
        role="row"
        aria-rowindex={index + 2}
        aria-selected={isActive}
        data-index={index}
        data-key={row.key}
        data-kind={row.kind}
        style={{ top: index * ROW_PX }}
      >
        {columns.map(({ id }) => (
          <div
            key={id}
            role="gridcell"
            className="jp-ZarrUsage-cell"
            data-column={id}
          >
            <Cell {...props} id={id} />
          </div>
        ))}
      </div>
    );
  },
  (one, other) =>
    one.row === other.row &&
    one.index === other.index &&
    one.domId === other.domId &&
    one.isActive === other.isActive &&
    one.total === other.total &&
    one.heaviest === other.heaviest &&
    one.columns.length === other.columns.length &&
    one.columns.every(({ id }, at) => id === other.columns[at]!.id)
);

function Cell(
  props: ITableRowProps & { id: IColumn['id'] }
): React.JSX.Element | null {
  const { row, total, heaviest, columns } = props;
  const { view, trans } = useUsage();
  const now = Date.now();
  switch (props.id) {
    case 'name':
      return (
        <NameCell
          row={row}
          isDamageShown={!columns.some(({ id }) => id === 'chunks')}
          onLook={() => view.enter(row)}
        />
      );
    case 'bytes':
      return <span title={sizeTitle(row)}>{formatBytes(row.bytes)}</span>;
    case 'share': {
      const share = total > 0 ? row.bytes / total : 0;
      return (
        <>
          <span className="jp-ZarrUsage-bar" aria-hidden>
            <span
              className="jp-ZarrUsage-barFill"
              style={{ width: `${(row.bytes / heaviest) * 100}%` }}
            />
          </span>
          <span>{formatShare(share)}</span>
        </>
      );
    }
    case 'objects':
      return <span>{formatCount(row.objects)}</span>;
    case 'oldest':
    case 'newest': {
      const at = props.id === 'oldest' ? row.oldestAt : row.newestAt;
      return at === null ? (
        <span className="jp-ZarrBrowser-quiet">–</span>
      ) : (
        <span title={formatDate(at)}>{formatDay(at, now)}</span>
      );
    }
    case 'goes': {
      const urgency = urgencyOf(row, now);
      return (
        <span
          className="jp-ZarrUsage-goes"
          data-urgency={urgency}
          title={goesSentence(row, now, trans)}
        >
          {urgency === 'none' ? null : <Sign />}
          <span>{goesText(row.expiresAt, now, trans)}</span>
        </span>
      );
    }
    case 'chunks':
      return row.chunks ? (
        <span
          className="jp-ZarrUsage-chunks"
          data-verdict={row.chunks.verdict}
          title={chunksSentence(row.chunks, trans)}
        >
          {row.chunks.verdict === 'deleted' ? <Sign /> : null}
          <span>{chunksText(row.chunks, trans)}</span>
        </span>
      ) : null;
  }
}

function NameCell(props: {
  row: IUsageRow;
  isDamageShown: boolean;
  onLook(): void;
}): React.JSX.Element {
  const { row, onLook } = props;
  const { trans } = useUsage();
  const Icon = iconOfKind(row.kind);
  const kind = kindName(row.kind, trans);
  const isDamaged = props.isDamageShown && row.chunks?.verdict === 'deleted';
  return (
    <>
      <Icon.react
        tag="span"
        className="jp-ZarrBrowser-icon"
        title={kind}
        aria-hidden
      />
      <span className="jp-ZarrUsage-name" title={row.name}>
        {row.name}
      </span>
      <span className="jp-ZarrBrowser-live">{kind}</span>
      {isDamaged && row.chunks ? (
        <span
          className="jp-ZarrUsage-chunks"
          data-verdict="deleted"
          title={chunksSentence(row.chunks, trans)}
        >
          <Sign />
          <span className="jp-ZarrBrowser-live">
            {chunksText(row.chunks, trans)}
          </span>
        </span>
      ) : null}
      {row.key.endsWith('/') ? (
        <button
          type="button"
          className="jp-ZarrUsage-look"
          tabIndex={-1}
          title={trans.__('Look inside')}
          aria-label={trans.__('Look inside %1', row.name)}
          onMouseDown={event => event.preventDefault()}
          onDoubleClick={event => event.stopPropagation()}
          onClick={onLook}
        >
          <twistyIcon.react tag={null} />
        </button>
      ) : null}
    </>
  );
}

function sizeTitle(row: IUsageRow): string {
  return numberFormat(undefined, {
    style: 'unit',
    unit: 'byte',
    unitDisplay: 'long'
  }).format(row.bytes);
}
