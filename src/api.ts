import { URLExt } from '@jupyterlab/coreutils';
import { ServerConnection } from '@jupyterlab/services';
import type { TranslationBundle } from '@jupyterlab/translation';

import { EventReader } from './events';
import type { ILocation } from './nodes';
import type {
  IChildren,
  IEndpoints,
  IErrorBody,
  IJob,
  IJobRequest,
  IJobs,
  INode,
  INodes,
  INodesRequest,
  IProblem,
  IScratchLocations,
  ISnippets
} from './wire';

/**
 * Below the server's base URL.
 */
const ROOT = 'zarrbrowser/api';

/**
 * Jobs that are followed by a stream at a time: a browser opens six connections to a server, and the page needs some.
 */
const STREAMS = 2;

/**
 * Milliseconds between two looks at a job without a stream, and the most between two that failed.
 */
const POLL_MS = 1000;
const POLL_MAX_MS = 15_000;

/**
 * Failures in a row after which a job is given up.
 */
const POLL_TRIES = 30;

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

/**
 * What matters of a response besides its body.
 */
export type IAnswer = Pick<Response, 'ok' | 'status' | 'redirected'>;

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
  /**
   * Cells that copy a container on a cluster.
   */
  copySnippets(
    location: ILocation,
    target: ILocation,
    signal: AbortSignal
  ): Promise<ISnippets>;
  /**
   * Cells that delete a container on a cluster.
   */
  deleteSnippets(location: ILocation, signal: AbortSignal): Promise<ISnippets>;
  /**
   * Where the user's scratch lies, with what the last counts said.
   */
  scratch(signal: AbortSignal): Promise<IScratchLocations>;
  startJob(request: IJobRequest, signal: AbortSignal): Promise<IJob>;
  job(id: string, signal: AbortSignal): Promise<IJob>;
  /**
   * Jobs under way and the last that ended, newest first; counts without their result.
   */
  jobs(signal: AbortSignal): Promise<IJobs>;
  cancelJob(id: string, signal: AbortSignal): Promise<IJob>;
  /**
   * Follow a job. Resolves to it once it has ended; rejects where it was forgotten or nothing answers for long.
   */
  watchJob(
    id: string,
    onJob: (job: IJob) => void,
    signal: AbortSignal
  ): Promise<IJob>;
}

/**
 * Whether a job goes on.
 */
export function isUnderWay({ state }: IJob): boolean {
  return state === 'queued' || state === 'running';
}

/**
 * Address of an object's content, for the browser's own download.
 */
export function downloadUrl(baseUrl: string, location: ILocation): string {
  const query = new URLSearchParams(queryOf(location));
  return `${URLExt.join(baseUrl, ROOT)}/download?${query.toString()}`;
}

export class ServerApi implements IBrowserApi {
  constructor(
    readonly settings: ServerConnection.ISettings,
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
    return this.send('nodes', {
      method: 'POST',
      body: JSON.stringify(request),
      signal
    });
  }

  snippets(location: ILocation, signal: AbortSignal): Promise<ISnippets> {
    return this._get('snippets', queryOf(location), signal);
  }

  copySnippets(
    location: ILocation,
    target: ILocation,
    signal: AbortSignal
  ): Promise<ISnippets> {
    return this._get(
      'snippets',
      {
        ...queryOf(location),
        toEndpoint: target.endpoint,
        toKey: target.key
      },
      signal
    );
  }

  deleteSnippets(location: ILocation, signal: AbortSignal): Promise<ISnippets> {
    return this._get(
      'snippets',
      { ...queryOf(location), for: 'delete' },
      signal
    );
  }

  scratch(signal: AbortSignal): Promise<IScratchLocations> {
    return this._get('scratch', {}, signal);
  }

  startJob(request: IJobRequest, signal: AbortSignal): Promise<IJob> {
    return this.send('jobs', {
      method: 'POST',
      body: JSON.stringify(request),
      signal
    });
  }

  job(id: string, signal: AbortSignal): Promise<IJob> {
    return this._get(`jobs/${encodeURIComponent(id)}`, {}, signal);
  }

  jobs(signal: AbortSignal): Promise<IJobs> {
    return this._get('jobs', {}, signal);
  }

  cancelJob(id: string, signal: AbortSignal): Promise<IJob> {
    return this.send(`jobs/${encodeURIComponent(id)}`, {
      method: 'DELETE',
      signal
    });
  }

