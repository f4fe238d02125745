import { MimeData } from '@lumino/coreutils';
import { Drag } from '@lumino/dragdrop';

import type { ISnippet } from './wire';

/**
 * What notebooks take between two cells.
 */
const CELLS_MIME = 'application/vnd.jupyter.cells';

/**
 * Marks what comes from here.
 */
export const CODE_MIME = 'application/vnd.zarrbrowser.code';

/**
 * Pixels that the pointer moves before a press becomes a drag.
 */
const THRESHOLD_PX = 5;

export interface IDragSource {
  /**
   * What will be dropped; resolves to null where there is nothing.
   */
  readonly snippet: Promise<ISnippet | null>;
  /**
   * What follows the pointer.
   */
  makeImage(): HTMLElement;
  /**
   * Take what is dropped on an element. Returns whether that was done, else the element's own widget gets it.
   */
  drop(snippet: ISnippet, element: Element, x: number, y: number): boolean;
}

/**
 * Follow a pressed pointer; once it has moved and the code is here, drag the code. Letting go before ends it.
 */
export function trackDrag(
  press: { readonly clientX: number; readonly clientY: number },
  source: IDragSource
): void {
  let snippet: ISnippet | null = null;
  let at = { x: press.clientX, y: press.clientY };
  const isFar = () =>
    Math.abs(at.x - press.clientX) >= THRESHOLD_PX ||
    Math.abs(at.y - press.clientY) >= THRESHOLD_PX;

  const stop = () => {
    document.removeEventListener('pointermove', onMove, true);
    document.removeEventListener('pointerup', stop, true);
    document.removeEventListener('pointercancel', stop, true);
    snippet = null;
    isOver = true;
  };
  let isOver = false;
  const tryStart = () => {
    if (snippet !== null && isFar() && !isOver) {
      const dragged = snippet;
      stop();
      start(dragged, at.x, at.y, source);
    }
  };
  const onMove = (event: PointerEvent) => {
    if (event.buttons === 0) {
      stop();
      return;
    }
    at = { x: event.clientX, y: event.clientY };
    tryStart();
  };
  document.addEventListener('pointermove', onMove, true);
  document.addEventListener('pointerup', stop, true);
  document.addEventListener('pointercancel', stop, true);
  source.snippet.then(
    found => {
      if (!isOver) {
        snippet = found;
        tryStart();
      }
    },
    () => stop()
  );
}

/**
 * What is dropped: a cell for notebooks, text for editors and prompts.
 */
export function mimeDataOf(code: string): MimeData {
  const data = new MimeData();
  data.setData(CELLS_MIME, [
    {
      cell_type: 'code',
      source: code,
      metadata: { trusted: true },
      outputs: [],
      execution_count: null
    }
  ]);
  data.setData(CODE_MIME, code);
  // Other editors than those that we know put text where the pointer is, which may be within a line.
  data.setData('text/plain', `\n${code}\n`);
  return data;
}

function start(
  snippet: ISnippet,
  x: number,
  y: number,
  source: IDragSource
): void {
  const drag = new Drag({
    mimeData: mimeDataOf(snippet.code),
    dragImage: source.makeImage(),
    supportedActions: 'copy',
    proposedAction: 'copy',
    source: null
  });
  // Left to themselves, editors break the line under the pointer, notebooks select the cell above, too, and most leave the
  // focus where the drag began.
  const onDrop = (event: Event) => {
    const { target, clientX, clientY } = event as Drag.Event;
    if (
      target instanceof Element &&
      source.drop(snippet, target, clientX, clientY)
    ) {
      event.preventDefault();
      event.stopPropagation();
      (event as Drag.Event).dropAction = 'copy';
    }
  };
  document.addEventListener('lm-drop', onDrop, true);
  document.body.classList.add('jp-ZarrBrowser-dragging');
  void drag.start(x, y).then(() => {
    document.removeEventListener('lm-drop', onDrop, true);
    document.body.classList.remove('jp-ZarrBrowser-dragging');
    drag.dispose();
  });
}
