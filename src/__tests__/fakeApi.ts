import { ApiError } from '../api';
import type { IBrowserApi, IChildrenQuery } from '../api';
import type { ILocation } from '../nodes';
import type {
  IArrayNode,
  IChildren,
  IDatasetNode,
  IEndpoint,
  IEndpoints,
  IFolderNode,
  IJob,
  IJobRequest,
  IJobs,
  INode,
  INodes,
  INodesRequest,
  IObjectNode,
  IProblem,
  IScratchLocation,
  IScratchLocations,
  ISnippets,
  IUsage,
  IUsageRow
} from '../wire';

export function endpoint(id: string, more: Partial<IEndpoint> = {}): IEndpoint {
  return {
    id,
    title: id,
    kind: 's3',
    url: 's3://',
    writable: false,
    writablePrefixes: null,
    createsBuckets: false,
    status: 'unchecked',
    source: 'admin',
    problem: null,
    scratch: null,
    ...more
  };
}

function base(key: string) {
  const bare = key.replace(/\/$/, '');
  return {
    endpoint: 'lab',
    key,
    name: bare.slice(bare.lastIndexOf('/') + 1),
    uri: `s3://${key}`,
    sizeBytes: null,
    modifiedAt: null,
    format: null,
    health: [],
    problem: null,
    documents: null
  };
}

export function folder(
  key: string,
  more: Partial<IFolderNode> = {}
): IFolderNode {
  return { ...base(key), kind: 'folder', isUndecided: false, ...more };
}

export function object(
  key: string,
  more: Partial<IObjectNode> = {}
): IObjectNode {
  return { ...base(key), kind: 'object', ...more };
}

const zarr = {
  format: 'zarr',
  zarrFormat: 3,
  consolidated: true,
  storeKey: null,
  path: '',
  attributes: null
} as const;

export function dataset(
  key: string,
  more: Partial<IDatasetNode> = {}
): IDatasetNode {
  return {
    ...base(key),
    ...zarr,
    kind: 'dataset',
    storeKey: key,
    childCount: null,
    membersUnknown: false,
    sizes: null,
    ...more
  };
}

export function array(key: string, more: Partial<IArrayNode> = {}): IArrayNode {
  return {
    ...base(key),
    ...zarr,
    kind: 'array',
    dims: null,
    shape: [4],
    chunks: [4],
    shards: null,
    dtype: 'float32',
    codecs: null,
    fillValue: null,
    order: null,
    ...more
  };
}

export function usageRow(
  key: string,
  bytes: number,
  more: Partial<IUsageRow> = {}
): IUsageRow {
  const bare = key.replace(/\/$/, '');
  return {
    key,
    name: bare.slice(bare.lastIndexOf('/') + 1),
    kind: key.endsWith('/') ? 'folder' : 'object',
    objects: 1,
    bytes,
    oldestAt: null,
    newestAt: null,
    expiresAt: null,
    goneAt: null,
    expiringObjects: 0,
    expiringBytes: 0,
    chunks: null,
    damage: null,
    missingDocuments: 0,
    ...more
  };
}

/**
 * A count of a place whose rows are all there is.
 */
export function usage(
  key: string,
  rows: IUsageRow[],
  more: Partial<IUsage> = {}
): IUsage {
  const sum = (of: (row: IUsageRow) => number) =>
    rows.reduce((total, row) => total + of(row), 0);
  return {
    endpoint: 'lab',
    key,
    objects: sum(row => row.objects),
    bytes: sum(row => row.bytes),
    isLowerBound: false,
    rows,
    otherRows: 0,
    otherObjects: 0,
    otherBytes: 0,
    asOf: '2026-11-20T10:42:00Z',
    oldestAt: null,
    newestAt: null,
    expiresAt: null,
    expiringObjects: sum(row => row.expiringObjects),
    expiringBytes: sum(row => row.expiringBytes),
    lifetimeDays: null,
    lifetimeSource: null,
    requests: 1,
    durationS: 0.1,
    before: [],
    ...more
  };
}

