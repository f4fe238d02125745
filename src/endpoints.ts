import { isAbort, toProblem } from './api';
import type { IBrowserApi } from './api';
import { addressOf } from './keep';
import type { KnownNodes } from './known';
import type { ILocation } from './nodes';
import type { Restoring } from './restoring';
import type { IEndpoint, IProblem } from './wire';

export interface IEndpointsOptions {
  api: IBrowserApi;
  nodes: KnownNodes;
  /**
   * Show something in its container before a listing names it.
   */
  pin(location: ILocation, uri: string): void;
  restoring: Restoring;
  /**
   * Called when a request begins or ends.
   */
  changed(): void;
}

/**
 * The list of endpoints.
 */
export class Endpoints {
  constructor(private readonly _options: IEndpointsOptions) {}

  /**
   * Ids as nodes; null until the first answer.
   */
  get ids(): readonly string[] | null {
    return this._ids;
  }

  /**
   * Why they could not be fetched the last time, or what is wrong besides those that came.
   */
  get problem(): IProblem | null {
    return this._problem;
  }

  get status(): 'loading' | 'ready' | 'error' {
    return this._ids ? 'ready' : this._problem ? 'error' : 'loading';
  }

  /**
   * Fetch them where nobody did.
   */
  open(): void {
    if (!this._ids && !this._request) {
      void this.load();
    }
  }

  load(): Promise<void> {
    this._request ??= this._fetch().finally(() => {
      this._request = null;
    });
    return this._request;
  }

  dispose(): void {
    this._abort.abort();
  }

  private async _fetch(): Promise<void> {
    const { api, nodes, restoring, changed } = this._options;
    this._problem = null;
    changed();
    try {
      const { endpoints, problem } = await api.endpoints(this._abort.signal);
      this._problem = problem;
      // What is wrong with one endpoint does not take the others away.
      if (!problem || endpoints.length > 0) {
        this._ids = scratchFirst(endpoints).map(info =>
          nodes.setEndpoint(info)
        );
        for (const info of endpoints) {
          if (info.scratch && info.scratch.ownKey !== '') {
            // Where many share it, one's own part may be pages away.
            const own = { endpoint: info.id, key: info.scratch.ownKey };
            this._options.pin(own, addressOf(info, own.key));
          }
        }
        restoring.giveUpElsewhere(this._ids);
        restoring.arrived(this._ids);
      }
    } catch (error) {
      if (isAbort(error)) {
        return;
      }
      this._problem = toProblem(error);
    }
    changed();
  }

  private readonly _abort = new AbortController();
  private _ids: readonly string[] | null = null;
  private _problem: IProblem | null = null;
  private _request: Promise<void> | null = null;
}

/**
 * What is deleted by itself comes first: it is what has to be looked after.
 */
function scratchFirst(endpoints: readonly IEndpoint[]): IEndpoint[] {
  return [
    ...endpoints.filter(({ scratch }) => scratch !== null),
    ...endpoints.filter(({ scratch }) => scratch === null)
  ];
}