  async watchJob(
    id: string,
    onJob: (job: IJob) => void,
    signal: AbortSignal
  ): Promise<IJob> {
    const last = await this._stream(id, onJob, signal);
    return last && !isUnderWay(last) ? last : this._poll(id, onJob, signal);
  }

  /**
   * Read the events of a job as long as they come. The last of them, null where there was none.
   */
  private async _stream(
    id: string,
    onJob: (job: IJob) => void,
    signal: AbortSignal
  ): Promise<IJob | null> {
    if (this._streams >= STREAMS) {
      return null;
    }
    this._streams++;
    let last: IJob | null = null;
    try {
      const response = await ServerConnection.makeRequest(
        `${this.base}/jobs/${encodeURIComponent(id)}/events`,
        { signal },
        this.settings
      );
      if (!response.ok || !response.body) {
        return null;
      }
      const reader = new EventReader(response.body);
      for await (const text of reader.events()) {
        const job = parse(text);
        if (isJob(job)) {
          last = job;
          onJob(job);
        }
      }
    } catch {
      // The connection was lost, or somebody on the way keeps no connection open: asking again tells.
      throwIfAborted(signal);
    } finally {
      this._streams--;
    }
    return last;
  }

  private async _poll(
    id: string,
    onJob: (job: IJob) => void,
    signal: AbortSignal
  ): Promise<IJob> {
    for (let failures = 0; ;) {
      try {
        const job = await this.job(id, signal);
        failures = 0;
        onJob(job);
        if (!isUnderWay(job)) {
          return job;
        }
      } catch (error) {
        const lives = error instanceof ApiError && error.retryable;
        if (!lives || ++failures > POLL_TRIES) {
          throw error;
        }
      }
      await pause(
        Math.min(POLL_MS * 2 ** Math.min(failures, 8), POLL_MAX_MS),
        signal
      );
    }
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
    return this.send(text ? `${route}?${text}` : route, { signal });
  }

  /**
   * Send a request and read its answer. For routes whose callers have a file of their own, too.
   */
  async send<T>(route: string, init: RequestInit): Promise<T> {
    let answer: IAnswer;
    let text: string;
    try {
      const response = await ServerConnection.makeRequest(
        `${this.base}/${route}`,
        init,
        this.settings
      );
      answer = response;
      text = await response.text();
    } catch (error) {
      if (init.signal?.aborted || isAbort(error)) {
        // `makeRequest` turns whatever happens into a NetworkError.
        throw new DOMException('Aborted', 'AbortError');
      }
      throw this.offline();
    }
    return this.read<T>(answer, text);
  }

  /**
   * What an answer says.
   *
   * @throws ApiError where it is a failure, or somebody else's.
   */
  read<T>(answer: IAnswer, text: string): T {
    const body = parse(text);
    if (answer.ok && (body !== undefined || answer.status === 204)) {
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
        answer.status,
        body.requestId
      );
    }
    throw new ApiError(this._foreign(answer, body), answer.status);
  }

  /**
   * Joined before the query is there: `URLExt.join` normalises paths, and keys must stay as they are.
   */
  get base(): string {
    return URLExt.join(this.settings.baseUrl, ROOT);
  }

  /**
   * What is said where nothing answers.
   */
  offline(): ApiError {
    return new ApiError({
      code: LOCAL_CODES.offline,
      message: this._trans.__('The Jupyter server does not answer.'),
      hint: this._trans.__(
        'Check that it is still running and that this computer is online.'
      ),
      retryable: true
    });
  }

  /**
   * Says who answered instead of the server extension, and what to do.
   */
  private _foreign(answer: IAnswer, body: unknown): IProblem {
    const trans = this._trans;
    const { status } = answer;
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
      answer.redirected
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

  private _streams = 0;
}

function throwIfAborted(signal: AbortSignal): void {
  if (signal.aborted) {
    throw new DOMException('Aborted', 'AbortError');
  }
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const abort = () => {
      clearTimeout(timer);
      reject(new DOMException('Aborted', 'AbortError'));
    };
    const timer = setTimeout(() => {
      signal.removeEventListener('abort', abort);
      resolve();
    }, ms);
    if (signal.aborted) {
      abort();
    }
    signal.addEventListener('abort', abort, { once: true });
  });
}

function isJob(value: unknown): value is IJob {
  return isRecord(value) && 'state' in value && 'progress' in value;
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
