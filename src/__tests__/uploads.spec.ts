import type { IDroppedFile } from '../uploads/dropped';
import { readInput } from '../uploads/dropped';
import { crcOfBlob } from '../uploads/crc32';
import { pauseOf } from '../uploads/failures';
import { Meter } from '../uploads/meter';
import { Pace } from '../uploads/pace';
import { Uploads } from '../uploads/uploads';
import type { Drop, IAnswer, IQuestion } from '../uploads/uploads';
import type { IJob, IJobRequest } from '../wire';
import { FakeUploads, LOST, MODIFIED, drop, refusal } from './fakeUploads';

const HERE = { endpoint: 'lab', key: 'data/' };
const MB = 1024 * 1024;

let made: Uploads[] = [];

function make(answer: Partial<IAnswer> = {}) {
  const api = new FakeUploads();
  const questions: IQuestion[] = [];
  const jobs: IJobRequest[] = [];
  const ended: string[] = [];
  const uploads = new Uploads({
    api,
    ask: async question => {
      questions.push(question);
      return { answer: 'cancel', stores: [], ...answer };
    },
    run: async request => {
      jobs.push(request);
      for (const key of [...api.stored.keys()]) {
        if (key.startsWith(request.key)) {
          api.stored.delete(key);
        }
      }
      return { state: 'done' } as IJob;
    },
    words: {
      tooMany: 'Too many.',
      nothing: 'Nothing.',
      unreadable: 'Cannot read:',
      jobFailed: 'Failed.'
    }
  });
  made.push(uploads);
  uploads.ended.connect((_, { state }) => {
    ended.push(state);
  });
  const start = (files: IDroppedFile[]) =>
    uploads.start(HERE, 's3://data/', async () => ({
      files,
      isTooMany: false,
      unreadable: []
    }));
  const upload = async (files: IDroppedFile[]) => {
    const one = start(files);
    await over(one);
    return one;
  };
  return { api, uploads, questions, jobs, ended, start, upload };
}

async function until(isTrue: () => boolean): Promise<void> {
  for (let turn = 0; turn < 5000; turn++) {
    if (isTrue()) {
      return;
    }
    await new Promise(resolve => setTimeout(resolve));
  }
  throw new Error('It did not come to that.');
}

const over = (one: Drop) => until(() => !one.isUnderWay);

/**
 * Let all pauses pass at once, whatever their length.
 */
function withoutPauses(): void {
  const { setTimeout: original } = window;
  jest
    .spyOn(window, 'setTimeout')
    .mockImplementation(((work: () => void, ms?: number) =>
      original(work, (ms ?? 0) > 100 ? 1 : ms)) as typeof setTimeout);
}

beforeEach(() => {
  withoutPauses();
});

afterEach(() => {
  for (const each of made) {
    each.dispose();
  }
  made = [];
  jest.restoreAllMocks();
});

