import React from 'react';

import { tilesIcon } from '../../icons';
import { columnsFor } from '../../usageColumns';
import type { IUsage } from '../../wire';
import { IconButton } from '../button';
import { ROW_PX, TableRow } from './cells';
import { useUsage } from './context';
import { Head } from './heads';
import { SearchBox } from './search';
import { Others } from './summary';
import { Legend } from './treemap';
import { useWindow } from './useWindow';
import { foundText, notFoundText } from './words';

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
  const { rows, activeIndex } = view;
  const { widthPx, start, end } = useWindow({
    scrollRef,
    rowsRef,
    activeIndex,
    activeKey: view.activeRow?.key
  });
  const columns = columnsFor(widthPx, usage);
  const template = columns.map(({ track }) => track).join(' ');

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
          {foundText(rows.length, view.search, usage, trans)}
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
            />
          ))}
        </div>
      </div>
      {rows.length === 0 ? (
        <p className="jp-ZarrUsage-others" role="status">
          {notFoundText(view.search, usage, trans)}
        </p>
      ) : null}
      <Others usage={usage} />
    </section>
  );
}
