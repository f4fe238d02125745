import { ILayoutRestorer } from '@jupyterlab/application';
import type {
  JupyterFrontEnd,
  JupyterFrontEndPlugin
} from '@jupyterlab/application';
import { Clipboard, ICommandPalette } from '@jupyterlab/apputils';
import { IConsoleTracker } from '@jupyterlab/console';
import { IDefaultFileBrowser } from '@jupyterlab/filebrowser';
import { IEditorTracker } from '@jupyterlab/fileeditor';
import { INotebookTracker } from '@jupyterlab/notebook';
import { ISettingRegistry } from '@jupyterlab/settingregistry';
import { IStateDB } from '@jupyterlab/statedb';
import { IStatusBar } from '@jupyterlab/statusbar';
import { ITranslator } from '@jupyterlab/translation';

/* eslint-disable jupyter/prefer-lazy-imports --
   Activation needs these at once: tokens to provide, commands and a widget to register. What it does not need, the
   details, comes with the first look at them. */
import { ACTIONS } from './actions';
import { ServerApi } from './api';
import { ZarrBrowser } from './browser';
import { CommandIDs, Commands } from './commands';
import { Manage } from './manage';
import { BrowserModel } from './model';
import { CodePlacer } from './notebook';
import { Persistence } from './persistence';
import { Scratch } from './scratch';
import { followSettings } from './settings';
import { ICodePlacer, IManage, IPanelHandle, IZarrBrowser } from './tokens';
import { UsageModel } from './usage';
import { ZarrBrowserPanel } from './view/panel';
/* eslint-enable jupyter/prefer-lazy-imports */

/**
 * Domain of the translations.
 */
const DOMAIN = 'jupyterlab_zarrbrowser';

/**
 * Place in the left sidebar: below JupyterLab's own, above the extension manager.
 */
const RANK = 300;

const PANEL_ID = 'jupyterlab_zarrbrowser:plugin';

const model: JupyterFrontEndPlugin<IZarrBrowser> = {
  id: 'jupyterlab_zarrbrowser:model',
  description: 'What the Zarr Browser knows, and the actions on it.',
  autoStart: true,
  requires: [ITranslator],
  provides: IZarrBrowser,
  activate: (app: JupyterFrontEnd, translator: ITranslator): IZarrBrowser => {
    const trans = translator.load(DOMAIN);
    const api = new ServerApi(app.serviceManager.serverSettings, trans);
    const browser = new ZarrBrowser(new BrowserModel(api), new UsageModel(api));
    for (const action of ACTIONS) {
      browser.registerAction(action);
    }
    return browser;
  }
};

const managing: JupyterFrontEndPlugin<IManage> = {
  id: 'jupyterlab_zarrbrowser:managing',
  description: 'Uploads, copies, moves, renames and deletes.',
  autoStart: true,
  requires: [IZarrBrowser, ITranslator],
  optional: [ICodePlacer, IDefaultFileBrowser, IStatusBar],
  provides: IManage,
  activate: (
    app: JupyterFrontEnd,
    browser: IZarrBrowser,
    translator: ITranslator,
    placer: ICodePlacer | null,
    files: IDefaultFileBrowser | null,
    statusBar: IStatusBar | null
  ): IManage => {
    if (!(browser instanceof ZarrBrowser)) {
      throw new Error('Managing needs the Zarr Browser of this extension.');
    }
    const trans = translator.load(DOMAIN);
    return new Manage({
      api: new ServerApi(app.serviceManager.serverSettings, trans),
      app,
      browser,
      files,
      placer,
      statusBar,
      trans
    });
  }
};