describe('small files', () => {
  it('go together, and arrive', async () => {
    const { api, upload } = make();
    const one = await upload(drop('a', 'b/c', ['empty', '']));
    expect(one.state).toBe('done');
    expect(api.routesOf(/batch/)).toHaveLength(1);
    expect(api.written).toEqual(['data/a', 'data/b/c', 'data/empty']);
    expect(api.batches[0]).toMatchObject({ endpoint: 'lab', replace: false });
    expect(api.batches[0]!.files[0]).toMatchObject({
      sizeBytes: 1,
      modifiedMs: MODIFIED
    });
    expect(one.progress).toMatchObject({ files: 3, totalFiles: 3 });
  });

  it('go in several requests where they are many, four at a time at most', async () => {
    const { api, upload } = make();
    const paths = Array.from({ length: 5000 }, (_, at) => `f/${at}`);
    await upload(drop(...paths));
    const sizes = api.batches.map(({ files }) => files.length);
    // Nothing is known of the store at first.
    expect(sizes.slice(0, 4)).toEqual(Array(4).fill(50));
    expect(Math.max(...sizes)).toBe(500);
    expect(sizes.length).toBeLessThan(40);
    expect(api.stored.size).toBe(5000);
    expect(api.mostUnderWay).toBe(4);
  });

  it('are shared by all that can be in flight, unless they are few', async () => {
    const { api, start } = make();
    api.held = /batch/;
    const paths = Array.from({ length: 600 }, (_, at) => `f/${at}`);
    const one = start(drop(...paths));
    await until(() => api.batches.length === 4);
    api.release();
    await over(one);
    expect(api.stored.size).toBe(600);
    // None takes all that is left, although a request may be of hundreds by now.
    const sizes = api.batches.map(({ files }) => files.length);
    expect(Math.max(...sizes)).toBe(100);
    const few = make();
    await few.upload(drop(...paths.slice(0, 40)));
    expect(few.api.batches.map(({ files }) => files.length)).toEqual([40]);
  });

  it('that are larger than a request together go in more', async () => {
    const { api, upload } = make();
    await upload(
      drop(...Array.from({ length: 5 }, (_, at) => [`f${at}`, 3 * MB] as const))
    );
    expect(api.batches.map(({ files }) => files.length)).toEqual(
      Array(5).fill(1)
    );
  });

  it('count once they are acknowledged, and not while a socket has them', async () => {
    const { api, start } = make();
    api.held = /batch/;
    const one = start(drop(['a', 1000], ['b', 1000]));
    await until(() => api.batches.length === 1);
    expect(one.progress).toMatchObject({ files: 0, bytes: 0 });
    expect(one.run!.smallLeft).toBe(2);
    api.release();
    await over(one);
    expect(one.progress).toMatchObject({ files: 2, bytes: 2000 });
    expect(one.run!.smallLeft).toBe(0);
  });

  it('go few at a time where each takes the store long', async () => {
    const { api, upload } = make();
    let now = Date.now();
    jest.spyOn(Date, 'now').mockImplementation(() => now);
    api.fault = route => {
      // A tenth of a second for each file.
      now += route === 'batch' ? 100 * last() : 0;
      return null;
    };
    const last = () => api.batches[api.batches.length - 1]!.files.length;
    await upload(drop(...Array.from({ length: 2000 }, (_, at) => `f/${at}`)));
    const sizes = api.batches.map(({ files }) => files.length);
    // Four at a time share the store: none of them took a minute.
    expect(Math.max(...sizes)).toBeLessThanOrEqual(80);
    expect(api.stored.size).toBe(2000);
  });

  it('that fail are sent again alone', async () => {
    const { api, upload } = make();
    let faults = 2;
    api.fileFault = key =>
      key === 'data/b' && faults-- > 0
        ? { code: 'throttled', message: '', hint: '', retryable: true }
        : null;
    const one = await upload(drop('a', 'b', 'c'));
    expect(one.state).toBe('done');
    expect(api.batches.map(({ files }) => files.map(each => each.key))).toEqual(
      [['data/a', 'data/b', 'data/c'], ['data/b'], ['data/b']]
    );
  });

  it('that cannot be written fail, and the others arrive; a retry sends only them', async () => {
    const { api, uploads, upload } = make();
    api.fileFault = key =>
      key === 'data/b'
        ? { code: 'bad_request', message: 'No.', hint: '', retryable: false }
        : null;
    const one = await upload(drop('a', 'b', 'c'));
    expect(one.state).toBe('failed');
    expect(one.run!.failures).toMatchObject([
      { key: 'data/b', problem: { message: 'No.' } }
    ]);
    expect(one.progress).toMatchObject({ files: 2, totalFiles: 3 });
    api.fileFault = () => null;
    uploads.retry(one, false);
    await over(one);
    expect(one.state).toBe('done');
    expect(api.written).toEqual(['data/a', 'data/c', 'data/b']);
  });

  it('that changed or went since they were dropped fail alone', async () => {
    const { api, upload } = make();
    const files = drop('a', 'gone');
    files[1]!.file.arrayBuffer = () =>
      Promise.reject(new DOMException('It is gone.', 'NotFoundError'));
    const one = await upload(files);
    expect(one.state).toBe('failed');
    expect(one.run!.failures).toMatchObject([
      { key: 'data/gone', problem: { code: 'client_unreadable' } }
    ]);
    expect(api.written).toEqual(['data/a']);
  });
});

