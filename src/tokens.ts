import type { TranslationBundle } from '@jupyterlab/translation';
import type { LabIcon } from '@jupyterlab/ui-components';
import { Token } from '@lumino/coreutils';
import type { IDisposable } from '@lumino/disposable';
import type { ISignal } from '@lumino/signaling';

import type { ILocation, TreeNode } from './nodes';
import type { INode, ISnippet } from './wire';

/**
 * What the panel shows, for other extensions to read and to steer.
 */
export interface IBrowserModel {
  /**
   * Emitted after any change of what the tree shows, including the selection.
   */
  readonly changed: ISignal<IBrowserModel, void>;
  /**
   * The node on which commands act when nothing else is said.
   */
  readonly selected: TreeNode | null;
  /**
   * What is known of a node, null where it was never seen.
   */
  find(location: ILocation): TreeNode | null;
  /**
   * Show a node: expand what it lies in, select it.
   */
  reveal(node: INode): void;
  /**
   * Reveal what a URL, or a path inside the current endpoint, means.
   *
   * @throws ApiError with the server's reason where it refuses.
   */
  goTo(url: string, signal?: AbortSignal): Promise<INode>;
  /**
   * Ask the stores again: for one node and what is expanded below it, else for all that is expanded.
   */
  refresh(location?: ILocation): Promise<void>;
  /**
   * Code that opens a node, best first.
   */
  snippets(location: ILocation): Promise<readonly ISnippet[]>;
  /**
   * The same where it is already here, else null.
   */
  snippetsNow(location: ILocation): readonly ISnippet[] | null;
}

/**
 * Where code can go.
 */
export interface ICodePlacer {
  /**
   * Put code where the user worked last: a new cell below the active one of a notebook, or lines of their own in the
   * prompt of a console or at the cursor of a text editor; asks where none of these is open. Never runs it. Returns whether it was put somewhere.
   */
  place(code: string, options: ICodePlacer.IOptions): Promise<boolean>;
  /**
   * Put code where it was let go of: above a cell of a notebook, on lines of its own below a line of a text editor or of
   * a prompt. Returns whether the place belongs to one of these; else nothing was done.
   */
  drop(code: string, options: ICodePlacer.IDropOptions): boolean;
  /**
   * Put code on the clipboard.
   */
  copy(code: string): Promise<void>;
}

export namespace ICodePlacer {
  export interface IOptions {
    /**
     * Language of the code, as kernel specs name it.
     */
    language: string;
  }

  export interface IDropOptions extends IOptions {
    /**
     * What is under the pointer.
     */
    element: Element;
    /**
     * Where the pointer is in the window, in pixels.
     */
    x: number;
    y: number;
  }
}

/**
 * What an action works with.
 */
export interface IActionContext {
  readonly node: TreeNode;
  readonly model: IBrowserModel;
  readonly panel: IPanelHandle;
  readonly placer: ICodePlacer;
  readonly manage: IManage;
  readonly trans: TranslationBundle;
  /**
   * Id of the snippet that was asked for, null for the best.
   */
  readonly snippet: string | null;
}

/**
 * What commands may ask of the panel.
 */
export interface IPanelHandle {
  /**
   * Emitted with the node for which the context menu opens next.
   */
  readonly menuOpening: ISignal<IPanelHandle, TreeNode>;
  /**
   * Bring the panel to the front.
   */
  reveal(): void;
  focusTree(): void;
  focusFilter(): void;
  /**
   * Show the box that goes to a URL or path.
   */
  showGoTo(): void;
  showDetails(): void;
  toggleDetails(): void;
  collapseAll(): void;
  /**
   * Let the user filter a container's children on the server.
   */
  filterByPrefix(location: ILocation): void;
  /**
   * Count what lies in a container, in a tab of its own.
   */
  showUsage(location: ILocation): void;
}

/**
 * Puts things into stores, and changes what lies there. Asks where something could get lost; the server has the last word
 * on what may be done.
 */
export interface IManage {
  /**
   * The row that was cut or copied last, for `paste`.
   */
  readonly held: { readonly node: TreeNode; readonly isCut: boolean } | null;
  hold(node: TreeNode, isCut: boolean): void;
  /**
   * Let the user choose files, or a folder with all that lies in it, and upload them into a container.
   */
  chooseFiles(container: ILocation, what: 'files' | 'folder'): void;
  /**
   * Copy, or move, the row that is held into a container.
   */
  paste(container: ILocation): Promise<void>;
  makeFolder(container: ILocation): Promise<void>;
  makeBucket(endpoint: ILocation): Promise<void>;
  rename(node: TreeNode): Promise<void>;
  /**
   * Ask for another place.
   */
  copy(node: TreeNode, isMove: boolean): Promise<void>;
  /**
   * Copy to where JupyterLab's file browser is.
   */
  copyToFiles(node: TreeNode): Promise<void>;
  remove(node: TreeNode): Promise<void>;
  /**
   * Show what was begun to be uploaded below a container and not ended.
   */
  showUnfinished(container: ILocation): Promise<void>;
}

/**
 * A verb on a node. Becomes the command `zarrbrowser:<id>` and an entry in the context menu and the palette.
 */
export interface INodeAction {
  readonly id: string;
  /**
   * Order in the context menu; groups of ten are set apart by a line.
   */
  readonly rank: number;
  readonly icon?: LabIcon;
  /**
   * Label without a node (`null`: palette, settings editor) and with one.
   */
  label(
    trans: TranslationBundle,
    node: TreeNode | null,
    model: IBrowserModel
  ): string;
  caption?(trans: TranslationBundle): string;
  isApplicable(node: TreeNode, model: IBrowserModel, manage: IManage): boolean;
  run(context: IActionContext): Promise<void> | void;
}

/**
 * The Zarr Browser.
 */
export interface IZarrBrowser {
  readonly model: IBrowserModel;
  /**
   * In the order of registration.
   */
  readonly actions: readonly INodeAction[];
  readonly actionAdded: ISignal<IZarrBrowser, INodeAction>;
  readonly actionRemoved: ISignal<IZarrBrowser, INodeAction>;
  /**
   * Add a verb; disposing the result removes it.
   *
   * @throws Error where the id is taken.
   */
  registerAction(action: INodeAction): IDisposable;
}

export const IZarrBrowser = new Token<IZarrBrowser>(
  'jupyterlab_zarrbrowser:IZarrBrowser',
  'Browses object stores: what is shown and selected, and the actions on it.'
);

export const ICodePlacer = new Token<ICodePlacer>(
  'jupyterlab_zarrbrowser:ICodePlacer',
  'Puts code into the notebook, console or text editor that was used last.'
);

export const IManage = new Token<IManage>(
  'jupyterlab_zarrbrowser:IManage',
  'Uploads, copies, moves, renames and deletes what lies in object stores.'
);

export const IPanelHandle = new Token<IPanelHandle>(
  'jupyterlab_zarrbrowser:IPanelHandle',
  'Shows the panel of the Zarr Browser and its parts.'
);