export function scratchLocation(
  more: Partial<IScratchLocation> = {}
): IScratchLocation {
  return {
    endpoint: 'lab',
    key: '',
    title: 'Scratch',
    uri: 's3://scratch/ada/',
    variable: 'SCRATCH_BUCKET',
    writable: true,
    renewable: false,
    lifetimeDays: 7,
    lifetimeSource: 'default',
    quotaBytes: null,
    warnAt: [0.8, 0.95],
    pricePerTbMonth: null,
    currency: '$',
    usage: null,
    keep: [],
    problem: null,
    ...more
  };
}

export const FORBIDDEN = {
  code: 'forbidden',
  message: 'No.',
  hint: 'Ask.',
  retryable: false
};

export interface ICall {
  readonly route: keyof IBrowserApi;
  readonly key: string;
  readonly query: IChildrenQuery;
  readonly keys: readonly string[];
  readonly refresh: boolean;
  readonly signal: AbortSignal;
}

/**
 * A tree in memory. Keys that hold `slow_` answer when `release` is called, those that hold `error_` fail.
 */
export class FakeApi implements IBrowserApi {
  constructor(
    readonly tree: { [container: string]: INode[] } = {},
    readonly ids: string[] = ['lab']
  ) {}

  readonly calls: ICall[] = [];

  configurationProblem: IProblem | null = null;

  /**
   * What looking into an undecided folder finds.
   */
  readonly recognised = new Map<string, INode>();

  /**
   * What `children` adds to its answer.
   */
  readonly extras = new Map<string, Partial<IChildren>>();

  /**
   * Keys of containers that fail, besides those that hold `error_`.
   */
  readonly forbidden = new Set<string>();

  /**
   * Answer of `scratch`.
   */
  readonly scratchPlaces: IScratchLocations = {
    locations: [],
    remarks: [],
    keep: [],
    clusterBytes: 1e12
  };

  /**
   * What is said of each endpoint besides its id.
   */
  readonly endpointInfo = new Map<string, Partial<IEndpoint>>();

  /**
   * Jobs, the latest last; `tell` changes one.
   */
  readonly jobList: IJob[] = [];
  readonly requests: IJobRequest[] = [];

  /**
   * Say something about a job to those who watch it.
   */
  async tell(id: string, change: Partial<IJob>): Promise<void> {
    const at = this.jobList.findIndex(job => job.id === id);
    const job = { ...this.jobList[at]!, ...change };
    this.jobList[at] = job;
    for (const watcher of this._watchers.get(id) ?? []) {
      watcher(job);
    }
    await new Promise(resolve => setTimeout(resolve));
  }

  made(route: keyof IBrowserApi): ICall[] {
    return this.calls.filter(call => call.route === route);
  }

  release(): void {
    for (const go of this._held.splice(0)) {
      go();
    }
  }

  async endpoints(signal: AbortSignal): Promise<IEndpoints> {
    await this._record('endpoints', signal);
    return {
      endpoints: this.ids.map(id => endpoint(id, this.endpointInfo.get(id))),
      problem: this.configurationProblem
    };
  }

  async children(
    location: ILocation,
    query: IChildrenQuery,
    signal: AbortSignal
  ): Promise<IChildren> {
    const { key } = location;
    await this._record('children', signal, {
      key,
      query,
      refresh: query.refresh ?? false
    });
    const all = (this.tree[key] ?? []).filter(node =>
      node.name.startsWith(query.prefix ?? '')
    );
    const from = Number(query.cursor ?? 0);
    const to = from + (query.limit ?? 1000);
    return {
      items: all
        .slice(from, to)
        .map(node => ({ ...node, endpoint: location.endpoint })),
      nextCursor: to < all.length ? String(to) : null,
      parent: null,
      totalCount: null,
      problem: null,
      ...this.extras.get(key)
    };
  }

  async node(
    location: ILocation,
    refresh: boolean,
    signal: AbortSignal
  ): Promise<INode> {
    await this._record('node', signal, { key: location.key, refresh });
    return this._find(location.key);
  }

  async resolve(
    url: string,
    _endpoint: string | null,
    signal: AbortSignal
  ): Promise<INode> {
    const key = url.replace('s3://', '');
    await this._record('resolve', signal, { key });
    return this._find(key);
  }

  async nodes(request: INodesRequest, signal: AbortSignal): Promise<INodes> {
    await this._record('nodes', signal, {
      keys: request.keys,
      refresh: request.refresh ?? false
    });
    return { items: request.keys.map(key => this._find(key)) };
  }

