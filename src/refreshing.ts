import type { Answers } from './answers';
import type { Endpoints } from './endpoints';
import type { Expansion } from './expansion';
import type { KnownNodes } from './known';
import type { Limiter } from './limiter';
import type { Listings } from './listings';
import { ancestorKeys, isWithin, locationOf } from './nodes';
import type { Recogniser } from './recognise';
import type { ShownRows } from './shown';

export interface IRefreshingOptions {
  answers: Answers;
  background: Limiter;
  endpoints: Endpoints;
  expansion: Expansion;
  listings: Listings;
  nodes: KnownNodes;
  recogniser: Recogniser;
  shown: ShownRows;
  /**
   * Called when a refresh begins or ends.
   */
  changed(): void;
}

/**
 * Asks the stores again for what is on screen, and forgets what is not.
 */
export class Refreshing {
  constructor(private readonly _options: IRefreshingOptions) {}

  get isUnderWay(): boolean {
    return this._count > 0;
  }

  /**
   * Refresh a node and what is below it; null for everything.
   */
  async run(top: string | null): Promise<void> {
    const { endpoints, changed } = this._options;
    this._count++;
    changed();
    try {
      if (top !== null) {
        await this._below(top);
      } else {
        await endpoints.load();
        await Promise.all((endpoints.ids ?? []).map(id => this._below(id)));
      }
    } finally {
      this._count--;
      changed();
    }
  }

  private async _below(top: string): Promise<void> {
    const { answers, background, expansion, listings, nodes, recogniser } =
      this._options;
    const selected = this._options.shown.activeRow?.target ?? null;
    const wereDescribed = answers.forget(top, selected);
    const levels = new Map<number, string[]>();
    for (const id of listings.ids.filter(id => isWithin(id, top))) {
      if (expansion.isReachable(id)) {
        const level = ancestorKeys(locationOf(id).key).length;
        levels.set(level, [...(levels.get(level) ?? []), id]);
      } else {
        // Fetched again when it is opened again.
        listings.drop(id);
      }
    }
    const node = nodes.get(top);
    if (node && node.kind !== 'endpoint') {
      recogniser.doubt([top]);
    }
    // From the top: what a container is may depend on what it lies in, and each asks the server to forget all below.
    for (const [, ids] of [...levels].sort(([one], [other]) => one - other)) {
      await Promise.all(
        ids.map(id => background.run(() => listings.load(id, 'refresh')))
      );
    }
    if (wereDescribed && selected !== null && isWithin(selected, top)) {
      await answers.renew(selected);
    }
  }

  private _count = 0;
}
