import type { ILayoutRestorer, JupyterFrontEnd } from '@jupyterlab/application';
import {
  Clipboard,
  MainAreaWidget,
  Notification,
  WidgetTracker
} from '@jupyterlab/apputils';
import type { ICommandPalette } from '@jupyterlab/apputils';
import type { ISettingRegistry } from '@jupyterlab/settingregistry';
import type { IStateDB } from '@jupyterlab/statedb';
import type { IStatusBar } from '@jupyterlab/statusbar';
import type { TranslationBundle } from '@jupyterlab/translation';
import { addIcon, copyIcon, deleteIcon } from '@jupyterlab/ui-components';
import type { LabIcon } from '@jupyterlab/ui-components';
import type { ReadonlyPartialJSONObject } from '@lumino/coreutils';
import { DisposableSet } from '@lumino/disposable';
import type { IDisposable } from '@lumino/disposable';
import { Poll } from '@lumino/polling';
import { Signal } from '@lumino/signaling';

import { isAbort, toProblem } from './api';
import type { ZarrBrowser } from './browser';
import { CommandIDs, paletteLabel } from './commands';
import {
  keepIcon,
  panelIcon,
  renewIcon,
  scratchIcon,
  twistyIcon,
  usageIcon
} from './icons';
import { addressOf } from './keep';
import { objectsText } from './lifetime';
import { ancestorKeys, idOf, nameOfKey } from './nodes';
import type { ILocation } from './nodes';
import { OncePerDay, reminderOf } from './reminders';
import type { ICodePlacer, IPanelHandle } from './tokens';
import { isUsage, takesAway } from './usage';
import { UsageView } from './usageView';
import type { UsageCommand } from './view/scratch/context';
import type { UsagePanel } from './view/scratch/panel';
import { ScratchStatus } from './view/scratch/status';
import type { IJob, IUsageRow } from './wire';

const ROW_SELECTOR = '.jp-ZarrUsage-row';

/**
 * Between two looks at what is known of the scratch, for reminders in pages that stay open for days. Counts nothing.
 */
const LOOK_MS = 3_600_000;

const REMINDER_MS = 30_000;

type UsageWidget = MainAreaWidget<UsagePanel>;

/**
 * Tabs that show what a scratch or a container weighs, the item in the status bar, reminders, and what can be done with a
 * row: keep, delete, insert, show.
 */
export class Scratch implements IDisposable {
  constructor(private readonly _options: Scratch.IOptions) {
    const { browser, restorer } = _options;
    this._tracker = new WidgetTracker<UsageWidget>({
      namespace: 'zarrbrowser-usage'
    });
    this._reminded = new OncePerDay(_options.stateDB);
    this._addCommands();
    browser.usage.ended.connect(this._onEnded, this);
    if (restorer) {
      void restorer.restore(this._tracker, {
        command: CommandIDs.openScratch,
        args: ({ content }) => content.view.toSaved(),
        name: ({ content }) => nameOf(content.view.ownRoot)
      });
    }
    void this._start();
  }

  get isDisposed(): boolean {
    return this._parts.isDisposed;
  }

