import { URLExt } from '@jupyterlab/coreutils';
import { ServerConnection } from '@jupyterlab/services';
import type { TranslationBundle } from '@jupyterlab/translation';

import type { ILocation } from './nodes';
import type {
  IChildren,
  IEndpoints,
  IErrorBody,
  INode,
  INodes,
  INodesRequest,
  IProblem,
  ISnippets
} from './wire';

/**
 * Below the server's base URL.
 */
const ROOT = 'zarrbrowser/api';

/**
 * Codes of failures that the server extension did not answer itself. Its own codes are listed in `errors.py`.
 */
export const LOCAL_CODES = {
  /** Nothing answers. */
  offline: 'client_offline',
  /** Jupyter answers, and does not know our routes. */
  missing: 'client_extension_missing',
  /** Jupyter, a hub or a proxy wants a login. */
  login: 'client_login',
  /** Something between the browser and the server answered. */
  foreign: 'client_foreign_answer'
} as const;

/**
 * A request that failed, with what the person who sees it can do about it.
 */
export class ApiError extends Error implements IProblem {
  constructor(
    problem: IProblem,
    readonly status: number = 0,
    readonly requestId: string = ''
  ) {
    super(problem.message);
    this.name = 'ApiError';
    this.code = problem.code;
    this.hint = problem.hint;
    this.retryable = problem.retryable;
  }

  readonly code: string;
  readonly hint: string;
  readonly retryable: boolean;
}

/**
 * Whether a request ended because nobody wanted its answer any more.
 */
export function isAbort(error: unknown): boolean {
  return error instanceof Error && error.name === 'AbortError';
}

/**
 * Any failure as a problem that can be shown.
 */
export function toProblem(error: unknown): IProblem {
  if (error instanceof ApiError) {
    const { code, message, hint, retryable } = error;
    return { code, message, hint, retryable };
  }
  const message = error instanceof Error ? error.message : String(error);
  return { code: 'client_internal', message, hint: '', retryable: true };
}

export interface IChildrenQuery {
  cursor?: string;
  limit?: number;
  prefix?: string;
  refresh?: boolean;
}

/**
 * The server, as the front end needs it. Every call rejects with an `ApiError`, or with an `AbortError` once the
 * signal has fired.
 */
export interface IBrowserApi {
  endpoints(signal: AbortSignal): Promise<IEndpoints>;
  children(
    location: ILocation,
    query: IChildrenQuery,
    signal: AbortSignal
  ): Promise<IChildren>;
  node(
    location: ILocation,
    refresh: boolean,
    signal: AbortSignal
  ): Promise<INode>;
  /**
   * The node that a URL, or a path inside the current endpoint, means.
   */
  resolve(
    url: string,
    endpoint: string | null,
    signal: AbortSignal
  ): Promise<INode>;
  nodes(request: INodesRequest, signal: AbortSignal): Promise<INodes>;
  snippets(location: ILocation, signal: AbortSignal): Promise<ISnippets>;
}

export class ServerApi implements IBrowserApi {
  constructor(
    private readonly _settings: ServerConnection.ISettings,
    private readonly _trans: TranslationBundle
  ) {}

  endpoints(signal: AbortSignal): Promise<IEndpoints> {
    return this._get('endpoints', {}, signal);
  }

  children(
    location: ILocation,
    query: IChildrenQuery,
    signal: AbortSignal
  ): Promise<IChildren> {
    return this._get(
      'children',
      {
        ...queryOf(location),
        cursor: query.cursor,
        limit: query.limit?.toString(),
        prefix: query.prefix || undefined,
        refresh: query.refresh ? '1' : undefined
      },
      signal
    );
  }

  node(
    location: ILocation,
    refresh: boolean,
    signal: AbortSignal
  ): Promise<INode> {
    return this._get(
      'node',
      { ...queryOf(location), refresh: refresh ? '1' : undefined },
      signal
    );
  }

  resolve(
    url: string,
    endpoint: string | null,
    signal: AbortSignal
  ): Promise<INode> {
    return this._get('node', { url, endpoint: endpoint ?? undefined }, signal);
  }

  nodes(request: INodesRequest, signal: AbortSignal): Promise<INodes> {
    return this._send('nodes', {
      method: 'POST',
      body: JSON.stringify(request),
      signal
    });
  }

