import type { JupyterFrontEnd } from '@jupyterlab/application';
import { Notification } from '@jupyterlab/apputils';
import type { ICommandPalette } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import type {
  ReadonlyJSONObject,
  ReadonlyPartialJSONObject
} from '@lumino/coreutils';
import { DisposableSet } from '@lumino/disposable';
import type { IDisposable } from '@lumino/disposable';
import { Signal } from '@lumino/signaling';
import { MenuSvg, refreshIcon } from '@jupyterlab/ui-components';

import { isAbort, toProblem } from './api';
import { collapseAllIcon, detailsIcon, goToIcon, panelIcon } from './icons';
import { effectiveNode, placeholder } from './nodes';
import type { TreeNode } from './nodes';
import type {
  ICodePlacer,
  IManage,
  INodeAction,
  IPanelHandle,
  IZarrBrowser
} from './tokens';
import type { ISnippet } from './wire';

export namespace CommandIDs {
  export const open = 'zarrbrowser:open';
  export const openScratch = 'zarrbrowser:open-scratch';
  export const goTo = 'zarrbrowser:go-to';
  export const refreshAll = 'zarrbrowser:refresh-all';
  export const collapseAll = 'zarrbrowser:collapse-all';
  export const toggleDetails = 'zarrbrowser:toggle-details';
  export const filter = 'zarrbrowser:filter';

  /**
   * The command of an action.
   */
  export function ofAction(id: string): string {
    return `zarrbrowser:${id}`;
  }
}

const ROW_SELECTOR = '.jp-ZarrBrowser-row';

/**
 * Ranks of the context menu that belong to one group.
 */
const GROUP = 10;

const NO_ARGS: ReadonlyJSONObject = { type: 'object', properties: {} };

/**
 * Turns the actions into commands, context menu and palette, and keeps up with actions that come and go.
 *
 * A command acts on the node that its arguments name, else on the one whose context menu is open, else on the selected.
 */
