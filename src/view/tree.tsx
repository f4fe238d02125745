import React from 'react';

import { trackDrag } from '../drag';
import { iconOf } from '../icons';
import { intentOf, typeahead } from '../keys';
import {
  effectiveNode,
  hasSnippets,
  idOf,
  isStoreRoot,
  isUndecided,
  locationOf,
  ownPartOf
} from '../nodes';
import type { TreeNode } from '../nodes';
import { rowId, scrollFor, windowOf } from '../rows';
import type { IRow } from '../rows';
import type { ISnippet } from '../wire';
import type { Measure } from '../wrap';
import { usePanel } from './context';
import { Row } from './row';
import { EndpointsProblem, TreeState } from './states';
import { useDrops } from './useDrops';
import type { IDropHint } from './useDrops';
import { useSnapshot } from './useSnapshot';

/**
 * Milliseconds after which typing starts a new word.
 */
const TYPEAHEAD_MS = 700;

/**
 * Milliseconds that opening a row waits until it is known what the row is.
 */
const RECOGNISE_MS = 2000;

/**
 * Height of a row: that of JupyterLab's lists, more where the interface font is larger.
 */
const ROW_MIN_PX = 24;
const ROW_PER_FONT = 1.84;

/**
 * Rows below a box that filters on the server that are scrolled into view with it.
 */
const FOUND_ROWS = 3;

interface IViewport {
  readonly topPx: number;
  readonly heightPx: number;
}

/**
 * The tree: all rows as one list, of which only the visible ones are in the page.
 *
 * It keeps the focus itself and names the active row by `aria-activedescendant`: so the focus cannot get lost when a
 * row goes away.
 */
