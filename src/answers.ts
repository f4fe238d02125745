import { isAbort, toProblem } from './api';
import type { IBrowserApi } from './api';
import type { KnownNodes } from './known';
import { MY_FILES, idOf, isWithin, locationOf } from './nodes';
import type { ILocation } from './nodes';
import type { INode, IProblem, ISnippet } from './wire';

/**
 * What `GET node` said.
 */
export interface IDetails {
  /**
   * Null until the first answer.
   */
  readonly node: INode | null;
  readonly problem: IProblem | null;
  readonly isLoading: boolean;
}

interface ISnippetsEntry {
  readonly promise: Promise<readonly ISnippet[]>;
  readonly value: readonly ISnippet[] | null;
}

/**
 * Answers that are kept: details (they may carry large attributes) and snippets.
 */
const DETAILS_KEPT = 50;
const SNIPPETS_KEPT = 300;

export interface IAnswersOptions {
  api: IBrowserApi;
  nodes: KnownNodes;
  /**
   * Called after every change; `structure` where the rows may differ.
   */
  changed(structure: boolean): void;
}

/**
 * What the server said about single nodes: details and snippets, the last ones only.
 */
export class Answers {
  constructor(private readonly _options: IAnswersOptions) {}

  details(id: string): IDetails | null {
    return this._details.get(id) ?? null;
  }

  /**
   * Take the answer to another request as the details of a node.
   */
  setDetails(id: string, details: IDetails): void {
    this._details.delete(id);
    this._details.set(id, details);
    trim(this._details, DETAILS_KEPT);
    this._options.changed(false);
  }

  /**
   * Ask for everything about a node, once.
   */
  async describe(id: string, refresh: boolean): Promise<void> {
    const known = this._details.get(id);
    if (known && (known.isLoading || (!refresh && !known.problem))) {
      return;
    }
    this.setDetails(id, {
      node: known?.node ?? null,
      problem: null,
      isLoading: true
    });
    try {
      const node = await this._options.api.node(
        locationOf(id),
        refresh,
        this._abort.signal
      );
      this.setDetails(id, { node, problem: null, isLoading: false });
      this._options.nodes.learn(id, node);
    } catch (error) {
      if (isAbort(error)) {
        return;
      }
      this.setDetails(id, {
        node: known?.node ?? null,
        problem: toProblem(error),
        isLoading: false
      });
    }
    this._options.changed(true);
  }

  snippets(location: ILocation): Promise<readonly ISnippet[]> {
    if (location.endpoint === MY_FILES) {
      // One's own files are no endpoint to open something from.
      return Promise.resolve([]);
    }
    const entry = this._snippets.get(idOf(location));
    return entry?.promise ?? this._askSnippets(location);
  }

  snippetsNow(location: ILocation): readonly ISnippet[] | null {
    return this._snippets.get(idOf(location))?.value ?? null;
  }

  /**
   * Forget what was said about a node and all below it, except what the details show: it stays until it is renewed.
   * Returns whether there were any details.
   */
  forget(top: string, shown: string | null): boolean {
    const stale = [...this._details.keys()].filter(id => isWithin(id, top));
    for (const id of [...this._snippets.keys()]) {
      if (isWithin(id, top) && (id !== shown || stale.length === 0)) {
        this._snippets.delete(id);
      }
    }
    for (const id of stale) {
      if (id !== shown) {
        this._details.delete(id);
      }
    }
    return stale.length > 0;
  }

  /**
   * Describe a node past the caches and, where its code was asked for, ask for that again.
   */
  async renew(id: string): Promise<void> {
    await this.describe(id, true);
    if (this._snippets.has(id)) {
      // A failure shows where the snippet is asked for.
      await this._askSnippets(locationOf(id)).catch(() => undefined);
    }
  }

  dispose(): void {
    this._abort.abort();
  }

  /**
   * What was said before stays until the answer is here.
   */
  private _askSnippets(location: ILocation): Promise<readonly ISnippet[]> {
    const id = idOf(location);
    const isLatest = () => this._snippets.get(id)?.promise === promise;
    const promise = this._options.api
      .snippets(location, this._abort.signal)
      .then(({ snippets }) => {
        if (isLatest()) {
          this._snippets.set(id, { promise, value: snippets });
          this._options.changed(false);
        }
        return snippets;
      });
    promise.catch(() => {
      if (isLatest()) {
        this._snippets.delete(id);
        this._options.changed(false);
      }
    });
    this._snippets.set(id, {
      promise,
      value: this._snippets.get(id)?.value ?? null
    });
    trim(this._snippets, SNIPPETS_KEPT);
    return promise;
  }

  private readonly _abort = new AbortController();
  private readonly _details = new Map<string, IDetails>();
  private readonly _snippets = new Map<string, ISnippetsEntry>();
}

/**
 * Drop the oldest entries.
 */
function trim<T>(map: Map<string, T>, count: number): void {
  for (const id of map.keys()) {
    if (map.size <= count) {
      return;
    }
    map.delete(id);
  }
}