export class Commands implements IDisposable {
  constructor(private readonly _options: Commands.IOptions) {
    const { app, browser, panel } = _options;
    this._submenu = new MenuSvg({ commands: app.commands });
    this._submenu.title.label = _options.trans.__('Insert other cell');
    this._addGlobal();
    for (const action of browser.actions) {
      this._addAction(action);
    }
    browser.actionAdded.connect(this._onActionAdded, this);
    browser.actionRemoved.connect(this._onActionRemoved, this);
    panel.menuOpening.connect(this._onMenuOpening, this);
    app.contextMenu.menu.aboutToClose.connect(this._onMenuClosing, this);
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  dispose(): void {
    if (this._isDisposed) {
      return;
    }
    this._isDisposed = true;
    Signal.clearData(this);
    for (const action of this._actions.values()) {
      action.dispose();
    }
    this._global.dispose();
    this._otherItem?.dispose();
    this._submenu.dispose();
  }

  private _addGlobal(): void {
    const { app, browser, panel, trans } = this._options;
    const { commands } = app;
    this._global.add(
      commands.addCommand(CommandIDs.open, {
        label: trans.__('Show Zarr Browser'),
        icon: panelIcon,
        describedBy: { args: NO_ARGS },
        execute: () => {
          panel.reveal();
          afterPalette(() => panel.focusTree());
        }
      })
    );
    this._global.add(
      commands.addCommand(CommandIDs.goTo, {
        label: paletteLabel(trans, trans.__('Go to URL or path…')),
        caption: trans.__(
          'Show what an s3://, gs://, abfs:// or https:// URL, or a path inside the current endpoint, means'
        ),
        icon: goToIcon,
        describedBy: {
          args: {
            type: 'object',
            properties: {
              url: {
                type: 'string',
                description: trans.__(
                  'URL, or path inside the current endpoint; without it, a box asks'
                )
              }
            }
          }
        },
        execute: async args => {
          if (typeof args.url !== 'string') {
            afterPalette(() => panel.showGoTo());
            return;
          }
          panel.reveal();
          await this._guard(() => browser.model.goTo(args.url as string));
        }
      })
    );
    this._global.add(
      commands.addCommand(CommandIDs.refreshAll, {
        label: paletteLabel(trans, trans.__('Refresh all')),
        caption: trans.__('Ask the stores again for all that is expanded'),
        icon: refreshIcon,
        describedBy: { args: NO_ARGS },
        execute: () => this._guard(() => browser.model.refresh())
      })
    );
    this._global.add(
      commands.addCommand(CommandIDs.collapseAll, {
        label: paletteLabel(trans, trans.__('Collapse all')),
        icon: collapseAllIcon,
        describedBy: { args: NO_ARGS },
        execute: () => panel.collapseAll()
      })
    );
    this._global.add(
      commands.addCommand(CommandIDs.toggleDetails, {
        label: paletteLabel(trans, trans.__('Show or hide details')),
        icon: detailsIcon,
        describedBy: { args: NO_ARGS },
        execute: () => panel.toggleDetails()
      })
    );
    this._global.add(
      commands.addCommand(CommandIDs.filter, {
        label: paletteLabel(trans, trans.__('Filter by name')),
        describedBy: { args: NO_ARGS },
        execute: () => {
          panel.reveal();
          afterPalette(() => panel.focusFilter());
        }
      })
    );
    const { palette } = this._options;
    for (const command of [
      CommandIDs.open,
      CommandIDs.goTo,
      CommandIDs.refreshAll,
      CommandIDs.collapseAll,
      CommandIDs.toggleDetails,
      CommandIDs.filter
    ]) {
      if (palette) {
        this._global.add(
          palette.addItem({
            command,
            category: this._category,
            args: { isPalette: true }
          })
        );
      }
    }
  }

  private _addAction(action: INodeAction): void {
    const { app, browser, manage, palette, trans } = this._options;
    const { model } = browser;
    const command = CommandIDs.ofAction(action.id);
    const parts = new DisposableSet();
    parts.add(
      app.commands.addCommand(command, {
        label: args =>
          this._snippetOf(args)?.label ??
          paletteLabel(
            trans,
            action.label(trans, this._nodeOf(args), model)
          )(args),
        caption: () => action.caption?.(trans) ?? '',
        icon: args => (args.snippet === undefined ? action.icon : undefined),
        isEnabled: args => {
          const node = this._nodeOf(args);
          return node !== null && action.isApplicable(node, model, manage);
        },
        isVisible: args => {
          const node = this._nodeOf(args);
          return (
            !this._isMenuOpen ||
            (node !== null && action.isApplicable(node, model, manage))
          );
        },
        describedBy: {
          args: {
            type: 'object',
            properties: {
              endpoint: {
                type: 'string',
                description: trans.__('Id of an endpoint')
              },
              key: {
                type: 'string',
                description: trans.__(
                  'Key below the root of the endpoint; containers end in “/”'
                )
              },
              snippet: {
                type: 'string',
                description: trans.__('Id of a snippet, where not the best')
              }
            }
          }
        },
        execute: args => this._run(action, args)
      })
    );
    parts.add(
      app.contextMenu.addItem({
        command,
        selector: ROW_SELECTOR,
        rank: action.rank
      })
    );
    const group = Math.floor(action.rank / GROUP);
    if (group > 0 && !this._groups.has(group)) {
      this._groups.add(group);
      this._global.add(
        app.contextMenu.addItem({
          type: 'separator',
          selector: ROW_SELECTOR,
          rank: group * GROUP
        })
      );
    }
    if (palette) {
      parts.add(
        palette.addItem({
          command,
          category: this._category,
          args: { isPalette: true }
        })
      );
    }
    this._actions.set(action.id, parts);
  }

  private async _run(
    action: INodeAction,
    args: ReadonlyPartialJSONObject
  ): Promise<void> {
    const { browser, manage, panel, placer, trans } = this._options;
    const node = this._nodeOf(args);
    if (!node) {
      return;
    }
    await this._guard(async () => {
      await action.run({
        node,
        model: browser.model,
        panel,
        placer,
        manage,
        trans,
        snippet: typeof args.snippet === 'string' ? args.snippet : null
      });
    });
  }

  /**
   * Show a failure instead of throwing it.
   */
  private async _guard(work: () => Promise<unknown>): Promise<void> {
    try {
      await work();
    } catch (error) {
      if (!isAbort(error)) {
        const { message, hint } = toProblem(error);
        Notification.error(hint ? `${message}\n\n${hint}` : message, {
          autoClose: 10_000
        });
      }
    }
  }

  private _nodeOf(args: ReadonlyPartialJSONObject): TreeNode | null {
    const { app, browser } = this._options;
    const { endpoint, key } = args;
    if (typeof endpoint === 'string' && typeof key === 'string') {
      const location = { endpoint, key };
      return browser.model.find(location) ?? placeholder(location, '');
    }
    if (this._isMenuOpen) {
      const row = app.contextMenuHitTest(element =>
        element.matches(ROW_SELECTOR)
      );
      const { endpoint: id, key: path } = row?.dataset ?? {};
      if (id !== undefined && path !== undefined) {
        return browser.model.find({ endpoint: id, key: path });
      }
    }
    return browser.model.selected;
  }

  private _snippetOf(args: ReadonlyPartialJSONObject): ISnippet | null {
    const node = args.snippet === undefined ? null : this._nodeOf(args);
    const known = node
      ? this._options.browser.model.snippetsNow(effectiveNode(node))
      : null;
    return known?.find(({ id }) => id === args.snippet) ?? null;
  }

  private _onActionAdded(_: IZarrBrowser, action: INodeAction): void {
    this._addAction(action);
  }

  private _onActionRemoved(_: IZarrBrowser, action: INodeAction): void {
    this._actions.get(action.id)?.dispose();
    this._actions.delete(action.id);
  }

  /**
   * Offer the other snippets of the node in a menu of their own.
   */
  private _onMenuOpening(_: IPanelHandle, node: TreeNode): void {
    const { app, browser } = this._options;
    this._isMenuOpen = true;
    clearTimeout(this._closing);
    this._closing = setTimeout(() => {
      // Nothing opened.
      this._isMenuOpen = app.contextMenu.menu.isAttached;
    });
    this._otherItem?.dispose();
    this._otherItem = null;
    this._submenu.clearItems();
    const meant = effectiveNode(node);
    const others = browser.model.snippetsNow(meant)?.slice(1) ?? [];
    for (const { id } of others) {
      this._submenu.addItem({
        command: CommandIDs.ofAction('insert'),
        args: { endpoint: meant.endpoint, key: meant.key, snippet: id }
      });
    }
    if (others.length > 0) {
      this._otherItem = app.contextMenu.addItem({
        type: 'submenu',
        submenu: this._submenu,
        selector: ROW_SELECTOR,
        rank: 2
      });
    }
  }

  private _onMenuClosing(): void {
    if (this._isMenuOpen) {
      // Before the menu takes its node, and the focus with it, out of the page.
      this._options.panel.focusTree();
      // The command that was chosen runs right after this.
      clearTimeout(this._closing);
      this._closing = setTimeout(() => {
        this._isMenuOpen = false;
      });
    }
  }

  private get _category(): string {
    return this._options.trans.__('Zarr Browser');
  }

  private readonly _actions = new Map<string, IDisposable>();
  private _closing: ReturnType<typeof setTimeout> | undefined;
  private readonly _global = new DisposableSet();
  private readonly _groups = new Set<number>();
  private _isDisposed = false;
  private _isMenuOpen = false;
  private _otherItem: IDisposable | null = null;
  private readonly _submenu: MenuSvg;
}

/**
 * A label that tells, among all other commands of the palette, what it is about.
 */
export function paletteLabel(
  trans: TranslationBundle,
  label: string
): (args: ReadonlyPartialJSONObject) => string {
  return ({ isPalette }) =>
    isPalette ? trans.__('Zarr Browser: %1', label) : label;
}

/**
 * Focus something once the command palette has given the focus back to the main area, as it does after each command.
 */
export function afterPalette(focus: () => void): void {
  focus();
  setTimeout(focus);
}

export namespace Commands {
  export interface IOptions {
    app: JupyterFrontEnd;
    browser: IZarrBrowser;
    manage: IManage;
    panel: IPanelHandle;
    placer: ICodePlacer;
    palette: ICommandPalette | null;
    trans: TranslationBundle;
  }
}
