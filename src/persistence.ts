import type { IStateDB } from '@jupyterlab/statedb';
import type { IDisposable } from '@lumino/disposable';
import { Debouncer } from '@lumino/polling';
import { Signal } from '@lumino/signaling';

import type { BrowserModel } from './model';
import { decodeTree, encodeTree } from './saved';
import type { PanelState } from './view/panelState';

const KEY = 'jupyterlab_zarrbrowser:panel';

/**
 * Milliseconds from the last change to saving.
 */
const SAVE_MS = 500;

/**
 * Carries what is expanded and selected, and the size of the details, over a reload of the page.
 */
export class Persistence implements IDisposable {
  constructor(
    private readonly _db: IStateDB,
    private readonly _model: BrowserModel,
    private readonly _state: PanelState
  ) {}

  get isDisposed(): boolean {
    return this._saver.isDisposed;
  }

  dispose(): void {
    Signal.clearData(this);
    this._saver.dispose();
  }

  /**
   * Restore what was saved, then save what changes.
   */
  async start(restoreTree: boolean): Promise<void> {
    try {
      const saved = await this._db.fetch(KEY);
      if (typeof saved === 'object' && saved !== null && 'details' in saved) {
        this._state.restore(saved.details);
      }
      if (
        restoreTree &&
        typeof saved === 'object' &&
        saved !== null &&
        'tree' in saved
      ) {
        this._model.restore(decodeTree(saved.tree));
      }
    } catch (error) {
      console.warn('Zarr Browser could not restore its state.', error);
    }
    this._model.changed.connect(this._onChanged, this);
    this._state.changed.connect(this._onChanged, this);
  }

  private _onChanged(): void {
    void this._saver.invoke().catch(() => undefined);
  }

  private async _save(): Promise<void> {
    const value = {
      tree: encodeTree(this._model.toSaved()),
      details: this._state.toSaved()
    };
    const text = JSON.stringify(value);
    if (text !== this._last) {
      this._last = text;
      await this._db.save(KEY, value);
    }
  }

  private _last = '';
  private readonly _saver = new Debouncer(() => this._save(), SAVE_MS);
}
