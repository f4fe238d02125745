import type { TranslationBundle } from '@jupyterlab/translation';
import { createContext, useContext } from 'react';

import type { Manage } from '../manage';
import type { BrowserModel } from '../model';
import type { TreeNode } from '../nodes';
import type { ISnippet } from '../wire';
import type { PanelState } from './panelState';

/**
 * What the parts of the panel work with.
 */
export interface IPanelContext {
  readonly model: BrowserModel;
  readonly manage: Manage;
  readonly state: PanelState;
  readonly trans: TranslationBundle;
  /**
   * Run an action on a node.
   */
  run(action: string, node: TreeNode, snippet?: string): void;
  /**
   * Tell that the context menu opens for a node next.
   */
  menuOpening(node: TreeNode): void;
  copy(text: string): void;
  /**
   * Take what is dropped on an element of the page. Returns whether that was done.
   */
  drop(snippet: ISnippet, element: Element, x: number, y: number): boolean;
}

const Context = createContext<IPanelContext | null>(null);

export const PanelContextProvider = Context.Provider;

export function usePanel(): IPanelContext {
  const context = useContext(Context);
  if (!context) {
    throw new Error('Used outside of the panel.');
  }
  return context;
}
