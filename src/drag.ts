import { MimeData } from '@lumino/coreutils';
import { Drag } from '@lumino/dragdrop';

/**
 * What notebooks take between two cells.
 */
const CELLS_MIME = 'application/vnd.jupyter.cells';

/**
 * Pixels that the pointer moves before a press becomes a drag.
 */
const THRESHOLD_PX = 5;

export interface IDragSource {
  /**
   * Code that will be dropped; resolves to null where there is none.
   */
  readonly code: Promise<string | null>;
  /**
   * What follows the pointer.
   */
  makeImage(): HTMLElement;
}

/**
 * Follow a pressed pointer; once it has moved and the code is here, drag the code. Letting go before ends it.
 */
export function trackDrag(
  press: { readonly clientX: number; readonly clientY: number },
  source: IDragSource
): void {
  let code: string | null = null;
  let at = { x: press.clientX, y: press.clientY };
  const isFar = () =>
    Math.abs(at.x - press.clientX) >= THRESHOLD_PX ||
    Math.abs(at.y - press.clientY) >= THRESHOLD_PX;

  const stop = () => {
    document.removeEventListener('pointermove', onMove, true);
    document.removeEventListener('pointerup', stop, true);
    document.removeEventListener('pointercancel', stop, true);
    code = null;
    isOver = true;
  };
  let isOver = false;
  const tryStart = () => {
    if (code !== null && isFar() && !isOver) {
      const text = code;
      stop();
      start(text, at.x, at.y, source.makeImage());
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
  source.code.then(
    text => {
      if (!isOver) {
        code = text;
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
  // An editor puts text where the pointer is, which may be within a line. Code must not become part of it.
  data.setData('text/plain', `\n${code}\n`);
  return data;
}

function start(code: string, x: number, y: number, image: HTMLElement): void {
  const drag = new Drag({
    mimeData: mimeDataOf(code),
    dragImage: image,
    supportedActions: 'copy',
    proposedAction: 'copy',
    source: null
  });
  document.body.classList.add('jp-ZarrBrowser-dragging');
  void drag.start(x, y).then(() => {
    document.body.classList.remove('jp-ZarrBrowser-dragging');
    drag.dispose();
  });
}
