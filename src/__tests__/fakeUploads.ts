import { ApiError, LOCAL_CODES } from '../api';
import type { IUploadApi } from '../uploads/client';
import { crc32, crcOfBlob } from '../uploads/crc32';
import type { IDroppedFile } from '../uploads/dropped';
import type {
  IBatch,
  IBatchResult,
  ICreateRequest,
  INode,
  IProblem,
  ITaken,
  ITakenRequest,
  IUpload,
  IUploadPart,
  IUploadRequest,
  IUploaded,
  IUploads
} from '../wire';
import { folder } from './fakeApi';

// The blobs of jsdom cannot be read by promises.
Blob.prototype.arrayBuffer ??= function (this: Blob) {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(reader.result as ArrayBuffer);
    reader.onerror = () => reject(reader.error);
    reader.readAsArrayBuffer(this);
  });
};

export const MODIFIED = 1_790_000_000_000;

export function file(path: string, content: string | number = path): File {
  const body =
    typeof content === 'number'
      ? new Uint8Array(content).map((_, at) => (at * 31) & 0xff)
      : content;
  return new File([body], path.split('/').pop()!, { lastModified: MODIFIED });
}

/**
 * Files as they lie in what was dropped: paths, or paths with contents or sizes.
 */
export function drop(
  ...paths: (string | readonly [string, string | number])[]
): IDroppedFile[] {
  return paths.map(each => {
    const [path, content] = typeof each === 'string' ? [each, each] : each;
    return { path: path.split('/'), file: file(path, content) };
  });
}

export function refusal(
  code: string,
  retryable = false,
  status = 400
): ApiError {
  return new ApiError(
    { code, message: `${code}.`, hint: '', retryable },
    status
  );
}

export const LOST = () => refusal(LOCAL_CODES.offline, true, 0);

interface IStored {
  readonly size: number;
  readonly crc: number;
  readonly modifiedMs: number | null;
}

interface ISession extends IUpload {
  readonly request: IUploadRequest;
  readonly parts: Map<number, { crc: number; size: number }>;
}

/**
 * A store in memory that takes uploads as the server does. `fault` decides what goes wrong.
 */
export class FakeUploads implements IUploadApi {
  partSizeBytes = 2 * 1024 * 1024;
  parallel = 3;

  /**
   * Keys in the order in which they were written.
   */
  readonly written: string[] = [];
  readonly stored = new Map<string, IStored>();
  readonly sessions = new Map<string, ISession>();
  readonly routes: string[] = [];
  readonly batches: IBatch[] = [];

  /**
   * Requests under way, and the most that were at a time.
   */
  underWay = 0;
  mostUnderWay = 0;

  /**
   * What a request meets before it is answered: an error to fail with. `late` faults come once the server has done it.
   */
  fault: (route: string) => ApiError | null = () => null;
  lateFault: (route: string) => ApiError | null = () => null;

  /**
   * Problem of a single file of a batch.
   */
  fileFault: (key: string) => IProblem | null = () => null;

  /**
   * Requests whose routes match wait for `release`.
   */
  held: RegExp | null = null;

  release(): void {
    this.held = null;
    for (const go of this._waiting.splice(0)) {
      go();
    }
  }

  put(key: string, size: number, modifiedMs: number | null = null): void {
    this.stored.set(key, { size, crc: 0, modifiedMs });
  }

  routesOf(pattern: RegExp): string[] {
    return this.routes.filter(route => pattern.test(route));
  }

  taken(request: ITakenRequest, signal: AbortSignal): Promise<ITaken> {
    return this._do(`taken ${request.keys.length}`, signal, () => ({
      taken: request.keys.flatMap(key => {
        const isThere = key.endsWith('/')
          ? [...this.stored.keys()].some(other => other.startsWith(key))
          : this.stored.has(key);
        const found = this.stored.get(key);
        return isThere
          ? [
              {
                key,
                sizeBytes: found?.size ?? null,
                modifiedMs: found?.modifiedMs ?? null,
                freeKey: request.freeNames ? this._free(key) : null
              }
            ]
          : [];
      })
    }));
  }

  async sendBatch(
    batch: IBatch,
    bodies: readonly ArrayBuffer[],
    sent: (bytes: number) => void,
    signal: AbortSignal
  ): Promise<IBatchResult> {
    this.batches.push(batch);
    sent(1);
    return this._do('batch', signal, () => ({
      problems: batch.files.flatMap(
        ({ key, sizeBytes, crc32: crc, modifiedMs }, at) => {
          const body = new Uint8Array(bodies[at]!);
          const problem =
            this.fileFault(key) ??
            (crc32(body) !== crc || body.length !== sizeBytes
              ? problemOf('corrupted', true)
              : this.stored.has(key) && !batch.replace
                ? problemOf('exists')
                : null);
          if (problem) {
            return [{ key, problem }];
          }
          this._write(key, { size: sizeBytes, crc, modifiedMs });
          return [];
        }
      )
    }));
  }

