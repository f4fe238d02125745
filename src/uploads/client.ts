import type { ServerApi } from '../api';
import type { ILocation } from '../nodes';
import type {
  IBatch,
  IBatchResult,
  ICreateRequest,
  INode,
  ITaken,
  ITakenRequest,
  IUpload,
  IUploadPart,
  IUploadRequest,
  IUploaded,
  IUploads
} from '../wire';

/**
 * Milliseconds without a byte after which a line counts as lost, and those that the server has to hand on what it got.
 */
const STALLED_MS = 180_000;
const ANSWER_MS = 600_000;

/**
 * What puts bytes into stores. Every call rejects with an `ApiError`, or with an `AbortError` once the signal has fired.
 */
export interface IUploadApi {
  /**
   * What lies there already.
   */
  taken(request: ITakenRequest, signal: AbortSignal): Promise<ITaken>;
  /**
   * Put small files.
   *
   * @param sent - Called with the number of bytes that have left so far.
   */
  sendBatch(
    batch: IBatch,
    bodies: readonly ArrayBuffer[],
    sent: (bytes: number) => void,
    signal: AbortSignal
  ): Promise<IBatchResult>;
  /**
   * Begin a large file, or go on with it.
   */
  beginUpload(request: IUploadRequest, signal: AbortSignal): Promise<IUpload>;
  /**
   * What was begun below a container and not ended.
   */
  unfinished(location: ILocation, signal: AbortSignal): Promise<IUploads>;
  sendPart(
    id: string,
    number: number,
    crc32: number,
    body: Blob,
    sent: (bytes: number) => void,
    signal: AbortSignal
  ): Promise<IUploadPart>;
  completeUpload(id: string, signal: AbortSignal): Promise<IUploaded>;
  /**
   * Take back all parts of a file that was begun.
   */
  removeUpload(id: string, signal: AbortSignal): Promise<void>;
  /**
   * Make a bucket or a folder.
   */
  createContainer(request: ICreateRequest, signal: AbortSignal): Promise<INode>;
}

export class UploadClient implements IUploadApi {
  constructor(private readonly _server: ServerApi) {}

  taken(request: ITakenRequest, signal: AbortSignal): Promise<ITaken> {
    return this._post('uploads/taken', request, signal);
  }

  sendBatch(
    batch: IBatch,
    bodies: readonly ArrayBuffer[],
    sent: (bytes: number) => void,
    signal: AbortSignal
  ): Promise<IBatchResult> {
    const head = new TextEncoder().encode(JSON.stringify(batch));
    const length = new DataView(new ArrayBuffer(4));
    length.setUint32(0, head.byteLength);
    const body = new Blob([length, head, ...bodies]);
    const extra = 4 + head.byteLength;
    return this._upload(
      'POST',
      'uploads/batch',
      body,
      bytes => sent(Math.max(0, bytes - extra)),
      signal
    );
  }

  beginUpload(request: IUploadRequest, signal: AbortSignal): Promise<IUpload> {
    return this._post('uploads', request, signal);
  }

  unfinished(
    { endpoint, key }: ILocation,
    signal: AbortSignal
  ): Promise<IUploads> {
    const query = new URLSearchParams({ endpoint, key });
    return this._server.send(`uploads?${query.toString()}`, { signal });
  }

  sendPart(
    id: string,
    number: number,
    crc32: number,
    body: Blob,
    sent: (bytes: number) => void,
    signal: AbortSignal
  ): Promise<IUploadPart> {
    const route = `${routeOf(id)}/parts/${number}?crc32=${crc32}`;
    return this._upload('PUT', route, body, sent, signal);
  }

  completeUpload(id: string, signal: AbortSignal): Promise<IUploaded> {
    return this._post(`${routeOf(id)}/complete`, undefined, signal);
  }

  async removeUpload(id: string, signal: AbortSignal): Promise<void> {
    await this._server.send(routeOf(id), { method: 'DELETE', signal });
  }

  createContainer(
    request: ICreateRequest,
    signal: AbortSignal
  ): Promise<INode> {
    return this._post('containers', request, signal);
  }

  private _post<T>(
    route: string,
    body: object | undefined,
    signal: AbortSignal
  ): Promise<T> {
    return this._server.send(route, {
      method: 'POST',
      body: body && JSON.stringify(body),
      signal
    });
  }

  /**
   * Send bytes and tell how many have left, which `fetch` does not.
   */
  private async _upload<T>(
    method: string,
    route: string,
    body: Blob,
    sent: (bytes: number) => void,
    signal: AbortSignal
  ): Promise<T> {
    const { settings } = this._server;
    const request = new XMLHttpRequest();
    const url = `${this._server.base}/${route}`;
    request.open(method, url);
    request.setRequestHeader('Content-Type', 'application/octet-stream');
    if (settings.token) {
      request.setRequestHeader('Authorization', `token ${settings.token}`);
    }
    const xsrf = xsrfToken();
    if (xsrf !== null) {
      request.setRequestHeader('X-XSRFToken', xsrf);
    }
    let timer: ReturnType<typeof setTimeout> | undefined;
    const expect = (ms: number) => {
      clearTimeout(timer);
      timer = setTimeout(() => request.abort(), ms);
    };
    const giveUp = () => request.abort();
    try {
      await new Promise<void>((resolve, reject) => {
        const fail = () =>
          reject(
            signal.aborted
              ? new DOMException('Aborted', 'AbortError')
              : this._server.offline()
          );
        request.upload.onprogress = ({ loaded }) => {
          sent(loaded);
          expect(STALLED_MS);
        };
        request.upload.onload = () => expect(ANSWER_MS);
        request.onload = () => resolve();
        request.onerror = fail;
        request.onabort = fail;
        if (signal.aborted) {
          fail();
          return;
        }
        signal.addEventListener('abort', giveUp, { once: true });
        expect(STALLED_MS);
        request.send(body);
      });
    } finally {
      clearTimeout(timer);
      signal.removeEventListener('abort', giveUp);
    }
    const { status } = request;
    return this._server.read<T>(
      {
        ok: status >= 200 && status < 300,
        status,
        redirected: request.responseURL !== '' && !sameUrl(request, url)
      },
      request.responseText
    );
  }
}

/**
 * The token that Jupyter wants with what changes something: the last one, as Tornado reads cookies.
 */
function xsrfToken(): string | null {
  const values = document.cookie
    .split(';')
    .map(part => part.trim())
    .filter(part => part.startsWith('_xsrf='))
    .map(part => part.slice('_xsrf='.length));
  return values[values.length - 1] ?? null;
}

function sameUrl({ responseURL }: XMLHttpRequest, url: string): boolean {
  return responseURL === new URL(url, window.location.href).href;
}

function routeOf(id: string): string {
  return `uploads/${encodeURIComponent(id)}`;
}
