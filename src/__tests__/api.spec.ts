import { ServerConnection } from '@jupyterlab/services';
import { nullTranslator } from '@jupyterlab/translation';

import { ApiError, LOCAL_CODES, ServerApi, downloadUrl, isAbort } from '../api';

interface IAnswer {
  status?: number;
  body?: string;
  redirected?: boolean;
}

const never = new AbortController().signal;

function apiThat(answer: (request: Request) => Promise<Response>): ServerApi {
  const settings = ServerConnection.makeSettings({
    baseUrl: 'http://localhost/user/me/',
    fetch: request => answer(request as Request)
  });
  return new ServerApi(settings, nullTranslator.load('test'));
}

function answering(answer: IAnswer, seen: Request[] = []): ServerApi {
  return apiThat(async request => {
    seen.push(request);
    const response = new Response(answer.body ?? '', {
      status: answer.status ?? 200
    });
    if (answer.redirected) {
      Object.defineProperty(response, 'redirected', { value: true });
    }
    return response;
  });
}

async function failure(api: ServerApi): Promise<ApiError> {
  return api.endpoints(never).then(
    () => {
      throw new Error('It did not fail.');
    },
    (error: unknown) => {
      expect(error).toBeInstanceOf(ApiError);
      return error as ApiError;
    }
  );
}

describe('ServerApi', () => {
  it('sends keys as they are', async () => {
    const seen: Request[] = [];
    const api = answering({ body: '{"items": []}' }, seen);
    const key = 'a//b/100%25 é #1?&x=y.zarr/';
    await api.children(
      { endpoint: 'lab', key },
      { prefix: 'p q', cursor: '+/=', refresh: true, limit: 10 },
      never
    );
    const url = new URL(seen[0]!.url);
    expect(url.pathname).toBe('/user/me/zarrbrowser/api/children');
    expect(url.searchParams.get('key')).toBe(key);
    expect(url.searchParams.get('prefix')).toBe('p q');
    expect(url.searchParams.get('cursor')).toBe('+/=');
    expect(url.searchParams.get('refresh')).toBe('1');
    expect(url.searchParams.get('limit')).toBe('10');
  });

  it('sends of a node only where it is', async () => {
    const seen: Request[] = [];
    const api = answering({ body: '{"snippets": []}' }, seen);
    const node = { endpoint: 'lab', key: 'a/', name: 'a', attributes: {} };
    await api.snippets(node, never);
    const names = [...new URL(seen[0]!.url).searchParams.keys()];
    expect(names).toEqual(expect.arrayContaining(['endpoint', 'key']));
    expect(names).not.toContain('name');
  });

  it('posts keys in the body', async () => {
    const seen: Request[] = [];
    const api = answering({ body: '{"items": []}' }, seen);
    await api.nodes({ endpoint: 'lab', keys: ['a/'], refresh: true }, never);
    expect(seen[0]!.method).toBe('POST');
    expect(await seen[0]!.json()).toEqual({
      endpoint: 'lab',
      keys: ['a/'],
      refresh: true
    });
  });

  it('passes on what the extension says', async () => {
    const body = JSON.stringify({
      code: 'store_forbidden',
      message: 'No.',
      hint: 'Ask.',
      retryable: true,
      requestId: 'r7'
    });
    const error = await failure(answering({ status: 403, body }));
    expect(error).toMatchObject({
      code: 'store_forbidden',
      message: 'No.',
      hint: 'Ask.',
      retryable: true,
      requestId: 'r7',
      status: 403
    });
  });

  it.each<[string, IAnswer, string]>([
    [
      'the extension is not enabled',
      { status: 404, body: '<html>404</html>' },
      LOCAL_CODES.missing
    ],
    [
      'the same in JSON',
      { status: 404, body: '{"message": "Not found", "reason": null}' },
      LOCAL_CODES.missing
    ],
    ['a login page', { redirected: true, body: '<form>' }, LOCAL_CODES.login],
    ['not logged in', { status: 401, body: '' }, LOCAL_CODES.login],
    ['a page of a proxy', { body: '<html>' }, LOCAL_CODES.foreign],
    ['a proxy in trouble', { status: 502, body: 'Bad' }, LOCAL_CODES.foreign],
    [
      'Jupyter in trouble',
      { status: 500, body: '{"message": "Oops"}' },
      LOCAL_CODES.foreign
    ]
  ])('says who answered: %s', async (_, answer, code) => {
    const error = await failure(answering(answer));
    expect(error.code).toBe(code);
    expect(error.hint).not.toBe('');
  });

  it('says how to enable the extension', async () => {
    const error = await failure(answering({ status: 404 }));
    expect(error.hint).toContain(
      'jupyter server extension enable jupyterlab_zarrbrowser'
    );
  });

  it('says that nothing answers', async () => {
    const api = apiThat(() => Promise.reject(new TypeError('Failed to fetch')));
    expect((await failure(api)).code).toBe(LOCAL_CODES.offline);
  });

  it('tells a request that was given up from one that failed', async () => {
    const controller = new AbortController();
    const api = apiThat(() => {
      controller.abort();
      return Promise.reject(new TypeError('Failed to fetch'));
    });
    await expect(api.endpoints(controller.signal)).rejects.toSatisfyAbort();
  });
});

