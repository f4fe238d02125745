import type { TranslationBundle } from '@jupyterlab/translation';
import type { Drag } from '@lumino/dragdrop';
import React from 'react';

import type { Manage } from '../manage';
import type { BrowserModel } from '../model';
import { containerOf, idOf } from '../nodes';
import type { ILocation, TreeNode } from '../nodes';
import { placeFor, refusalOf, refusalText } from '../rights';
import { formatCount } from '../text';
import { takeTransfer } from '../uploads/dropped';

/**
 * Rows of JupyterLab's file browser.
 */
const CONTENTS_MIME = 'application/x-jupyter-icontents';

/**
 * Milliseconds over a folder after which it opens.
 */
const OPEN_MS = 800;

/**
 * Milliseconds after the last sign of a drag after which it has gone: a browser does not tell of each end.
 */
const GONE_MS = 1500;

/**
 * Pixels above the lower edge from which on what would happen is said at the upper one.
 */
const EDGE_PX = 96;

/**
 * What would happen if it were let go of now.
 */
export interface IDropHint {
  /**
   * Row that lights up, null for none.
   */
  readonly id: string | null;
  readonly text: string;
  readonly isRefused: boolean;
  /**
   * Edge of the tree that the pointer is not at: there, the text hides nothing that is aimed at.
   */
  readonly edge: 'top' | 'bottom';
}

export interface IDropsOptions {
  treeRef: React.RefObject<HTMLDivElement>;
  model: BrowserModel;
  manage: Manage;
  trans: TranslationBundle;
}

/**
 * Where something goes that is dropped, or pasted, on a row: into it, or beside it where it is a file. What is on no row
 * goes where the active row is.
 */
export function targetAt(
  model: BrowserModel,
  element: EventTarget | null
): ILocation | null {
  const row =
    element instanceof Element
      ? element.closest<HTMLElement>('[data-row]')
      : null;
  const { endpoint, key } = row?.dataset ?? {};
  const node: TreeNode | null =
    endpoint !== undefined && key !== undefined
      ? model.find({ endpoint, key })
      : model.selected;
  if (!node) {
    return null;
  }
  return node.kind === 'object'
    ? containerOf(node)
    : { endpoint: node.endpoint, key: node.key };
}

/**
 * Lets files of the computer and rows of JupyterLab's file browser be dropped on the tree, and pasted into it.
 */
