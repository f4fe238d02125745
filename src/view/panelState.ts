import type { JSONObject } from '@lumino/coreutils';
import { Signal } from '@lumino/signaling';
import type { ISignal } from '@lumino/signaling';

/**
 * Pixels.
 */
const DETAILS_DEFAULT = 280;
export const DETAILS_MIN = 96;

/**
 * What the panel shows besides the tree, and how the user wants it.
 */
export class PanelState {
  get changed(): ISignal<this, void> {
    return this._changed;
  }

  get areDetailsOpen(): boolean {
    return this._areDetailsOpen;
  }

  set areDetailsOpen(value: boolean) {
    this._set(() => (this._areDetailsOpen = value));
  }

  get detailsPx(): number {
    return this._detailsPx;
  }

  set detailsPx(value: number) {
    this._set(() => (this._detailsPx = Math.max(DETAILS_MIN, value)));
  }

  get isGoToOpen(): boolean {
    return this._isGoToOpen;
  }

  set isGoToOpen(value: boolean) {
    this._set(() => (this._isGoToOpen = value));
  }

  /**
   * Whether the details show the code that opens a node.
   */
  get isCodeOpen(): boolean {
    return this._isCodeOpen;
  }

  set isCodeOpen(value: boolean) {
    this._set(() => (this._isCodeOpen = value));
  }

  /**
   * Whether a double click opens a Zarr node as a cell, or expands it.
   */
  doubleClick: 'insert' | 'expand' = 'insert';

  /**
   * Milliseconds that the context menu waits for the names of the cells that it offers.
   */
  menuWaitMs = 300;

  toSaved(): JSONObject {
    return {
      open: this._areDetailsOpen,
      heightPx: this._detailsPx,
      code: this._isCodeOpen
    };
  }

  restore(saved: unknown): void {
    if (typeof saved === 'object' && saved !== null) {
      const { open, heightPx, code } = saved as Record<string, unknown>;
      this._set(() => {
        if (typeof open === 'boolean') {
          this._areDetailsOpen = open;
        }
        if (typeof code === 'boolean') {
          this._isCodeOpen = code;
        }
        if (typeof heightPx === 'number') {
          this._detailsPx = Math.max(DETAILS_MIN, heightPx);
        }
      });
    }
  }

  dispose(): void {
    Signal.clearData(this);
  }

  private _set(change: () => void): void {
    change();
    this._changed.emit();
  }

  private _areDetailsOpen = true;
  private readonly _changed = new Signal<this, void>(this);
  private _detailsPx = DETAILS_DEFAULT;
  private _isCodeOpen = false;
  private _isGoToOpen = false;
}