expect.extend({
  toSatisfyAbort(error: unknown) {
    return {
      pass: isAbort(error),
      message: () => `expected an AbortError, got ${String(error)}`
    };
  }
});

declare global {
  namespace jest {
    // eslint-disable-next-line @typescript-eslint/naming-convention
    interface Matchers<R> {
      toSatisfyAbort(): R;
    }
  }
}

describe('jobs', () => {
  const job = (state: string, objects = 0) => ({
    id: 'j 1',
    kind: 'usage',
    endpoint: 'lab',
    key: '',
    state,
    progress: {
      objects,
      bytes: 0,
      totalObjects: null,
      totalBytes: null,
      requests: 1
    },
    result: null,
    error: null,
    startedAt: ''
  });

  /**
   * A response whose body comes in pieces, and then ends or breaks.
   */
  function streaming(pieces: readonly string[], breaks = false): Response {
    const rest = pieces.map(piece => new TextEncoder().encode(piece));
    const body = {
      getReader: () => ({
        read: async () => {
          const value = rest.shift();
          if (!value && breaks) {
            throw new TypeError('network error');
          }
          return { done: !value, value };
        },
        cancel: async () => undefined
      })
    };
    return { ok: true, status: 200, body } as unknown as Response;
  }

  const event = (...args: Parameters<typeof job>) =>
    `data: ${JSON.stringify(job(...args))}\n\n`;

  const states: string[] = [];
  const note = (each: { state: string; progress: { objects: number } }) => {
    states.push(`${each.state} ${each.progress.objects}`);
  };
  beforeEach(() => {
    states.length = 0;
  });

  it('are started, listed and cancelled', async () => {
    const seen: Request[] = [];
    const api = answering({ body: JSON.stringify(job('queued')) }, seen);
    await api.startJob({ kind: 'usage', endpoint: 'lab', key: 'a/' }, never);
    await api.cancelJob('j 1', never);
    await api.jobs(never);
    await api.scratch(never);
    expect(
      seen.map(({ method, url }) => `${method} ${new URL(url).pathname}`)
    ).toEqual([
      'POST /user/me/zarrbrowser/api/jobs',
      'DELETE /user/me/zarrbrowser/api/jobs/j%201',
      'GET /user/me/zarrbrowser/api/jobs',
      'GET /user/me/zarrbrowser/api/scratch'
    ]);
  });

  it('are followed by their events', async () => {
    const whole = event('queued') + event('running', 5) + event('done', 9);
    const cut = [whole.slice(0, 90), whole.slice(90, 300), whole.slice(300)];
    const api = apiThat(async () => streaming(cut));
    const last = await api.watchJob('j 1', note, never);
    expect(last.state).toBe('done');
    expect(states).toEqual(['queued 0', 'running 5', 'done 9']);
  });

  it('are asked about where the events end too early', async () => {
    const paths: string[] = [];
    const api = apiThat(async request => {
      const { pathname } = new URL(request.url);
      paths.push(pathname.split('/').pop()!);
      return pathname.endsWith('/events')
        ? streaming([event('running', 5)], true)
        : new Response(JSON.stringify(job('done', 9)));
    });
    await api.watchJob('j 1', note, never);
    expect(paths).toEqual(['events', 'j%201']);
    expect(states).toEqual(['running 5', 'done 9']);
  });

  it('are given up where they were forgotten', async () => {
    const body = JSON.stringify({
      code: 'not_found',
      message: 'There is no such job (any more).'
    });
    const api = answering({ status: 404, body });
    await expect(api.watchJob('j 1', note, never)).rejects.toMatchObject({
      code: 'not_found'
    });
  });

  it('are not followed any more where nobody wants it', async () => {
    const abort = new AbortController();
    const api = apiThat(async () => {
      abort.abort();
      return new Response(JSON.stringify(job('running')));
    });
    await expect(api.watchJob('j 1', note, abort.signal)).rejects.toMatchObject(
      { name: 'AbortError' }
    );
  });

  it('leave connections for the rest of the page', async () => {
    const open: string[] = [];
    const ends: (() => void)[] = [];
    const api = apiThat(async request => {
      const { pathname } = new URL(request.url);
      open.push(pathname.endsWith('/events') ? 'stream' : 'look');
      if (pathname.endsWith('/events')) {
        await new Promise<void>(resolve => ends.push(resolve));
        return streaming([event('done')]);
      }
      return new Response(JSON.stringify(job('done')));
    });
    const all = ['a', 'b', 'c'].map(id => api.watchJob(id, note, never));
    await all[2];
    expect(open).toEqual(['stream', 'stream', 'look']);
    ends.forEach(end => end());
    await Promise.all(all);
  });
});

it('knows the address of a download', () => {
  const key = 'a//b 100%25 é #1?&x=y.bin';
  const url = new URL(
    downloadUrl('http://localhost/user/me/', { endpoint: 'lab', key })
  );
  expect(url.pathname).toBe('/user/me/zarrbrowser/api/download');
  expect(url.searchParams.get('key')).toBe(key);
});
