import { isAbort } from './api';
import type { IBrowserApi } from './api';
import { idOf, isUndecided, locationOf } from './nodes';
import type { TreeNode } from './nodes';
import type { INode } from './wire';

/**
 * Keys in one request, the server's limit.
 */
export const BATCH_MAX = 200;

/**
 * Milliseconds from the last change of what is visible to asking, so that rows which only fly past are not asked for;
 * and the longest that a steady stream of changes may put it off.
 */
const SETTLE_MS = 40;
const PATIENCE_MS = 200;

export interface IRecogniserOptions {
  api: IBrowserApi;
  node(id: string): TreeNode | undefined;
  /**
   * Called with what a batch found.
   */
  found(nodes: readonly INode[]): void;
}

/**
 * Finds out what undecided folders are, for those that are on screen, each once.
 */
export class Recogniser {
  constructor(private readonly _options: IRecogniserOptions) {}

  /**
   * Tell which rows are on screen now.
   */
  seen(ids: readonly string[]): void {
    this._visible = ids;
    if (this._isPaused || !ids.some(id => this._isOpen(id))) {
      return;
    }
    const now = Date.now();
    this._since ??= now;
    clearTimeout(this._timer);
    const wait = Math.max(
      0,
      Math.min(SETTLE_MS, this._since + PATIENCE_MS - now)
    );
    this._timer = setTimeout(() => this._ask(this._visible), wait);
  }

  /**
   * Look into a node now where nobody has. Resolves when the answer is there or has failed.
   */
  async decide(id: string): Promise<void> {
    if (this._isOpen(id)) {
      clearTimeout(this._timer);
      this._ask([id, ...this._visible]);
    }
    await this._underWay.get(id);
  }

  /**
   * Ask again for nodes of which an earlier answer may be out of date.
   */
  doubt(ids: Iterable<string>): void {
    for (const id of ids) {
      this._asked.delete(id);
      this._doubted.add(id);
    }
    this.seen(this._visible);
  }

  /**
   * Ask nothing until `resume`.
   */
  pause(): void {
    this._isPaused = true;
    clearTimeout(this._timer);
    this._since = null;
  }

  resume(): void {
    this._isPaused = false;
    this.seen(this._visible);
  }

  dispose(): void {
    this.pause();
    this._abort.abort();
  }

  private _isOpen(id: string): boolean {
    if (this._doubted.has(id)) {
      return true;
    }
    const node = this._options.node(id);
    return node !== undefined && isUndecided(node) && !this._asked.has(id);
  }

  private _ask(ids: readonly string[]): void {
    this._since = null;
    const fresh = new Map<string, string[]>();
    const doubted = new Map<string, string[]>();
    for (const id of ids) {
      if (!this._isOpen(id)) {
        continue;
      }
      const { endpoint, key } = locationOf(id);
      const target = this._doubted.delete(id) ? doubted : fresh;
      const keys = target.get(endpoint) ?? [];
      keys.push(key);
      target.set(endpoint, keys);
      this._asked.add(id);
    }
    for (const [batches, refresh] of [
      [fresh, false],
      [doubted, true]
    ] as const) {
      for (const [endpoint, keys] of batches) {
        for (let at = 0; at < keys.length; at += BATCH_MAX) {
          const batch = keys.slice(at, at + BATCH_MAX);
          const answer = this._send(endpoint, batch, refresh);
          for (const key of batch) {
            this._underWay.set(idOf({ endpoint, key }), answer);
          }
        }
      }
    }
  }

  private async _send(
    endpoint: string,
    keys: string[],
    refresh: boolean
  ): Promise<void> {
    try {
      const { items } = await this._options.api.nodes(
        { endpoint, keys, refresh },
        this._abort.signal
      );
      this._options.found(items);
    } catch (error) {
      if (!isAbort(error)) {
        // They stay folders, which they can be used as; they are asked about again when they come into view anew.
        for (const key of keys) {
          this._asked.delete(idOf({ endpoint, key }));
        }
        console.warn('Zarr Browser could not recognise folders.', error);
      }
    }
    for (const key of keys) {
      this._underWay.delete(idOf({ endpoint, key }));
    }
  }

  private readonly _abort = new AbortController();
  private readonly _asked = new Set<string>();
  private readonly _doubted = new Set<string>();
  private _isPaused = false;
  private _since: number | null = null;
  private _timer: ReturnType<typeof setTimeout> | undefined;
  private readonly _underWay = new Map<string, Promise<void>>();
  private _visible: readonly string[] = [];
}