describe('large files', () => {
  it('go in parts, several at a time, and are ended once all are there', async () => {
    const { api, upload } = make();
    const files = drop(['big.nc', 9 * MB]);
    const one = await upload(files);
    expect(one.state).toBe('done');
    expect(api.routesOf(/part/).sort()).toEqual([
      'part 1',
      'part 2',
      'part 3',
      'part 4',
      'part 5'
    ]);
    expect(api.routes[api.routes.length - 1]).toBe('complete');
    expect(api.mostUnderWay).toBe(3);
    expect(api.stored.get('data/big.nc')!.size).toBe(9 * MB);
    expect(one.progress.bytes).toBe(9 * MB);
  });

  it('go one part after the other where the store wants that', async () => {
    const { api, upload } = make();
    api.parallel = 1;
    expect((await upload(drop(['big', 9 * MB]))).state).toBe('done');
    expect(api.routesOf(/part/)).toEqual([
      'part 1',
      'part 2',
      'part 3',
      'part 4',
      'part 5'
    ]);
  });

  it('send a corrupted part again, and no other', async () => {
    const { api, upload } = make();
    let faults = 1;
    api.fault = route =>
      route === 'part 2' && faults-- > 0
        ? refusal('corrupted', true, 422)
        : null;
    expect((await upload(drop(['big', 9 * MB]))).state).toBe('done');
    expect(api.routesOf(/part 2/)).toHaveLength(2);
    expect(api.routesOf(/part/)).toHaveLength(6);
  });

  it('begin again where the server has given them up', async () => {
    const { api, upload } = make();
    let isGone = false;
    api.fault = route => {
      if (route === 'part 3' && !isGone) {
        isGone = true;
        api.sessions.clear();
      }
      return null;
    };
    const one = await upload(drop(['big', 9 * MB]));
    expect(one.state).toBe('done');
    expect(api.routesOf(/begin/)).toHaveLength(2);
    expect(api.stored.get('data/big')!.size).toBe(9 * MB);
    expect(one.progress.bytes).toBe(9 * MB);
  });

  it('go on after a reload of the page: parts that are there are compared, not sent', async () => {
    const { api, upload } = make();
    const files = drop(['big', 9 * MB]);
    const { signal } = new AbortController();
    const { id } = await api.beginUpload(
      {
        endpoint: 'lab',
        key: 'data/big',
        sizeBytes: 9 * MB,
        modifiedMs: MODIFIED
      },
      signal
    );
    const { parts } = api.sessions.get(id)!;
    const first = files[0]!.file.slice(0, 2 * MB);
    parts.set(1, { crc: await crcOfBlob(first), size: 2 * MB });
    // Of a file that has changed since.
    parts.set(2, { crc: 1, size: 2 * MB });
    const one = await upload(files);
    expect(one.state).toBe('done');
    expect(api.routesOf(/part/).sort()).toEqual([
      'part 2',
      'part 3',
      'part 4',
      'part 5'
    ]);
  });

  it('begin anew where a part differs that cannot be sent alone', async () => {
    const { api, upload } = make();
    api.parallel = 1;
    const { id } = await api.beginUpload(
      {
        endpoint: 'lab',
        key: 'data/big',
        sizeBytes: 9 * MB,
        modifiedMs: MODIFIED
      },
      new AbortController().signal
    );
    api.sessions.get(id)!.parts.set(1, { crc: 1, size: 2 * MB });
    expect((await upload(drop(['big', 9 * MB]))).state).toBe('done');
    expect(api.routesOf(/remove u1/)).toHaveLength(1);
    expect(api.routesOf(/part/)).toHaveLength(5);
  });

  it('are not sent again where only the answer to their end was lost', async () => {
    const { api, upload } = make();
    let faults = 1;
    api.lateFault = route =>
      route === 'complete' && faults-- > 0 ? LOST() : null;
    const one = await upload(drop(['big', 9 * MB]));
    expect(one.state).toBe('done');
    expect(api.routesOf(/part/)).toHaveLength(5);
    expect(api.routesOf(/complete/)).toHaveLength(2);
  });

  it('are sent again where what arrived is not what was sent', async () => {
    const { api, upload } = make();
    let faults = 1;
    api.lateFault = route => {
      if (route === 'complete' && faults-- > 0) {
        api.stored.clear();
        return refusal('corrupted', true, 422);
      }
      return null;
    };
    expect((await upload(drop(['big', 9 * MB]))).state).toBe('done');
    expect(api.routesOf(/begin/)).toHaveLength(2);
    expect(api.stored.get('data/big')!.size).toBe(9 * MB);
  });

  it('go one part at a time on a line that is very slow', async () => {
    const { api, upload } = make();
    let now = Date.now();
    jest.spyOn(Date, 'now').mockImplementation(() => now);
    const beside: number[] = [];
    api.fault = route => {
      if (route.startsWith('part')) {
        beside.push(api.underWay);
        now += 60_000;
      }
      return null;
    };
    await upload(drop(['big', 9 * MB]));
    expect(beside).toEqual([2, 1, 1, 1, 1]);
  });

  it('count what is in flight, file by file', async () => {
    const { api, start } = make();
    api.held = /part/;
    const one = start(drop(['big', 9 * MB]));
    await until(() => api.routesOf(/part/).length === 2);
    // Each part has told of one byte.
    expect(one.run!.underWay.large).toMatchObject([{ bytes: 2 }]);
    api.release();
    await over(one);
  });

  it('tell why they are sent again, until that has gone well', async () => {
    const { api, start } = make();
    let isBusy = true;
    api.fault = route =>
      route === 'part 2' && isBusy ? refusal('throttled', true, 429) : null;
    const one = start(drop(['big', 9 * MB]));
    await until(() => one.run?.trouble?.code === 'throttled');
    isBusy = false;
    await over(one);
    expect(one.run!.trouble).toBeNull();
    expect(one.state).toBe('done');
  });

  it('do not hold up small ones', async () => {
    const { api, start } = make();
    api.held = /part/;
    const one = start(drop(['big', 30 * MB], 'small'));
    await until(() => api.written.includes('data/small'));
    api.release();
    await over(one);
    expect(one.state).toBe('done');
  });
});