export function useDrops(options: IDropsOptions): IDropHint | null {
  const { treeRef, model, manage, trans } = options;
  const [hint, setHint] = React.useState<IDropHint | null>(null);

  React.useEffect(() => {
    const tree = treeRef.current;
    if (!tree) {
      return;
    }
    let openId = '';
    let opening: ReturnType<typeof setTimeout> | undefined;
    let going: ReturnType<typeof setTimeout> | undefined;
    let shown = '';

    const show = (next: IDropHint | null) => {
      const text = JSON.stringify(next);
      if (text !== shown) {
        shown = text;
        setHint(next);
      }
    };
    const select = (target: ILocation) => {
      // What is one's own may have no row yet.
      if (model.find(target)) {
        model.select(target);
      }
    };
    const leave = () => {
      clearTimeout(opening);
      clearTimeout(going);
      openId = '';
      show(null);
    };
    /**
     * Say what would happen at a place. Returns where it would go; null where it cannot.
     */
    const look = (
      { target: element, clientY }: Pick<DragEvent, 'target' | 'clientY'>,
      count: number,
      isCopy: boolean
    ): ILocation | null => {
      clearTimeout(going);
      going = setTimeout(leave, GONE_MS);
      const at = targetAt(model, element);
      const edge =
        clientY > tree.getBoundingClientRect().bottom - EDGE_PX
          ? 'top'
          : 'bottom';
      if (!at) {
        show({
          edge,
          id: null,
          text: trans.__('Let go of it over a folder'),
          isRefused: true
        });
        return null;
      }
      const id = idOf(at);
      const target = placeFor(model, at);
      if (id !== openId) {
        openId = id;
        clearTimeout(opening);
        opening = setTimeout(() => {
          if (!model.isExpanded(id)) {
            void model.expand(id);
          }
        }, OPEN_MS);
      }
      const refusal = refusalOf(model, target);
      if (refusal) {
        show({
          edge,
          id,
          text: refusalText(refusal, model, target, trans),
          isRefused: true
        });
        return null;
      }
      const uri = manage.uriOf(target);
      const text =
        count === 0
          ? trans.__('Upload to %1', uri)
          : isCopy
            ? trans._n(
                'Copy %2 item to %3',
                'Copy %2 items to %3',
                count,
                formatCount(count),
                uri
              )
            : trans._n(
                'Upload %2 item to %3',
                'Upload %2 items to %3',
                count,
                formatCount(count),
                uri
              );
      show({ edge, id, text, isRefused: false });
      return target;
    };

    const onDragOver = (event: DragEvent) => {
      const transfer = event.dataTransfer;
      if (!transfer?.types.includes('Files')) {
        return;
      }
      // Left to itself, the browser would show the file instead of the page.
      event.preventDefault();
      event.stopPropagation();
      const count = [...transfer.items].filter(
        ({ kind }) => kind === 'file'
      ).length;
      transfer.dropEffect = look(event, count, false) ? 'copy' : 'none';
    };
    const onDragLeave = (event: DragEvent) => {
      if (!(
        event.relatedTarget instanceof Node &&
        tree.contains(event.relatedTarget)
      )) {
        leave();
      }
    };
    const onDrop = (event: DragEvent) => {
      const transfer = event.dataTransfer;
      if (!transfer?.types.includes('Files')) {
        return;
      }
      event.preventDefault();
      event.stopPropagation();
      const target = look(event, 0, false);
      leave();
      if (target) {
        select(target);
        manage.uploading.drop(target, takeTransfer(transfer));
      }
    };

    const pathsOf = (event: Event): string[] | null => {
      const { mimeData } = event as Drag.Event;
      return mimeData.hasData(CONTENTS_MIME)
        ? (mimeData.getData(CONTENTS_MIME) as string[])
        : null;
    };
    const onLuminoOver = (event: Event) => {
      const paths = pathsOf(event);
      if (paths) {
        event.preventDefault();
        event.stopPropagation();
        const drag = event as Drag.Event;
        drag.dropAction = look(drag, paths.length, true)
          ? drag.proposedAction
          : 'none';
      }
    };
    const onLuminoEnter = (event: Event) => {
      if (pathsOf(event)) {
        event.preventDefault();
        event.stopPropagation();
      }
    };
    const onLuminoLeave = (event: Event) => {
      if (pathsOf(event)) {
        event.stopPropagation();
        leave();
      }
    };
    const onLuminoDrop = (event: Event) => {
      const paths = pathsOf(event);
      if (!paths) {
        return;
      }
      event.preventDefault();
      event.stopPropagation();
      const drag = event as Drag.Event;
      const target = look(drag, paths.length, true);
      leave();
      drag.dropAction = target ? drag.proposedAction : 'none';
      if (target) {
        select(target);
        void manage.dropContents(target, paths);
      }
    };

    const onPaste = (event: ClipboardEvent) => {
      const { clipboardData } = event;
      const at = targetAt(model, null);
      if (event.target !== tree || !clipboardData || !at) {
        return;
      }
      const target = placeFor(model, at);
      const taken = takeTransfer(clipboardData);
      const { held } = manage;
      if (taken.entries.length + taken.files.length > 0) {
        event.preventDefault();
        manage.uploading.drop(target, taken);
      } else if (
        held &&
        // Something else may have been copied since.
        clipboardData.getData('text/plain') === held.node.uri
      ) {
        event.preventDefault();
        void manage.pasteHeld(target);
      }
    };

    const listeners: [string, (event: never) => void][] = [
      ['dragenter', onDragOver],
      ['dragover', onDragOver],
      ['dragleave', onDragLeave],
      ['drop', onDrop],
      ['lm-dragenter', onLuminoEnter],
      ['lm-dragover', onLuminoOver],
      ['lm-dragleave', onLuminoLeave],
      ['lm-drop', onLuminoDrop],
      ['paste', onPaste]
    ];
    for (const [type, listener] of listeners) {
      tree.addEventListener(type, listener as EventListener);
    }
    return () => {
      clearTimeout(opening);
      clearTimeout(going);
      for (const [type, listener] of listeners) {
        tree.removeEventListener(type, listener as EventListener);
      }
    };
  }, [treeRef, model, manage, trans]);

  return hint;
}