  beginUpload(request: IUploadRequest, signal: AbortSignal): Promise<IUpload> {
    return this._do(`begin ${request.key}`, signal, () => {
      if (this.stored.has(request.key) && !request.replace) {
        throw refusal('exists', false, 409);
      }
      const open = [...this.sessions.values()].find(
        ({ key, sizeBytes }) =>
          key === request.key && sizeBytes === request.sizeBytes
      );
      const session = open ?? {
        id: `u${++this._made}`,
        endpoint: request.endpoint,
        key: request.key,
        sizeBytes: request.sizeBytes,
        partSizeBytes: this.partSizeBytes,
        parallel: this.parallel,
        partsDone: [],
        startedAt: '2026-11-20T10:42:00Z',
        expiresAt: null,
        request,
        parts: new Map()
      };
      this.sessions.set(session.id, session);
      return {
        ...session,
        partsDone: [...session.parts].map(([number, { crc }]) => ({
          number,
          crc32: crc
        }))
      };
    });
  }

  unfinished(_: unknown, signal: AbortSignal): Promise<IUploads> {
    return this._do('unfinished', signal, () => ({
      uploads: [...this.sessions.values()],
      isTruncated: false
    }));
  }

  async sendPart(
    id: string,
    number: number,
    sum: number,
    body: Blob,
    sent: (bytes: number) => void,
    signal: AbortSignal
  ): Promise<IUploadPart> {
    sent(1);
    const crc = await crcOfBlob(body);
    return this._do(`part ${number}`, signal, () => {
      const session = this.sessions.get(id);
      if (!session) {
        throw refusal('not_found', false, 404);
      }
      if (crc !== sum) {
        throw refusal('corrupted', true, 422);
      }
      if (
        this.parallel === 1 &&
        number !== session.parts.size + 1 &&
        !session.parts.has(number)
      ) {
        throw refusal('bad_request');
      }
      session.parts.set(number, { crc, size: body.size });
      return { number, crc32: crc };
    });
  }

  completeUpload(id: string, signal: AbortSignal): Promise<IUploaded> {
    return this._do('complete', signal, () => {
      const session = this.sessions.get(id);
      if (!session) {
        throw refusal('not_found', false, 404);
      }
      const { request, parts } = session;
      const size = [...parts.values()].reduce(
        (sum, part) => sum + part.size,
        0
      );
      this.sessions.delete(id);
      if (size !== request.sizeBytes) {
        throw refusal('corrupted', true, 422);
      }
      this._write(request.key, {
        size,
        crc: 0,
        modifiedMs: request.modifiedMs
      });
      return {
        endpoint: request.endpoint,
        key: request.key,
        sizeBytes: size
      };
    });
  }

  async removeUpload(id: string, signal: AbortSignal): Promise<void> {
    await this._do(`remove ${id}`, signal, () => {
      this.sessions.delete(id);
      return {};
    });
  }

  createContainer(
    request: ICreateRequest,
    signal: AbortSignal
  ): Promise<INode> {
    return this._do('create', signal, () => folder(request.key));
  }

  private _free(key: string): string {
    const slash = key.endsWith('/') ? '/' : '';
    const bare = slash ? key.slice(0, -1) : key;
    const [, stem, end] = /^(.*?)((?:\.[^./]*)?)$/.exec(bare)!;
    for (let number = 2; ; number++) {
      const free = `${stem} (${number})${end}${slash}`;
      const isTaken = [...this.stored.keys()].some(other =>
        slash ? other.startsWith(free) : other === free
      );
      if (!isTaken) {
        return free;
      }
    }
  }

  private _write(key: string, stored: IStored): void {
    this.written.push(key);
    this.stored.set(key, stored);
  }

  private async _do<T>(
    route: string,
    signal: AbortSignal,
    work: () => T
  ): Promise<T> {
    const aborted = () => new DOMException('Aborted', 'AbortError');
    this.routes.push(route);
    this.underWay++;
    this.mostUnderWay = Math.max(this.mostUnderWay, this.underWay);
    try {
      await new Promise<void>((resolve, reject) => {
        signal.addEventListener('abort', () => reject(aborted()));
        if (signal.aborted) {
          reject(aborted());
        } else if (this.held?.test(route)) {
          this._waiting.push(resolve);
        } else {
          setTimeout(resolve);
        }
      });
      const fault = this.fault(route);
      if (fault) {
        throw fault;
      }
      const answer = work();
      const late = this.lateFault(route);
      if (late) {
        throw late;
      }
      return answer;
    } finally {
      this.underWay--;
    }
  }

  private _made = 0;
  private readonly _waiting: (() => void)[] = [];
}

function problemOf(code: string, retryable = false): IProblem {
  return { code, message: `${code}.`, hint: '', retryable };
}