describe('stores', () => {
  const store = () =>
    drop(
      's.zarr/zarr.json',
      's.zarr/a/zarr.json',
      's.zarr/a/c/0',
      's.zarr/a/c/1'
    );

  it('have their metadata written once all chunks are there', async () => {
    const { api, upload } = make();
    const one = await upload(store());
    expect(api.written).toEqual([
      'data/s.zarr/a/c/0',
      'data/s.zarr/a/c/1',
      'data/s.zarr/a/zarr.json',
      'data/s.zarr/zarr.json'
    ]);
    expect([one.storeKey, one.onlyKey]).toEqual([
      'data/s.zarr/',
      'data/s.zarr/'
    ]);
  });

  it('get no metadata where a chunk failed, until it has arrived', async () => {
    const { api, uploads, upload } = make();
    api.fileFault = key =>
      key.endsWith('c/1')
        ? { code: 'forbidden', message: 'No.', hint: '', retryable: false }
        : null;
    const one = await upload([...store(), ...drop('other')]);
    expect(one.state).toBe('failed');
    expect(api.written).toEqual(['data/s.zarr/a/c/0', 'data/other']);
    api.fileFault = () => null;
    uploads.retry(one, false);
    await over(one);
    expect(one.state).toBe('done');
    expect(api.written.slice(2)).toEqual([
      'data/s.zarr/a/c/1',
      'data/s.zarr/a/zarr.json',
      'data/s.zarr/zarr.json'
    ]);
  });

  it('wait for a large chunk, too', async () => {
    const { api, upload } = make();
    await upload(drop('s/.zgroup', ['s/0', 5 * MB], 's/1'));
    expect(api.written).toEqual(['data/s/1', 'data/s/0', 'data/s/.zgroup']);
  });
});

describe('a lost connection', () => {
  it('is waited for, with one request to see, and nothing counts as failed', async () => {
    const { api, uploads, upload } = make();
    let lost = 0;
    let wasLost = false;
    api.fault = route => {
      if (/batch|part/.test(route) && lost < 30) {
        lost++;
        wasLost ||= uploads.isLost;
        return LOST();
      }
      return null;
    };
    const paths = Array.from({ length: 1500 }, (_, at) => `f/${at}`);
    const one = await upload([...drop(...paths), ...drop(['big', 9 * MB])]);
    expect(wasLost).toBe(true);
    expect(uploads.isLost).toBe(false);
    expect(one.state).toBe('done');
    expect(api.stored.size).toBe(1501);
  });

  it('goes on at once when the computer is online again', async () => {
    jest.restoreAllMocks();
    const { api, uploads, start } = make();
    let isOnline = false;
    api.fault = route => (route === 'batch' && !isOnline ? LOST() : null);
    const one = start(drop('a'));
    await until(() => uploads.isLost);
    isOnline = true;
    window.dispatchEvent(new Event('online'));
    await over(one);
    expect(one.state).toBe('done');
  });

  it('that hid what had arrived does not make that a conflict', async () => {
    const { api, upload, questions } = make();
    let faults = 1;
    api.lateFault = route =>
      route === 'batch' && faults-- > 0 ? LOST() : null;
    const one = await upload(drop('a', 'b'));
    expect(one.state).toBe('done');
    expect(questions).toEqual([]);
    expect(api.written).toEqual(['data/a', 'data/b']);
  });

  it('is told apart from a login that ended: then all waits for the user', async () => {
    const { api, uploads, start } = make();
    let isIn = false;
    api.fault = route =>
      route === 'batch' && !isIn ? refusal('client_login', true, 401) : null;
    const one = start(drop('a'));
    await until(() => one.state === 'paused');
    expect(one.problem).toMatchObject({ code: 'client_login' });
    isIn = true;
    uploads.resume(one);
    await over(one);
    expect(one.state).toBe('done');
  });
});