export function Tree(props: {
  treeRef: React.RefObject<HTMLDivElement>;
}): React.JSX.Element {
  const { treeRef } = props;
  const panel = usePanel();
  const { manage, model, state, trans } = panel;
  useSnapshot(model.changed, () => model.version);
  const [viewport, setViewport] = React.useState<IViewport>({
    topPx: 0,
    heightPx: 0
  });
  const [rowPx, setRowPx] = React.useState(ROW_MIN_PX);

  const drop = useDrops({ treeRef, model, manage, trans });

  const rows = model.rows;
  const activeIndex = model.activeIndex;
  const active = rows.list[activeIndex];

  // --- Measuring and scrolling ---

  const frame = React.useRef(0);
  const onScroll = () => {
    cancelAnimationFrame(frame.current);
    frame.current = requestAnimationFrame(() => {
      const tree = treeRef.current;
      if (tree) {
        setViewport({ topPx: tree.scrollTop, heightPx: tree.clientHeight });
      }
    });
  };

  React.useLayoutEffect(() => {
    const tree = treeRef.current;
    if (!tree) {
      return;
    }
    const measure = () => {
      if (tree.clientHeight === 0) {
        return;
      }
      const style = getComputedStyle(tree);
      const fontPx = parseFloat(style.fontSize) || 13;
      const height = Math.max(ROW_MIN_PX, Math.round(fontPx * ROW_PER_FONT));
      setRowPx(height);
      setViewport({ topPx: tree.scrollTop, heightPx: tree.clientHeight });
      model.setLayout({
        widthPx: tree.clientWidth,
        rowPx: height,
        measure: measureOf(style)
      });
    };
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(tree);
    return () => {
      observer.disconnect();
      cancelAnimationFrame(frame.current);
    };
  }, [model, treeRef]);

  // Rows that come or go above what is visible do not move it.
  const anchor = React.useRef({
    id: '',
    shiftPx: 0,
    filter: '',
    activeId: '',
    isActiveSeen: false
  });
  React.useLayoutEffect(() => {
    const tree = treeRef.current;
    if (!tree) {
      return;
    }
    const { id, shiftPx, filter } = anchor.current;
    const index = rows.indexOf(id);
    if (tree.scrollTop > 0 && index !== -1 && filter === model.filter) {
      const topPx = rows.offsetOf(index) * rowPx + shiftPx;
      if (Math.abs(topPx - tree.scrollTop) >= 1) {
        tree.scrollTop = topPx;
      }
    }
  }, [rows, rowPx, model, treeRef]);

  // What becomes active is scrolled into view, and what was in view stays there when rows come and go or the tree gets
  // lower. The view is not taken away from where the user has scrolled.
  const activeId = active?.id ?? '';
  const activeKind = active?.kind;
  React.useLayoutEffect(() => {
    const tree = treeRef.current;
    const before = anchor.current;
    if (!tree || activeIndex === -1 || tree.clientHeight === 0) {
      return;
    }
    const isSame =
      before.activeId === activeId && before.filter === model.filter;
    // "Load more" moves on to the end of what it brings, and what it brings is to be seen.
    if (isSame && (!before.isActiveSeen || activeKind === 'more')) {
      return;
    }
    const topPx = scrollFor(
      rows,
      activeIndex,
      tree.scrollTop,
      tree.clientHeight,
      rowPx
    );
    if (topPx !== tree.scrollTop) {
      tree.scrollTop = topPx;
      setViewport({ topPx: tree.scrollTop, heightPx: tree.clientHeight });
    }
  }, [
    activeId,
    activeIndex,
    activeKind,
    model,
    model.filter,
    rowPx,
    rows,
    treeRef,
    viewport.heightPx
  ]);

  // A box that filters on the server is scrolled into view when it opens, and what it finds when that comes.
  const prefixes = React.useRef<ReadonlyMap<string, string | null>>(new Map());
  const soughtId = React.useRef<string | null>(null);
  React.useLayoutEffect(() => {
    const tree = treeRef.current;
    const before = prefixes.current;
    prefixes.current = new Map(
      model.prefixIds.map(id => [id, model.prefix(id)])
    );
    for (const [id, prefix] of prefixes.current) {
      if (before.get(id) !== prefix) {
        soughtId.current = id;
      }
    }
    const id = soughtId.current;
    const index = id === null ? -1 : rows.indexOf(rowId(id, 'prefix'));
    if (!tree || tree.clientHeight === 0 || id === null || index === -1) {
      return;
    }
    let last = index;
    while (
      last < index + FOUND_ROWS &&
      (rows.list[last + 1]?.level ?? 0) >= rows.list[index]!.level
    ) {
      last++;
    }
    let topPx = tree.scrollTop;
    for (const shown of [last, index]) {
      topPx = scrollFor(rows, shown, topPx, tree.clientHeight, rowPx);
    }
    if (topPx !== tree.scrollTop) {
      tree.scrollTop = topPx;
      setViewport({ topPx: tree.scrollTop, heightPx: tree.clientHeight });
    }
    if (!model.isLoading(id)) {
      soughtId.current = null;
    }
  }, [model, model.version, rows, rowPx, treeRef]);

  React.useLayoutEffect(() => {
    const tree = treeRef.current;
    const topPx = tree?.scrollTop ?? 0;
    const heightPx = tree?.clientHeight ?? 0;
    const first = rows.at(topPx / rowPx);
    const row = rows.list[first];
    anchor.current = {
      id: row?.id ?? '',
      shiftPx: topPx - rows.offsetOf(first) * rowPx,
      filter: model.filter,
      activeId,
      isActiveSeen:
        activeIndex !== -1 &&
        scrollFor(rows, activeIndex, topPx, heightPx, rowPx) === topPx
    };
  });

  const { start, end } = windowOf(
    rows,
    viewport.topPx,
    viewport.heightPx,
    rowPx
  );

  React.useEffect(() => {
    model.seen(
      rows.list
        .slice(start, end)
        .filter(row => row.kind === 'node')
        .map(row => row.target)
    );
  }, [model, rows, start, end]);

  // --- Doing ---

  const insert = (node: TreeNode) => panel.run('insert', node);

  /**
   * Code for a row, once it is known what it is.
   */
  const snippetsOf = async (id: string): Promise<readonly ISnippet[]> => {
    const node = await model.recognised(id);
    return node && hasSnippets(node) ? model.snippets(effectiveNode(node)) : [];
  };

  const [undecidedId, setUndecidedId] = React.useState<string | null>(null);

  const activateNode = async (row: IRow) => {
    const id = row.target;
    let node = model.node(id);
    if (node && isUndecided(node)) {
      if (undecidedId === id) {
        return;
      }
      setUndecidedId(id);
      await within(RECOGNISE_MS, model.recognised(id));
      setUndecidedId(now => (now === id ? null : now));
      // Who has moved on no longer wants it.
      if (model.activeRow?.id !== row.id) {
        return;
      }
      node = model.node(id);
    }
    if (node && hasSnippets(node) && node.kind !== 'endpoint') {
      insert(node);
    } else if (model.activeRow?.expanded === row.expanded) {
      model.toggle(id);
    }
  };

  const activateRow = (row: IRow) => {
    switch (row.kind) {
      case 'node':
        void activateNode(row);
        break;
      case 'more':
        void model.loadMore(row.target);
        break;
      case 'error':
      case 'unknown':
      case 'note':
        void model.retry(row.target);
        break;
      case 'prefix':
        treeRef.current
          ?.querySelector<HTMLInputElement>('.jp-ZarrBrowser-prefix input')
          ?.focus();
        break;
      case 'empty':
        break;
    }
  };

  const isMenuOurs = React.useRef(false);
  const openMenu = async (index: number, x: number | null, y = 0) => {
    const row = rows.list[index];
    const node = row && model.node(row.target);
    if (!row || !node) {
      return;
    }
    if (
      isUndecided(node) ||
      (hasSnippets(node) && model.snippetsNow(effectiveNode(node)) === null)
    ) {
      await within(state.menuWaitMs, snippetsOf(row.target));
    }
    const element = document.getElementById(domIdOf(row));
    if (!element) {
      return;
    }
    const box = element.getBoundingClientRect();
    panel.menuOpening(model.node(row.target) ?? node);
    isMenuOurs.current = true;
    element.dispatchEvent(
      new MouseEvent('contextmenu', {
        bubbles: true,
        cancelable: true,
        view: window,
        button: 2,
        clientX: x ?? box.left + Math.min(box.width / 2, 64),
        clientY: x === null ? box.bottom : y
      })
    );
    isMenuOurs.current = false;
  };

  const indexOfEvent = (target: EventTarget): number => {
    const element =
      target instanceof Element ? target.closest('[data-row]') : null;
    return rows.indexOf(element?.getAttribute('data-row') ?? null);
  };

  // --- Events ---

  const typed = React.useRef({ text: '', at: 0 });

  const onKeyDown = (event: React.KeyboardEvent) => {
    if (event.target !== event.currentTarget) {
      return;
    }
    const now = Date.now();
    const isTyping =
      typed.current.text !== '' && now - typed.current.at < TYPEAHEAD_MS;
    const isSpace =
      event.key === ' ' && isTyping && !event.ctrlKey && !event.metaKey;
    const pageRows = Math.floor(viewport.heightPx / rowPx) - 1;
    const intent = isSpace
      ? ({ do: 'type', text: ' ' } as const)
      : intentOf(rows, activeIndex, event, pageRows);
    if (!intent) {
      return;
    }
    event.preventDefault();
    event.stopPropagation();
    if (intent.do !== 'type') {
      typed.current = { text: '', at: 0 };
    }
    switch (intent.do) {
      case 'move':
        model.activate(intent.to);
        break;
      case 'expand':
      case 'collapse':
        model.toggle(rows.list[intent.at]!.target);
        break;
      case 'activate':
        activateRow(rows.list[intent.at]!);
        break;
      case 'select':
        model.activate(intent.at);
        state.areDetailsOpen = true;
        break;
      case 'menu':
        void openMenu(intent.at, null);
        break;
      case 'expandAll':
        void model.expandAll(intent.ids);
        break;
      case 'type': {
        const text = (isTyping ? typed.current.text : '') + intent.text;
        typed.current = { text, at: now };
        const to = typeahead(
          rows,
          activeIndex,
          text,
          id => model.node(id)?.name
        );
        if (to !== -1) {
          model.activate(to);
        }
        break;
      }
    }
  };

  const onPointerDown = (event: React.PointerEvent) => {
    const index = indexOfEvent(event.target);
    const row = rows.list[index];
    if (!row) {
      return;
    }
    model.activate(index);
    const node = model.node(row.target);
    if (
      event.button === 0 &&
      event.pointerType !== 'touch' &&
      row.kind === 'node' &&
      node &&
      (hasSnippets(node) || isUndecided(node))
    ) {
      trackDrag(event, {
        snippet: snippetsOf(row.target).then(snippets => snippets[0] ?? null),
        makeImage: () => dragImage(model.node(row.target) ?? node),
        drop: panel.drop
      });
    }
  };

  const onDoubleClick = (event: React.MouseEvent) => {
    const row = rows.list[indexOfEvent(event.target)];
    if (row?.kind === 'node') {
      if (state.doubleClick === 'expand' && row.expanded !== null) {
        model.toggle(row.target);
      } else {
        activateRow(row);
      }
    }
  };

  const onContextMenu = (event: React.MouseEvent) => {
    const index = indexOfEvent(event.target);
    if (isMenuOurs.current || event.shiftKey || index === -1) {
      return;
    }
    event.preventDefault();
    event.stopPropagation();
    model.activate(index);
    void openMenu(index, event.clientX, event.clientY);
  };

  const focusTree = () => treeRef.current?.focus({ preventScroll: true });

  const handlers = {
    onToggle: (id: string) => {
      model.select(locationOf(id));
      model.toggle(id);
    },
    onRetry: (id: string) => void model.retry(id),
    onMore: (id: string) => void model.loadMore(id),
    onFunnel: (id: string) => {
      const isOn = model.prefix(id) !== null;
      void model.setPrefix(id, isOn ? null : '');
      if (isOn) {
        focusTree();
      }
    },
    onLeave: (row: IRow, to: 'container' | 'next') => {
      const index = rows.indexOf(row.id);
      model.activate(
        to === 'next'
          ? Math.min(rows.length - 1, index + 1)
          : rows.indexOf(row.target)
      );
      focusTree();
    }
  };
  // Rows are drawn again when what they show has changed, and not because these are other functions.
  const latest = React.useRef(handlers);
  React.useLayoutEffect(() => {
    latest.current = handlers;
  });
  const stable = React.useMemo<typeof handlers>(
    () => ({
      onToggle: id => latest.current.onToggle(id),
      onRetry: id => latest.current.onRetry(id),
      onMore: id => latest.current.onMore(id),
      onFunnel: id => latest.current.onFunnel(id),
      onLeave: (row, to) => latest.current.onLeave(row, to)
    }),
    []
  );

  // --- Drawing ---

  const drawn: number[] = [];
  for (let index = start; index < end; index++) {
    drawn.push(index);
  }
  // The active row stays in the page, for those who hear it; a box that is typed in stays, too.
  const boxes = model.prefixIds.map(id => rows.indexOf(rowId(id, 'prefix')));
  for (const index of [activeIndex, ...boxes]) {
    if (index !== -1 && !drawn.includes(index)) {
      drawn.push(index);
    }
  }

  const isEmpty = model.endpointsStatus !== 'ready' || rows.length === 0;
  const isFilteredOut =
    isEmpty && model.filter !== '' && model.endpointIds.length > 0;

  return (
    <>
      {isFilteredOut ? (
        <div className="jp-ZarrBrowser-state" data-centred>
          {trans.__('Nothing that is loaded matches “%1”.', model.filter)}
          {model.hasMore ? (
            <p>
              {trans.__(
                'More may lie behind “Load more”: “Filter by prefix…” in the menu of a folder asks the store.'
              )}
            </p>
          ) : null}
        </div>
      ) : isEmpty ? (
        <TreeState />
      ) : model.endpointsProblem ? (
        <EndpointsProblem
          problem={model.endpointsProblem}
          onRetry={() => void model.refresh()}
        />
      ) : null}
      {drop?.edge === 'top' ? <DropHint hint={drop} /> : null}
      <div
        ref={treeRef}
        className="jp-ZarrBrowser-tree"
        role="tree"
        tabIndex={isEmpty ? -1 : 0}
        hidden={isEmpty}
        aria-label={trans.__('Object stores')}
        aria-activedescendant={active ? domIdOf(active) : undefined}
        aria-multiselectable={false}
        onScroll={onScroll}
        onKeyDown={onKeyDown}
        onPointerDown={onPointerDown}
        onDoubleClick={onDoubleClick}
        onContextMenu={onContextMenu}
        onFocus={event => {
          if (event.target === event.currentTarget && activeIndex === -1) {
            model.activate(0);
          }
        }}
      >
        <div
          className="jp-ZarrBrowser-rows"
          role="presentation"
          style={{
            height: rows.slots * rowPx,
            ['--jp-zarrbrowser-row' as string]: `${rowPx}px`
          }}
        >
          {drawn.map(index => {
            const row = rows.list[index]!;
            const node = model.node(row.target);
            return node ? (
              <Row
                key={row.id}
                row={row}
                domId={domIdOf(row)}
                node={node}
                isStore={
                  row.kind === 'node' &&
                  isStoreRoot(
                    effectiveNode(node),
                    (row.parent !== null && model.node(row.parent)) || null
                  )
                }
                isOwn={row.kind === 'node' && isOwnPart(row, model)}
                listing={model.listing(row.target)}
                prefix={model.prefix(row.target)}
                drop={
                  row.kind === 'node' && drop?.id === row.id
                    ? drop.isRefused
                      ? 'refused'
                      : 'taken'
                    : null
                }
                isActive={index === activeIndex}
                isLoading={
                  model.isLoading(row.target) || row.id === undecidedId
                }
                topPx={rows.offsetOf(index) * rowPx}
                rowPx={rowPx}
                filter={model.filter}
                trans={trans}
                {...stable}
              />
            ) : null;
          })}
        </div>
      </div>
      {drop?.edge === 'bottom' ? <DropHint hint={drop} /> : null}
    </>
  );
}