  snippets(location: ILocation, signal: AbortSignal): Promise<ISnippets> {
    return this._get('snippets', queryOf(location), signal);
  }

  private _get<T>(
    route: string,
    query: { readonly [name: string]: string | undefined },
    signal: AbortSignal
  ): Promise<T> {
    const search = new URLSearchParams();
    for (const [name, value] of Object.entries(query)) {
      if (value !== undefined) {
        search.set(name, value);
      }
    }
    const text = search.toString();
    return this._send(text ? `${route}?${text}` : route, { signal });
  }

  private async _send<T>(route: string, init: RequestInit): Promise<T> {
    // Joined before the query is there: `URLExt.join` normalises paths, and keys must stay as they are.
    const base = URLExt.join(this._settings.baseUrl, ROOT);
    let response: Response;
    let text: string;
    try {
      response = await ServerConnection.makeRequest(
        `${base}/${route}`,
        init,
        this._settings
      );
      text = await response.text();
    } catch (error) {
      if (init.signal?.aborted || isAbort(error)) {
        // `makeRequest` turns whatever happens into a NetworkError.
        throw new DOMException('Aborted', 'AbortError');
      }
      throw new ApiError(this._offline());
    }
    const body = parse(text);
    if (response.ok && body !== undefined) {
      return body as T;
    }
    if (isErrorBody(body)) {
      throw new ApiError(
        {
          code: body.code,
          message: body.message,
          hint: body.hint ?? '',
          retryable: body.retryable ?? false
        },
        response.status,
        body.requestId
      );
    }
    throw new ApiError(this._foreign(response, body), response.status);
  }

  private _offline(): IProblem {
    return {
      code: LOCAL_CODES.offline,
      message: this._trans.__('The Jupyter server does not answer.'),
      hint: this._trans.__(
        'Check that it is still running and that this computer is online.'
      ),
      retryable: true
    };
  }

  /**
   * Says who answered instead of the server extension, and what to do.
   */
  private _foreign(response: Response, body: unknown): IProblem {
    const trans = this._trans;
    const { status } = response;
    const fromJupyter = isRecord(body) && 'message' in body;
    if (status === 404) {
      return {
        code: LOCAL_CODES.missing,
        message: trans.__('The server part of Zarr Browser is not running.'),
        hint: trans.__(
          'Run “%1” where the Jupyter server runs, then restart that server.',
          'jupyter server extension enable jupyterlab_zarrbrowser'
        ),
        retryable: true
      };
    }
    if (
      status === 401 ||
      (status === 403 && !fromJupyter) ||
      response.redirected
    ) {
      return {
        code: LOCAL_CODES.login,
        message: trans.__('The Jupyter server asks for a login.'),
        hint: trans.__(
          'Your session has probably ended: reload this page and log in again.'
        ),
        retryable: true
      };
    }
    if (status === 403) {
      return {
        code: LOCAL_CODES.login,
        message: trans.__('The Jupyter server refused the request (403).'),
        hint: trans.__(
          'Reload this page. If that does not help, ask your administrator for the permission “zarrbrowser”.'
        ),
        retryable: true
      };
    }
    if (fromJupyter) {
      return {
        code: LOCAL_CODES.foreign,
        message: trans.__('The Jupyter server failed (status %1).', status),
        hint: trans.__('Its log says more.'),
        retryable: status >= 500
      };
    }
    return {
      code: LOCAL_CODES.foreign,
      message: trans.__(
        'Something between this page and Zarr Browser answered (status %1).',
        status
      ),
      hint: trans.__(
        'It is probably a proxy or the hub, because the server is starting, stopped or overloaded. Try again, or reload this page.'
      ),
      retryable: true
    };
  }
}

/**
 * Nodes are locations, too, and carry more.
 */
function queryOf({ endpoint, key }: ILocation): {
  endpoint: string;
  key: string;
} {
  return { endpoint, key };
}

/**
 * Undefined for what is not JSON.
 */
function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

function isErrorBody(
  body: unknown
): body is Pick<IErrorBody, 'code' | 'message'> & Partial<IErrorBody> {
  return (
    isRecord(body) &&
    typeof body.code === 'string' &&
    typeof body.message === 'string'
  );
}