describe('pausing and cancelling', () => {
  it('sends nothing while paused, and what was in flight again', async () => {
    const { api, uploads, start } = make();
    api.held = /part/;
    const one = start(drop(['big', 9 * MB]));
    await until(() => api.routesOf(/part/).length === 2);
    uploads.pause(one);
    // It has had its time.
    await until(() => api.underWay === 0);
    expect(one.state).toBe('paused');
    const before = api.routes.length;
    await new Promise(resolve => setTimeout(resolve, 20));
    expect(api.routes).toHaveLength(before);
    api.release();
    uploads.resume(one);
    await over(one);
    expect(one.state).toBe('done');
    expect(api.routesOf(/begin/)).toHaveLength(1);
  });

  it('lets what is in flight end, and sends none of it again', async () => {
    jest.restoreAllMocks();
    const { api, uploads, start } = make();
    api.held = /part/;
    const one = start(drop(['big', 9 * MB]));
    await until(() => api.routesOf(/part/).length === 2);
    uploads.pause(one);
    expect(one.run!.isDraining).toBe(true);
    api.release();
    await until(() => !one.run!.isDraining);
    expect(one.progress.bytes).toBe(4 * MB);
    expect(api.routesOf(/part/)).toHaveLength(2);
    uploads.resume(one);
    await over(one);
    expect(one.state).toBe('done');
    expect(api.routesOf(/part/)).toHaveLength(5);
  });

  it('takes back what has begun, at once', async () => {
    const { api, uploads, start } = make();
    api.held = /part/;
    const one = start(drop(['big', 9 * MB], ['other', 9 * MB]));
    await until(() => api.routesOf(/part/).length === 2);
    await uploads.cancel(one);
    expect(one.state).toBe('cancelled');
    expect(api.underWay).toBe(0);
    expect(api.sessions.size).toBe(0);
    expect(api.stored.size).toBe(0);
  });

  it('takes back a file whose beginning was under way', async () => {
    const { api, uploads, start } = make();
    api.held = /begin/;
    const one = start(drop(['big', 9 * MB]));
    await until(() => api.routesOf(/begin/).length === 1);
    void uploads.cancel(one);
    api.release();
    await until(() => api.routesOf(/remove/).length === 1);
    await until(() => api.sessions.size === 0);
    expect(api.routesOf(/part/)).toHaveLength(0);
  });

  it('tries to take back until the server answers', async () => {
    const { api, uploads, start } = make();
    api.held = /part/;
    const one = start(drop(['big', 9 * MB]));
    await until(() => api.routesOf(/part/).length === 2);
    let faults = 3;
    api.fault = route =>
      route.startsWith('remove') && faults-- > 0 ? LOST() : null;
    await uploads.cancel(one);
    expect(api.sessions.size).toBe(0);
  });

  it('asks before the page is left, only while something is under way', async () => {
    const { api, start } = make();
    const leave = () => {
      const event = new Event('beforeunload', { cancelable: true });
      window.dispatchEvent(event);
      return event.defaultPrevented;
    };
    api.held = /batch/;
    const one = start(drop('a'));
    await until(() => api.batches.length === 1);
    expect(leave()).toBe(true);
    api.release();
    await over(one);
    expect(leave()).toBe(false);
  });

  it('stops by itself where everything fails alike', async () => {
    const { api, uploads, start } = make();
    api.fileFault = () => ({
      code: 'quota',
      message: 'Full.',
      hint: '',
      retryable: false
    });
    const paths = Array.from({ length: 3000 }, (_, at) => `f/${at}`);
    const one = start(drop(...paths));
    await until(() => one.state === 'paused');
    expect(one.problem).toMatchObject({ message: 'Full.' });
    expect(api.batches.length).toBeLessThanOrEqual(4);
    api.fileFault = () => null;
    uploads.resume(one);
    await over(one);
    expect(one.state).toBe('done');
    expect(api.stored.size).toBe(3000);
  });
});

