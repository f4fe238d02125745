import type { JupyterFrontEnd } from '@jupyterlab/application';
import { Notification } from '@jupyterlab/apputils';
import type { ISettingRegistry } from '@jupyterlab/settingregistry';
import type { IStatusBar } from '@jupyterlab/statusbar';
import type { TranslationBundle } from '@jupyterlab/translation';
import { DisposableSet } from '@lumino/disposable';
import type { IDisposable } from '@lumino/disposable';
import { Poll } from '@lumino/polling';
import { Signal } from '@lumino/signaling';

import type { ZarrBrowser } from './browser';
import { CommandIDs } from './commands';
import { idOf } from './nodes';
import {
  OncePerDay,
  browserStorage,
  reminderOf,
  scratchName
} from './reminders';
import { ScratchStatus } from './view/scratch/status';

/**
 * Between two looks at what is known of the scratch, for reminders in pages that stay open for days. Counts nothing.
 */
const LOOK_MS = 3_600_000;

const REMINDER_MS = 30_000;

/**
 * What is said of the scratch while nobody looks at it: the item in the status bar, and a reminder a day. Both can be turned
 * off.
 */
export class ScratchWatch implements IDisposable {
  constructor(private readonly _options: ScratchWatch.IOptions) {
    this._reminded = new OncePerDay(
      browserStorage(),
      _options.app.serviceManager.serverSettings.baseUrl
    );
    void this._start();
  }

  get isDisposed(): boolean {
    return this._parts.isDisposed;
  }

  dispose(): void {
    Signal.clearData(this);
    this._poll.dispose();
    this._parts.dispose();
  }

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
      this._remind();
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

  private _remind(): void {
    const { app, browser, trans } = this._options;
    const now = Date.now();
    const { locations } = browser.usage;
    for (const location of locations) {
      const { usage } = browser.usage.place(location);
      const name = scratchName(location, locations);
      const text = reminderOf(location, name, usage, now, trans);
      if (
        text !== null &&
        this._hasReminders &&
        this._reminded.claim(idOf(location), now)
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

  private _hasReminders = true;
  private _hasStatus = true;
  private _isStatusActive = false;
  private readonly _parts = new DisposableSet();
  private readonly _poll = new Poll({
    auto: false,
    factory: () => this._look(),
    frequency: { interval: LOOK_MS, backoff: false },
    standby: 'when-hidden'
  });
  private readonly _reminded: OncePerDay;
  private readonly _statusChanged = new Signal<this, void>(this);
}

export namespace ScratchWatch {
  export interface IOptions {
    app: JupyterFrontEnd;
    browser: ZarrBrowser;
    settings: ISettingRegistry | null;
    settingsId: string;
    statusBar: IStatusBar | null;
    trans: TranslationBundle;
  }
}