  async snippets(location: ILocation, signal: AbortSignal): Promise<ISnippets> {
    const { key } = location;
    await this._record('snippets', signal, { key });
    return {
      snippets: [
        { id: 'best', label: 'open', language: 'python', code: `# ${key}` }
      ]
    };
  }

  async copySnippets(
    location: ILocation,
    target: ILocation,
    signal: AbortSignal
  ): Promise<ISnippets> {
    await this._record('copySnippets', signal, { key: location.key });
    const code = `# ${location.key} to ${target.key}`;
    return {
      snippets: [{ id: 'copy', label: 'copy', language: 'python', code }]
    };
  }

  async deleteSnippets(
    location: ILocation,
    signal: AbortSignal
  ): Promise<ISnippets> {
    await this._record('deleteSnippets', signal, { key: location.key });
    const code = `# delete ${location.key}`;
    return {
      snippets: [{ id: 'delete', label: 'delete', language: 'python', code }]
    };
  }

  async scratch(signal: AbortSignal): Promise<IScratchLocations> {
    await this._record('scratch', signal);
    return this.scratchPlaces;
  }

  async startJob(request: IJobRequest, signal: AbortSignal): Promise<IJob> {
    await this._record('startJob', signal, { key: request.key });
    this.requests.push(request);
    const job: IJob = {
      id: `j${this.jobList.length + 1}`,
      kind: request.kind,
      endpoint: request.endpoint,
      key: request.key,
      request,
      state: 'running',
      progress: {
        objects: 0,
        bytes: 0,
        totalObjects: null,
        totalBytes: null,
        requests: null
      },
      result: null,
      error: null,
      startedAt: '2026-11-20T10:42:00Z'
    };
    this.jobList.push(job);
    return job;
  }

  async job(id: string, signal: AbortSignal): Promise<IJob> {
    await this._record('job', signal);
    return this.jobList.find(job => job.id === id)!;
  }

  async jobs(signal: AbortSignal): Promise<IJobs> {
    await this._record('jobs', signal);
    const listed = this.jobList.map(job =>
      job.kind === 'usage' ? { ...job, result: null } : job
    );
    return { jobs: listed.reverse() };
  }

  async cancelJob(id: string, signal: AbortSignal): Promise<IJob> {
    await this._record('cancelJob', signal);
    await this.tell(id, { state: 'cancelled' });
    return this.jobList.find(job => job.id === id)!;
  }

  async watchJob(
    id: string,
    onJob: (job: IJob) => void,
    signal: AbortSignal
  ): Promise<IJob> {
    const watching = new Promise<IJob>((resolve, reject) => {
      signal.addEventListener('abort', () =>
        reject(new DOMException('Aborted', 'AbortError'))
      );
      const watchers = this._watchers.get(id) ?? [];
      this._watchers.set(id, [
        ...watchers,
        job => {
          onJob(job);
          if (job.state !== 'running' && job.state !== 'queued') {
            resolve(job);
          }
        }
      ]);
    });
    await this._record('watchJob', signal);
    return watching;
  }

  private _find(key: string): INode {
    const listed = Object.values(this.tree)
      .flat()
      .find(node => node.key === key);
    return this.recognised.get(key) ?? listed ?? folder(key);
  }

  private async _record(
    route: keyof IBrowserApi,
    signal: AbortSignal,
    more: Partial<ICall> = {}
  ): Promise<void> {
    const call = {
      route,
      key: '',
      query: {},
      keys: [],
      refresh: false,
      signal,
      ...more
    };
    this.calls.push(call);
    if (call.key.includes('slow_')) {
      await new Promise<void>((resolve, reject) => {
        this._held.push(resolve);
        signal.addEventListener('abort', () =>
          reject(new DOMException('Aborted', 'AbortError'))
        );
      });
    } else {
      await Promise.resolve();
    }
    if (
      call.key.includes('error_') ||
      (route !== 'endpoints' && this.forbidden.has(call.key))
    ) {
      throw new ApiError(FORBIDDEN, 403, 'r1');
    }
  }

  private readonly _held: (() => void)[] = [];
  private readonly _watchers = new Map<string, ((job: IJob) => void)[]>();
}