describe('what lies there already', () => {
  it('is asked about once, and nothing is overwritten without an answer', async () => {
    const { api, upload, questions } = make();
    api.put('data/a', 9);
    api.put('data/s.zarr/zarr.json', 9);
    const one = await upload(drop('a', 'b', 's.zarr/zarr.json', 's.zarr/c/0'));
    expect(questions).toEqual([
      {
        endpoint: 'lab',
        container: 'data/',
        files: ['data/a'],
        stores: ['data/s.zarr/'],
        totalFiles: 4
      }
    ]);
    expect(one.state).toBe('cancelled');
    expect(api.written).toEqual([]);
  });

  it('can be skipped', async () => {
    const { api, upload } = make({ answer: 'skip' });
    api.put('data/a', 9);
    api.put('data/s/zarr.json', 9);
    const one = await upload(drop('a', 'b', 's/zarr.json', 's/c/0'));
    expect(one.state).toBe('done');
    expect(api.written).toEqual(['data/b']);
    expect(one.run!.skippedFiles).toBe(3);
  });

  it('is replaced file by file, a store as a whole: the old one is deleted first', async () => {
    const { api, upload, jobs } = make({
      answer: 'replace',
      stores: [{ key: 'data/s/', objects: 2 }]
    });
    api.put('data/a', 9);
    api.put('data/s/zarr.json', 9);
    api.put('data/s/c/7', 9);
    const one = await upload(drop('a', 'b', 's/zarr.json', 's/c/0'));
    expect(one.state).toBe('done');
    expect(jobs).toEqual([
      { kind: 'delete', endpoint: 'lab', key: 'data/s/', maxObjects: 2 }
    ]);
    expect([...api.stored.keys()].sort()).toEqual([
      'data/a',
      'data/b',
      'data/s/c/0',
      'data/s/zarr.json'
    ]);
    const replacing = api.batches.filter(({ replace }) => replace);
    expect(replacing.map(({ files }) => files.map(({ key }) => key))).toEqual([
      ['data/a']
    ]);
  });

  it('stays beside what comes, under a name that is free', async () => {
    const { api, upload } = make({ answer: 'keep' });
    api.put('data/a.nc', 9);
    api.put('data/s.zarr/zarr.json', 9);
    const one = await upload(
      drop('a.nc', 'a (2).nc', 'b', 's.zarr/zarr.json', 's.zarr/c/0')
    );
    expect(one.state).toBe('done');
    expect(api.written.sort()).toEqual([
      'data/a (2).nc',
      'data/a (3).nc',
      'data/b',
      'data/s (2).zarr/c/0',
      'data/s (2).zarr/zarr.json'
    ]);
    expect(api.stored.get('data/a.nc')!.size).toBe(9);
  });

  it('is no question where it is these very files: then the folder goes on', async () => {
    const { api, upload, questions } = make();
    const files = drop('f/a', 'f/b', 's/zarr.json', 's/c/0', 's/c/1');
    api.put('data/f/a', 3, MODIFIED);
    api.put('data/s/c/0', 5, MODIFIED);
    const one = await upload(files);
    expect(questions).toEqual([]);
    expect(one.state).toBe('done');
    expect(api.written).toEqual(['data/f/b', 'data/s/c/1', 'data/s/zarr.json']);
    expect(one.progress).toMatchObject({ files: 5, totalFiles: 5 });
    expect((await upload(files)).state).toBe('done');
    expect(api.written).toHaveLength(3);
  });

  it('is a question where a store of other files lies there', async () => {
    const { api, upload, questions } = make();
    api.put('data/s/.zgroup', 5, MODIFIED);
    await upload(drop('s/zarr.json', 's/c/0'));
    expect(questions[0]!.stores).toEqual(['data/s/']);
  });

  it('and came late is told, and replaced where that is wanted', async () => {
    const { api, uploads, start } = make();
    api.held = /batch/;
    const one = start(drop('a', 'b'));
    await until(() => api.batches.length === 1);
    api.put('data/a', 9);
    api.release();
    await over(one);
    expect(one.state).toBe('failed');
    expect(one.run!.takenFiles).toBe(1);
    expect(api.stored.get('data/a')!.size).toBe(9);
    uploads.retry(one, true);
    await over(one);
    expect(one.state).toBe('done');
    expect(api.stored.get('data/a')!.size).toBe(1);
  });

  it('and is a folder of that name fails alone, and is not offered to be replaced', async () => {
    const { api, upload } = make();
    api.fileFault = key =>
      key === 'data/b'
        ? {
            code: 'conflict',
            message: 'A folder.',
            hint: '',
            retryable: false
          }
        : null;
    const one = await upload(drop('a', 'b'));
    expect(one.state).toBe('failed');
    expect([one.run!.failedFiles, one.run!.takenFiles]).toEqual([1, 0]);
    expect(one.run!.failures[0]!.problem!.message).toBe('A folder.');
  });

  it('is looked up ten thousand at a time', async () => {
    const { api, upload } = make();
    await upload(drop(...Array.from({ length: 20_001 }, (_, at) => `f/${at}`)));
    expect(api.routesOf(/taken/)).toEqual([
      'taken 10000',
      'taken 10000',
      'taken 1'
    ]);
  });
});