const panel: JupyterFrontEndPlugin<IPanelHandle> = {
  id: PANEL_ID,
  description: 'The sidebar of the Zarr Browser.',
  autoStart: true,
  requires: [IZarrBrowser, IManage, ITranslator],
  optional: [ILayoutRestorer, ISettingRegistry, IStateDB, ICodePlacer],
  provides: IPanelHandle,
  activate: (
    app: JupyterFrontEnd,
    browser: IZarrBrowser,
    manage: IManage,
    translator: ITranslator,
    restorer: ILayoutRestorer | null,
    settings: ISettingRegistry | null,
    stateDB: IStateDB | null,
    placer: ICodePlacer | null
  ): IPanelHandle => {
    if (!(browser instanceof ZarrBrowser) || !(manage instanceof Manage)) {
      throw new Error('The panel needs the Zarr Browser of this extension.');
    }
    const widget = new ZarrBrowserPanel({
      model: browser.model,
      manage,
      trans: translator.load(DOMAIN),
      activate: id => app.shell.activateById(id),
      copy: text => Clipboard.copyToSystem(text),
      drop: ({ code, language }, element, x, y) =>
        placer?.drop(code, { language, element, x, y }) ?? false,
      run: (action, { endpoint, key }, snippet) => {
        const args = { endpoint, key, ...(snippet ? { snippet } : {}) };
        void app.commands.execute(CommandIDs.ofAction(action), args);
      },
      showUsage: ({ endpoint, key }) => {
        const args = { endpoint, key, count: true };
        void app.commands.execute(CommandIDs.openScratch, args);
      }
    });
    const settled = settings
      ? followSettings(settings, PANEL_ID, browser.model, widget.state)
      : Promise.resolve({ restoreExpanded: true });
    if (stateDB) {
      const persistence = new Persistence(stateDB, browser.model, widget.state);
      widget.disposed.connect(() => persistence.dispose());
      void Promise.all([settled, app.restored]).then(([{ restoreExpanded }]) =>
        persistence.start(restoreExpanded)
      );
    }
    restorer?.add(widget, widget.id);
    manage.isPanelVisible = () => widget.isVisible;
    app.shell.add(widget, 'left', { rank: RANK });
    return widget;
  }
};

const placing: JupyterFrontEndPlugin<ICodePlacer> = {
  id: 'jupyterlab_zarrbrowser:placing',
  description: 'Puts code into notebooks, consoles and text editors.',
  autoStart: true,
  requires: [ITranslator],
  optional: [INotebookTracker, IConsoleTracker, IEditorTracker],
  provides: ICodePlacer,
  activate: (
    app: JupyterFrontEnd,
    translator: ITranslator,
    notebooks: INotebookTracker | null,
    consoles: IConsoleTracker | null,
    editors: IEditorTracker | null
  ): ICodePlacer =>
    new CodePlacer({
      app,
      notebooks,
      consoles,
      editors,
      trans: translator.load(DOMAIN)
    })
};

const commands: JupyterFrontEndPlugin<void> = {
  id: 'jupyterlab_zarrbrowser:commands',
  description: 'Commands, context menu and palette of the Zarr Browser.',
  autoStart: true,
  requires: [IZarrBrowser, IManage, IPanelHandle, ICodePlacer, ITranslator],
  optional: [ICommandPalette],
  activate: (
    app: JupyterFrontEnd,
    browser: IZarrBrowser,
    manage: IManage,
    handle: IPanelHandle,
    placer: ICodePlacer,
    translator: ITranslator,
    palette: ICommandPalette | null
  ): void => {
    // Lives as long as the page.
    void new Commands({
      app,
      browser,
      manage,
      panel: handle,
      placer,
      palette,
      trans: translator.load(DOMAIN)
    });
  }
};

const scratch: JupyterFrontEndPlugin<void> = {
  id: 'jupyterlab_zarrbrowser:scratch',
  description:
    'What the scratch of a user holds and weighs, what is deleted when, and how to keep it.',
  autoStart: true,
  requires: [IZarrBrowser, ITranslator],
  optional: [
    ICodePlacer,
    ICommandPalette,
    ILayoutRestorer,
    IPanelHandle,
    ISettingRegistry,
    IStatusBar
  ],
  activate: (
    app: JupyterFrontEnd,
    browser: IZarrBrowser,
    translator: ITranslator,
    placer: ICodePlacer | null,
    palette: ICommandPalette | null,
    restorer: ILayoutRestorer | null,
    handle: IPanelHandle | null,
    settings: ISettingRegistry | null,
    statusBar: IStatusBar | null
  ): void => {
    if (!(browser instanceof ZarrBrowser)) {
      throw new Error('The scratch needs the Zarr Browser of this extension.');
    }
    // Lives as long as the page.
    void new Scratch({
      app,
      browser,
      palette,
      panel: handle,
      placer,
      restorer,
      settings,
      settingsId: PANEL_ID,
      statusBar,
      trans: translator.load(DOMAIN)
    });
  }
};

export * from './tokens';

export default [model, managing, panel, placing, commands, scratch];