  dispose(): void {
    Signal.clearData(this);
    this._poll.dispose();
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
        cancel: job => void this._guard(() => browser.usage.cancel(job)),
        run: command => void this._run(command, view),
        can: command => this._can(command, view)
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
    widget.title.label = root
      ? trans.__(
          'Usage: %1',
          root.key === ''
            ? (browser.model.find(root)?.name ?? root.endpoint)
            : nameOfKey(root.key)
        )
      : trans.__('Scratch');
    widget.title.closable = true;
    await this._tracker.add(widget);
    let saved = JSON.stringify(view.toSaved());
    view.changed.connect(() => {
      const now = JSON.stringify(view.toSaved());
      if (now !== saved) {
        saved = now;
        void this._tracker.save(widget);
      }
    });
    return widget;
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
    const { commands, contextMenu } = app;
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
      const command = `zarrbrowser:usage-${verb}`;
      const isPossible = () => {
        const view = this._tracker.currentWidget?.content.view;
        return view !== undefined && this._can(verb, view);
      };
      this._parts.add(
        commands.addCommand(command, {
          label,
          icon,
          describedBy: { args: { type: 'object', properties: {} } },
          isEnabled: isPossible,
          isVisible: isPossible,
          execute: async () => {
            const view = this._tracker.currentWidget?.content.view;
            if (view) {
              await this._run(verb, view);
            }
          }
        })
      );
      this._parts.add(
        contextMenu.addItem({ command, selector: ROW_SELECTOR, rank })
      );
    });
  }

  private _can(command: UsageCommand, view: UsageView): boolean {
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
        return usage.scratchOf(place) !== null && usage.keepPlaces.length > 0;
      case 'renew':
        return usage.scratchOf(location)?.renewable === true;
      case 'delete':
        return usage.isWritable(location);
    }
  }

  private async _run(command: UsageCommand, view: UsageView): Promise<void> {
    const { app, browser, panel } = this._options;
    const { activeRow: row, place } = view;
    if (!row || !place || !this._can(command, view)) {
      return;
    }
    const { endpoint } = place;
    const location = { endpoint, key: row.key };
    await this._guard(async () => {
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
          Clipboard.copyToSystem(this._uriOf(location));
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

  private _uriOf({ endpoint, key }: ILocation): string {
    const info = this._options.browser.usage.endpoint(endpoint);
    return info ? addressOf(info, key) : key;
  }

  private async _keep(location: ILocation, row: IUsageRow): Promise<void> {
    const { browser, trans } = this._options;
    const { usage } = browser;
    const { askKeep } = await import('./view/scratch/dialogs');
    const choice = await askKeep({
      row,
      places: usage.keepPlaces,
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
    const uri = this._uriOf(location);
    if (await askDelete({ row, uri, trans })) {
      await browser.usage.start({
        kind: 'delete',
        ...location,
        maxObjects: row.objects
      });
    }
  }

  // --- Ends of jobs ---

  private _onEnded(_: unknown, job: IJob): void {
    void this._guard(async () => {
      if (!(await this._askedAgain(job))) {
        this._tell(job);
        await this._refreshTree(job);
      }
    });
  }

  /**
   * Whether a copy failed because something was there, and that was talked about.
   */
  private async _askedAgain({ error, kind, request }: IJob): Promise<boolean> {
    const { browser, trans } = this._options;
    if (kind !== 'copy' || error?.code !== 'exists') {
      return false;
    }
    const { askConflict } = await import('./view/scratch/dialogs');
    const ifExists = await askConflict(error, trans);
    if (ifExists) {
      await browser.usage.start({ ...request, ifExists });
    }
    return true;
  }

  private _tell(job: IJob): void {
    const { app, trans } = this._options;
    const name = nameOfKey(job.key);
    const isCopy = job.kind === 'copy';
    switch (job.state) {
      case 'done': {
        const { result } = job;
        if (!isCopy || !result || isUsage(result)) {
          const count = objectsText(job.progress.objects, trans);
          Notification.success(
            job.kind === 'renew'
              ? trans.__('The clock of “%1” was reset: %2.', name, count)
              : trans.__('Deleted “%1”: %2.', name, count),
            { autoClose: 5_000 }
          );
          break;
        }
        const target = { endpoint: result.endpoint, key: result.key };
        const uri = this._uriOf(target);
        Notification.success(
          job.request.deleteSource
            ? trans.__('Kept as %1, and deleted from the scratch.', uri)
            : trans.__('Kept as %1.', uri),
          {
            autoClose: 6_000,
            actions: [
              {
                label: trans.__('Show in browser'),
                callback: () => {
                  this._options.panel?.reveal();
                  void this._guard(() =>
                    this._options.browser.model.revealAt(target)
                  );
                }
              },
              {
                label: trans.__('Insert cell'),
                callback: () =>
                  void app.commands.execute(
                    CommandIDs.ofAction('insert'),
                    target
                  )
              }
            ]
          }
        );
        break;
      }
      case 'cancelled':
        Notification.info(
          isCopy
            ? trans.__(
                'Copying “%1” was cancelled. What was copied stays: %2.',
                name,
                objectsText(job.progress.objects, trans)
              )
            : job.kind === 'renew'
              ? trans.__(
                  'Resetting the clock of “%1” was cancelled. It was reset for %2.',
                  name,
                  objectsText(job.progress.objects, trans)
                )
              : trans.__(
                  'Deleting “%1” was cancelled. What was deleted is gone: %2.',
                  name,
                  objectsText(job.progress.objects, trans)
                ),
          { autoClose: 10_000 }
        );
        break;
      default:
        this._fail(
          job.error ?? toProblem(new Error(trans.__('The job failed.')))
        );
    }
  }

  private async _refreshTree(job: IJob): Promise<void> {
    const { model } = this._options.browser;
    const { request } = job;
    const changed: ILocation[] = [];
    if (takesAway(job)) {
      changed.push(job);
    }
    if (job.result && !isUsage(job.result)) {
      changed.push(job.result);
    } else if (request.toKey) {
      const endpoint = request.toEndpoint ?? job.endpoint;
      changed.push({ endpoint, key: request.toKey });
    }
    const containers = new Map(
      changed.map(({ endpoint, key }) => {
        const location = { endpoint, key: ancestorKeys(key).pop() ?? '' };
        return [idOf(location), location] as const;
      })
    );
    await Promise.all(
      [...containers.values()].map(location => model.refresh(location))
    );
  }

  // --- Status bar and reminders ---

  private async _start(): Promise<void> {
    const { app, browser, settings, settingsId, statusBar, trans } =
      this._options;
    const { usage } = browser;
    if (statusBar) {
      usage.changed.connect(this._updateStatus, this);
      this._parts.add(
        statusBar.registerStatusItem('jupyterlab_zarrbrowser:scratch', {
          item: new ScratchStatus({
            model: usage,
            trans,
            open: () => void app.commands.execute(CommandIDs.openScratch)
          }),
          align: 'left',
          rank: 20,
          isActive: () => this._isStatusActive,
          activeStateChanged: this._statusChanged
        })
      );
    }
    try {
      const loaded = await settings?.load(settingsId);
      const apply = () => {
        this._hasStatus = loaded?.composite.scratchStatus !== false;
        this._hasReminders = loaded?.composite.scratchReminders !== false;
        this._updateStatus();
        void this._look();
      };
      loaded?.changed.connect(apply);
      this._hasStatus = loaded?.composite.scratchStatus !== false;
      this._hasReminders = loaded?.composite.scratchReminders !== false;
    } catch (error) {
      console.warn('Zarr Browser uses its default settings.', error);
    }
    await app.restored;
    if (!this.isDisposed) {
      await this._poll.start();
    }
  }

  /**
   * See where the scratch lies and what is known of it, where somebody is interested.
   */
  private async _look(): Promise<void> {
    const { browser, statusBar } = this._options;
    if ((statusBar && this._hasStatus) || this._hasReminders) {
      await browser.usage.load();
      await this._remind();
    }
  }

  private _updateStatus(): void {
    const isActive =
      this._hasStatus && this._options.browser.usage.locations.length > 0;
    if (isActive !== this._isStatusActive) {
      this._isStatusActive = isActive;
      this._statusChanged.emit();
    }
  }

  private async _remind(): Promise<void> {
    const { app, browser, trans } = this._options;
    const now = Date.now();
    for (const location of browser.usage.locations) {
      const { usage } = browser.usage.place(location);
      const text = reminderOf(location, usage, now, trans);
      if (
        text !== null &&
        this._hasReminders &&
        (await this._reminded.claim(idOf(location), now))
      ) {
        Notification.warning(text, {
          autoClose: REMINDER_MS,
          actions: [
            {
              label: trans.__('Show scratch'),
              callback: () =>
                void app.commands.execute(CommandIDs.openScratch, {
                  at: { endpoint: location.endpoint, key: location.key }
                })
            }
          ]
        });
      }
    }
  }

  // --- Failures ---

  /**
   * Show a failure instead of throwing it.
   */
  private async _guard(work: () => Promise<unknown>): Promise<void> {
    try {
      await work();
    } catch (error) {
      if (!isAbort(error)) {
        this._fail(toProblem(error));
      }
    }
  }

  private _fail({ message, hint }: { message: string; hint: string }): void {
    Notification.error(hint ? `${message}\n\n${hint}` : message, {
      autoClose: 15_000
    });
  }

  private _hasReminders = true;
  private _hasStatus = true;
  private _isStatusActive = false;
  private _made = 0;
  private readonly _parts = new DisposableSet();
  private readonly _poll = new Poll({
    auto: false,
    factory: () => this._look(),
    frequency: { interval: LOOK_MS, backoff: false },
    standby: 'when-hidden'
  });
  private readonly _reminded: OncePerDay;
  private readonly _statusChanged = new Signal<this, void>(this);
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
    stateDB: IStateDB | null;
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