describe('a drop', () => {
  it('of nothing, of too much or of what cannot be read says so', async () => {
    const { uploads, upload } = make();
    expect((await upload([])).problem).toMatchObject({ message: 'Nothing.' });
    const many = uploads.start(HERE, '', async () =>
      readInput(
        drop('a', 'b').map(({ file }) => file),
        1
      )
    );
    await over(many);
    expect(many.problem).toMatchObject({ message: 'Too many.' });
    const broken = uploads.start(HERE, '', async () => ({
      files: drop('a'),
      isTooMany: false,
      unreadable: ['x/y']
    }));
    await over(broken);
    expect(broken.problem).toMatchObject({ message: 'Cannot read: x/y' });
  });

  it('takes its turn beside others', async () => {
    const { api, start } = make();
    const paths = Array.from({ length: 4000 }, (_, at) => `f/${at}`);
    const first = start(drop(...paths));
    const second = start(drop('late'));
    await over(second);
    expect(first.isUnderWay).toBe(true);
    await over(first);
    expect(api.stored.size).toBe(4001);
  });

  it('is told of a few times a second, however many files there are', async () => {
    jest.restoreAllMocks();
    const { uploads, upload } = make();
    let told = 0;
    uploads.changed.connect(() => {
      told++;
    });
    const begin = Date.now();
    await upload(drop(...Array.from({ length: 20_000 }, (_, at) => `f/${at}`)));
    const seconds = (Date.now() - begin) / 1000;
    expect(told).toBeLessThan(10 + seconds * 6);
  });

  it('can be taken out of the list once it is over', async () => {
    const { uploads, upload } = make();
    const one = await upload(drop('a'));
    expect(uploads.drops).toEqual([one]);
    expect(uploads.share).toBeNull();
    uploads.dismiss([one]);
    expect(uploads.drops).toEqual([]);
  });
});

describe('the size of a request', () => {
  const pace = () => new Pace({ first: 50, least: 1, most: 500 });

  it('grows step by step while requests are answered soon', () => {
    const one = pace();
    const sizes = Array.from({ length: 5 }, () => {
      one.took(one.now, 0.2);
      return one.now;
    });
    expect(sizes).toEqual([100, 200, 400, 500, 500]);
  });

  it('is what takes a few seconds, and half of what failed', () => {
    const one = pace();
    one.took(50, 20);
    expect(one.now).toBe(20);
    one.failed(20);
    expect(one.now).toBe(10);
    // A single file that is sent again says nothing about many.
    one.took(1, 60);
    expect(one.now).toBe(10);
  });
});

describe('speed', () => {
  it('is an average over a while', () => {
    let now = 0;
    const meter = new Meter(() => now);
    meter.sample(0);
    expect(meter.speed).toBeNull();
    for (let second = 1; second <= 60; second++) {
      now = second * 1000;
      meter.sample(second <= 30 ? second * 100 : 3000 + (second - 30) * 500);
    }
    expect(meter.speed).toBeCloseTo(500, 0);
  });
});

it('waits longer from failure to failure, and not as long as others', () => {
  const most = (tries: number) => pauseOf(tries, 1);
  expect([0, 1, 2, 10].map(most)).toEqual([1000, 2000, 4000, 60_000]);
  expect(pauseOf(0, 0)).toBe(500);
});
