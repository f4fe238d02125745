import { DisposableDelegate } from '@lumino/disposable';
import type { IDisposable } from '@lumino/disposable';
import { Signal } from '@lumino/signaling';
import type { ISignal } from '@lumino/signaling';

import type { BrowserModel } from './model';
import type { INodeAction, IZarrBrowser } from './tokens';
import type { UsageModel } from './usage';

/**
 * The model and the verbs.
 */
export class ZarrBrowser implements IZarrBrowser {
  constructor(
    readonly model: BrowserModel,
    readonly usage: UsageModel
  ) {}

  get actions(): readonly INodeAction[] {
    return [...this._actions.values()];
  }

  get actionAdded(): ISignal<this, INodeAction> {
    return this._actionAdded;
  }

  get actionRemoved(): ISignal<this, INodeAction> {
    return this._actionRemoved;
  }

  registerAction(action: INodeAction): IDisposable {
    if (this._actions.has(action.id)) {
      throw new Error(`There is an action “${action.id}” already.`);
    }
    this._actions.set(action.id, action);
    this._actionAdded.emit(action);
    return new DisposableDelegate(() => {
      if (this._actions.delete(action.id)) {
        this._actionRemoved.emit(action);
      }
    });
  }

  private readonly _actionAdded = new Signal<this, INodeAction>(this);
  private readonly _actionRemoved = new Signal<this, INodeAction>(this);
  private readonly _actions = new Map<string, INodeAction>();
}
