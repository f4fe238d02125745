import type { JupyterFrontEnd } from '@jupyterlab/application';
import { Clipboard } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import { addIcon, copyIcon, deleteIcon } from '@jupyterlab/ui-components';
import type { LabIcon } from '@jupyterlab/ui-components';
import { DisposableSet } from '@lumino/disposable';
import type { IDisposable } from '@lumino/disposable';
import type { Menu } from '@lumino/widgets';

import type { ZarrBrowser } from './browser';
import { CommandIDs } from './commands';
import { guarded } from './failures';
import { keepIcon, panelIcon, renewIcon, twistyIcon } from './icons';
import { addressOf } from './keep';
import type { ILocation } from './nodes';
import type { ICodePlacer, IPanelHandle } from './tokens';
import type { UsageView } from './usageView';
import type { UsageCommand } from './view/scratch/context';
import type { IUsageRow } from './wire';

const ROW_SELECTOR = '.jp-ZarrUsage-row';

const PREFIX = 'zarrbrowser:usage-';

/**
 * What can be done with a row of the scratch view, from its bar, by keys and in the context menu: look inside, insert, show,
 * keep, reset the clock, delete.
 */
export class RowCommands implements IDisposable {
  constructor(private readonly _options: RowCommands.IOptions) {
    const { app, current, trans } = _options;
    const { commands, contextMenu } = app;
    const verbs: [UsageCommand, string, LabIcon][] = [
      ['insert', trans.__('Insert cell that opens it'), addIcon],
      ['look', trans.__('Look inside'), twistyIcon],
      ['reveal', trans.__('Show in browser'), panelIcon],
      ['copy-uri', trans.__('Copy URI'), copyIcon],
      ['keep', trans.__('Keep…'), keepIcon],
      ['renew', trans.__('Reset the clock…'), renewIcon],
      ['delete', trans.__('Delete…'), deleteIcon]
    ];
    verbs.forEach(([verb, label, icon], rank) => {
      const command = `${PREFIX}${verb}`;
      const isPossible = () => {
        const view = current();
        return view !== null && this.can(verb, view);
      };
      this._parts.add(
        commands.addCommand(command, {
          label,
          icon,
          describedBy: { args: { type: 'object', properties: {} } },
          isEnabled: isPossible,
          isVisible: isPossible,
          execute: async () => {
            const view = current();
            if (view) {
              await this.run(verb, view);
            }
          }
        })
      );
      this._parts.add(
        contextMenu.addItem({ command, selector: ROW_SELECTOR, rank })
      );
    });
    contextMenu.menu.aboutToClose.connect(this._onMenuClosing, this);
  }

  get isDisposed(): boolean {
    return this._parts.isDisposed;
  }

  dispose(): void {
    const { menu } = this._options.app.contextMenu;
    menu.aboutToClose.disconnect(this._onMenuClosing, this);
    this._parts.dispose();
  }

  /**
   * Whether a command can be run on the active row of a tab.
   */
  can(command: UsageCommand, view: UsageView): boolean {
    const { usage } = this._options.browser;
    const { activeRow: row, place } = view;
    if (!row || !place) {
      return false;
    }
    const location = { endpoint: place.endpoint, key: row.key };
    switch (command) {
      case 'look':
        return row.key.endsWith('/');
      case 'insert':
        return row.kind !== 'folder';
      case 'reveal':
      case 'copy-uri':
        return true;
      case 'keep':
        return usage.keepPlacesOf(place).length > 0;
      case 'renew':
        return usage.scratchOf(location)?.renewable === true;
      case 'delete':
        return usage.isWritable(location);
    }
  }

  async run(command: UsageCommand, view: UsageView): Promise<void> {
    const { app, browser, panel } = this._options;
    const { activeRow: row, place } = view;
    if (!row || !place || !this.can(command, view)) {
      return;
    }
    const { endpoint } = place;
    const location = { endpoint, key: row.key };
    await guarded(async () => {
      switch (command) {
        case 'look':
          view.enter(row);
          break;
        case 'insert':
          await app.commands.execute(CommandIDs.ofAction('insert'), location);
          break;
        case 'reveal':
          panel?.reveal();
          await browser.model.revealAt(location);
          break;
        case 'copy-uri':
          Clipboard.copyToSystem(uriOf(browser, location));
          break;
        case 'keep':
          await this._keep(location, row);
          break;
        case 'renew':
          await this._renew(location, row);
          break;
        case 'delete':
          await this._delete(location, row);
          break;
      }
    });
  }

  private async _keep(location: ILocation, row: IUsageRow): Promise<void> {
    const { browser, trans } = this._options;
    const { usage } = browser;
    const { askKeep } = await import('./view/scratch/dialogs');
    const choice = await askKeep({
      row,
      from: usage.endpoint(location.endpoint),
      places: usage.keepPlacesOf(location),
      canDelete: usage.isWritable(location),
      isLarge: row.key.endsWith('/') && row.bytes >= usage.clusterBytes,
      trans
    });
    if (choice?.asCell) {
      const target = { endpoint: choice.endpoint, key: choice.key };
      const snippet = await usage.copySnippet(location, target);
      if (snippet) {
        const { code, language } = snippet;
        await this._options.placer?.place(code, { language });
      }
    } else if (choice) {
      await usage.start({
        kind: 'copy',
        ...location,
        toEndpoint: choice.endpoint,
        toKey: choice.key,
        ifExists: 'fail',
        deleteSource: choice.deleteSource
      });
    }
  }

  private async _renew(location: ILocation, row: IUsageRow): Promise<void> {
    const { browser, trans } = this._options;
    const { usage } = browser;
    const { askRenew } = await import('./view/scratch/dialogs');
    const lifetimeDays = usage.scratchOf(location)?.lifetimeDays ?? null;
    if (await askRenew({ row, lifetimeDays, trans })) {
      await usage.start({ kind: 'renew', ...location });
    }
  }

  private async _delete(location: ILocation, row: IUsageRow): Promise<void> {
    const { browser, trans } = this._options;
    const { askDelete } = await import('./view/scratch/dialogs');
    const { usage } = browser;
    const choice = await askDelete({
      row,
      uri: uriOf(browser, location),
      isLarge: row.key.endsWith('/') && row.bytes >= usage.clusterBytes,
      trans
    });
    if (choice === 'cell') {
      const snippet = await usage.deleteSnippet(location);
      if (snippet) {
        const { code, language } = snippet;
        await this._options.placer?.place(code, { language });
      }
    } else if (choice === 'server') {
      await usage.start({
        kind: 'delete',
        ...location,
        maxObjects: row.objects
      });
    }
  }

  private _onMenuClosing(menu: Menu): void {
    if (menu.items.some(({ command }) => command.startsWith(PREFIX))) {
      // Before the menu takes its node, and the focus with it, out of the page.
      this._options.focusTable();
    }
  }

  private readonly _parts = new DisposableSet();
}

export namespace RowCommands {
  export interface IOptions {
    app: JupyterFrontEnd;
    browser: ZarrBrowser;
    /**
     * What the tab shows that was used last.
     */
    current(): UsageView | null;
    /**
     * Put the focus into the table of that tab.
     */
    focusTable(): void;
    panel: IPanelHandle | null;
    placer: ICodePlacer | null;
    trans: TranslationBundle;
  }
}

/**
 * The address of something as other tools write it.
 */
export function uriOf(
  browser: ZarrBrowser,
  { endpoint, key }: ILocation
): string {
  const info = browser.usage.endpoint(endpoint);
  return info ? addressOf(info, key) : key;
}
