import type { ILayoutRestorer, JupyterFrontEnd } from '@jupyterlab/application';
import { Clipboard, MainAreaWidget, WidgetTracker } from '@jupyterlab/apputils';
import type { ICommandPalette } from '@jupyterlab/apputils';
import type { ISettingRegistry } from '@jupyterlab/settingregistry';
import type { IStatusBar } from '@jupyterlab/statusbar';
import type { TranslationBundle } from '@jupyterlab/translation';
import type { ReadonlyPartialJSONObject } from '@lumino/coreutils';
import { DisposableSet } from '@lumino/disposable';
import type { IDisposable } from '@lumino/disposable';

import type { ZarrBrowser } from './browser';
import { CommandIDs, afterPalette, paletteLabel } from './commands';
import { guarded } from './failures';
import { scratchIcon, usageIcon } from './icons';
import { idOf, nameOfKey } from './nodes';
import type { ILocation } from './nodes';
import { JobEnds } from './scratchEnds';
import { RowCommands } from './scratchRows';
import { ScratchWatch } from './scratchWatch';
import type { ICodePlacer, IPanelHandle } from './tokens';
import { UsageView } from './usageView';
import type { UsagePanel } from './view/scratch/panel';

type UsageWidget = MainAreaWidget<UsagePanel>;

/**
 * Tabs that show what a scratch or a container weighs, and what belongs to them.
 */
export class Scratch implements IDisposable {
  constructor(private readonly _options: Scratch.IOptions) {
    const { restorer } = _options;
    this._tracker = new WidgetTracker<UsageWidget>({
      namespace: 'zarrbrowser-usage'
    });
    this._rows = new RowCommands({
      ..._options,
      current: () => this._tracker.currentWidget?.content.view ?? null,
      focusTable: () => this._tracker.currentWidget?.content.focusTable()
    });
    this._parts.add(this._rows);
    this._parts.add(new JobEnds(_options));
    this._parts.add(new ScratchWatch(_options));
    this._addCommands();
    if (restorer) {
      void restorer.restore(this._tracker, {
        command: CommandIDs.openScratch,
        args: ({ content }) => content.view.toSaved(),
        name: ({ content }) => nameOf(content.view.ownRoot)
      });
    }
  }

  get isDisposed(): boolean {
    return this._parts.isDisposed;
  }

  dispose(): void {
    this._parts.dispose();
    this._tracker.dispose();
  }

  // --- Tabs ---

  private async _open(args: ReadonlyPartialJSONObject): Promise<UsageWidget> {
    const { app, browser } = this._options;
    const root = locationOfArgs(args);
    const name = nameOf(root);
    const open = this._tracker.find(
      ({ content }) => nameOf(content.view.ownRoot) === name
    );
    const widget =
      open ?? (await this._make(root, locationOfArgs(args.at ?? {})));
    if (!widget.isAttached) {
      this._attach(widget);
    }
    app.shell.activateById(widget.id);
    if (args.isPalette === true) {
      afterPalette(() => widget.content.focusTable());
    }
    await browser.usage.load();
    if (args.count === true && root) {
      void browser.usage.look(root);
    }
    return widget;
  }

  private async _make(
    root: ILocation | null,
    at: ILocation | null
  ): Promise<UsageWidget> {
    const { browser, trans } = this._options;
    const { UsagePanel: Panel } = await import('./view/scratch/panel');
    // Two that were asked for at a time are one.
    const name = nameOf(root);
    const other = this._tracker.find(
      ({ content }) => nameOf(content.view.ownRoot) === name
    );
    if (other) {
      return other;
    }
    const view = new UsageView({ model: browser.usage, root, at });
    const content = new Panel(
      {
        model: browser.usage,
        trans,
        copy: text => Clipboard.copyToSystem(text),
        cancel: job => void guarded(() => browser.usage.cancel(job)),
        run: command => void this._rows.run(command, view),
        can: command => this._rows.can(command, view)
      },
      view
    );
    const widget = new MainAreaWidget({ content });
    widget.toolbar.hide();
    // The main area gives its content a name that says nothing.
    content.node.setAttribute(
      'aria-label',
      root ? trans.__('Usage') : trans.__('Scratch')
    );
    widget.id = `jp-zarrbrowser-usage-${++this._made}`;
    widget.title.icon = root ? usageIcon : scratchIcon;
    widget.title.label = this._labelOf(root);
    widget.title.closable = true;
    await this._tracker.add(widget);
    let saved = JSON.stringify(view.toSaved());
    view.changed.connect(() => {
      // What endpoints are called may not have been known.
      widget.title.label = this._labelOf(root);
      const now = JSON.stringify(view.toSaved());
      if (now !== saved) {
        saved = now;
        void this._tracker.save(widget);
      }
    });
    return widget;
  }

  private _labelOf(root: ILocation | null): string {
    const { browser, trans } = this._options;
    if (!root) {
      return trans.__('Scratch');
    }
    const name =
      root.key !== ''
        ? nameOfKey(root.key)
        : (browser.usage.endpoint(root.endpoint)?.title ??
          browser.model.find(root)?.name);
    return name === undefined ? trans.__('Usage') : trans.__('Usage: %1', name);
  }

  private _attach(widget: UsageWidget): void {
    const { shell } = this._options.app;
    shell.add(widget, 'main');
    if (!widget.isAttached && widget.parent === null) {
      // Notebook 7 shows one document only, and other things beside it.
      shell.add(widget, 'right');
    }
  }

  // --- Commands ---

  private _addCommands(): void {
    const { app, palette, trans } = this._options;
    const { commands } = app;
    const location = {
      endpoint: {
        type: 'string',
        description: trans.__('Id of an endpoint; without it, your scratch')
      },
      key: {
        type: 'string',
        description: trans.__('Key of a container below its root')
      }
    };
    this._parts.add(
      commands.addCommand(CommandIDs.openScratch, {
        label: paletteLabel(trans, trans.__('Show scratch')),
        caption: trans.__(
          'What your scratch holds, what it weighs, and what is deleted when'
        ),
        icon: scratchIcon,
        describedBy: {
          args: {
            type: 'object',
            properties: {
              ...location,
              count: {
                type: 'boolean',
                description: trans.__(
                  'Whether to count it where that was not done'
                )
              },
              at: { type: 'object', properties: location }
            }
          }
        },
        execute: args => this._open(args)
      })
    );
    if (palette) {
      this._parts.add(
        palette.addItem({
          command: CommandIDs.openScratch,
          category: trans.__('Zarr Browser'),
          args: { isPalette: true }
        })
      );
    }
  }

  private _made = 0;
  private readonly _parts = new DisposableSet();
  private readonly _rows: RowCommands;
  private readonly _tracker: WidgetTracker<UsageWidget>;
}

export namespace Scratch {
  export interface IOptions {
    app: JupyterFrontEnd;
    browser: ZarrBrowser;
    panel: IPanelHandle | null;
    placer: ICodePlacer | null;
    palette: ICommandPalette | null;
    restorer: ILayoutRestorer | null;
    settings: ISettingRegistry | null;
    settingsId: string;
    statusBar: IStatusBar | null;
    trans: TranslationBundle;
  }
}

function locationOfArgs(args: unknown): ILocation | null {
  const { endpoint, key } = (args ?? {}) as Record<string, unknown>;
  return typeof endpoint === 'string' && typeof key === 'string'
    ? { endpoint, key }
    : null;
}

/**
 * One tab for each.
 */
function nameOf(root: ILocation | null): string {
  return root ? `usage:${idOf(root)}` : 'scratch';
}
