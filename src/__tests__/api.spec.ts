import { ServerConnection } from '@jupyterlab/services';
import { nullTranslator } from '@jupyterlab/translation';

import { ApiError, LOCAL_CODES, ServerApi, isAbort } from '../api';

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