/**
 * Says over an edge of the tree what would happen. It takes no room: what is aimed at must not move.
 */
function DropHint({ hint }: { hint: IDropHint }): React.JSX.Element {
  return (
    <div className="jp-ZarrUpload-edge" data-edge={hint.edge}>
      <div
        className="jp-ZarrUpload-hint"
        role="status"
        data-refused={hint.isRefused || undefined}
      >
        {hint.text}
      </div>
    </div>
  );
}

/**
 * An id for the page: without spaces, which `aria-activedescendant` would take for two ids.
 */
/**
 * Whether a row is the user's own part of the scratch above it.
 */
function isOwnPart(
  { parent, target }: IRow,
  model: { node(id: string): TreeNode | undefined }
): boolean {
  const container = parent === null ? undefined : model.node(parent);
  const own = container ? ownPartOf(container) : null;
  return own !== null && idOf(own) === target;
}

function domIdOf(row: IRow): string {
  const id = row.id.replace(/[\s%]/g, space => `%${space.charCodeAt(0)}`);
  return `jp-ZarrBrowser-row-${id}`;
}

/**
 * Wait for something, but not longer than this, and be it a failure.
 */
async function within(ms: number, work: Promise<unknown>): Promise<void> {
  await Promise.race([
    work.catch(() => undefined),
    new Promise(resolve => setTimeout(resolve, ms))
  ]);
}

let measured: { readonly font: string; readonly measure: Measure } | null =
  null;

/**
 * Measures texts in a font; the same function for the same font.
 */
function measureOf(style: CSSStyleDeclaration): Measure {
  const font = `${style.fontWeight} ${style.fontSize} ${style.fontFamily}`;
  if (measured?.font !== font) {
    const context = document.createElement('canvas').getContext('2d');
    const charPx = (parseFloat(style.fontSize) || 13) / 2;
    if (context) {
      context.font = font;
    }
    measured = {
      font,
      measure: text => context?.measureText(text).width ?? text.length * charPx
    };
  }
  return measured.measure;
}

/**
 * What follows the pointer while a row is dragged.
 */
function dragImage(node: TreeNode): HTMLElement {
  const image = document.createElement('div');
  image.className = 'jp-ZarrBrowser-dragImage';
  iconOf(effectiveNode(node)).element({
    container: image.appendChild(document.createElement('span'))
  });
  const name = image.appendChild(document.createElement('span'));
  name.textContent = node.name;
  return image;
}
