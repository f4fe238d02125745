import { isAbort, toProblem } from './api';
import type { IBrowserApi } from './api';
import type { KnownNodes } from './known';
import type { Restoring } from './restoring';
import type { IProblem } from './wire';

export interface IEndpointsOptions {
  api: IBrowserApi;
  nodes: KnownNodes;
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
        this._ids = endpoints.map(info => nodes.setEndpoint(info));
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
