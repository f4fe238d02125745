import { ApiError } from '../api';
import { UsageModel, takesAway, withoutKey } from '../usage';
import type { IJob } from '../wire';
import {
  FORBIDDEN,
  FakeApi,
  scratchLocation,
  usage,
  usageRow
} from './fakeApi';

const LAB = { endpoint: 'lab', key: '' };
const RUNS = { endpoint: 'lab', key: 'runs/' };

const rows = () => [
  usageRow('a.zarr/', 700, { objects: 70, kind: 'dataset' }),
  usageRow('runs/', 300, { objects: 30 })
];

function progress(objects: number, totalObjects: number | null = null) {
  return {
    objects,
    bytes: objects * 10,
    totalObjects,
    totalBytes: null,
    requests: 1
  };
}

const settled = () => new Promise(resolve => setTimeout(resolve));

function make(): { api: FakeApi; model: UsageModel; ended: IJob[] } {
  const api = new FakeApi({}, ['lab', 'kept']);
  api.endpointInfo.set('lab', { writable: true, url: 's3://scratch/' });
  api.endpointInfo.set('kept', { writable: true, url: 's3://kept/ada/' });
  api.scratchPlaces.locations.push(scratchLocation({ keep: ['kept'] }));
  const model = new UsageModel(api);
  const ended: IJob[] = [];
  model.ended.connect((_, job) => {
    ended.push(job);
  });
  return { api, model, ended };
}

async function counted(
  { api, model }: ReturnType<typeof make>,
  place = LAB,
  result = usage(place.key, rows())
): Promise<void> {
  await model.load();
  void model.count(place);
  await settled();
  await api.tell(api.jobList[api.jobList.length - 1]!.id, {
    state: 'done',
    result
  });
}

describe('what is known of the scratch', () => {
  it('is asked for once at a time, and counts nothing', async () => {
    const { api, model } = make();
    await Promise.all([model.load(), model.load()]);
    expect(api.made('scratch')).toHaveLength(1);
    expect(api.made('startJob')).toHaveLength(0);
    expect(model.status).toBe('ready');
    expect(model.locations.map(({ title }) => title)).toEqual(['Scratch']);
    const kept = (place: typeof LAB) =>
      model.keepPlacesOf(place).map(({ id }) => id);
    expect(kept(LAB)).toEqual(['kept']);
    expect(kept({ endpoint: 'kept', key: '' })).toEqual([]);
    expect(model.place(LAB).usage).toBeNull();
  });

  it('has the last count of the server', async () => {
    const { api, model } = make();
    const before = usage('', rows());
    api.scratchPlaces.locations[0] = scratchLocation({
      usage: before
    });
    await model.load();
    expect(model.place(LAB).usage).toBe(before);
  });

  it('has a reason where it cannot be found out, and recovers', async () => {
    const { api, model } = make();
    const scratch = jest
      .spyOn(api, 'scratch')
      .mockRejectedValueOnce(new ApiError(FORBIDDEN, 403));
    await model.load();
    expect(model.status).toBe('error');
    expect(model.problem?.code).toBe('forbidden');
    await model.load();
    expect(scratch).toHaveBeenCalledTimes(2);
    expect(model.status).toBe('ready');
    expect(model.problem).toBeNull();
  });

  it('knows what may be changed', async () => {
    const { api, model } = make();
    api.ids.push('shared', 'all');
    api.endpointInfo.set('shared', {
      writable: true,
      url: 's3://scratch/',
      writablePrefixes: ['ada/']
    });
    api.endpointInfo.set('all', { writable: true, url: 's3://' });
    await model.load();
    const may = (endpoint: string, key: string) =>
      model.isWritable({ endpoint, key });
    expect(may('lab', 'a.zarr/')).toBe(true);
    expect(may('lab', '')).toBe(false);
    expect(may('shared', 'ada/a.zarr/')).toBe(true);
    expect(may('shared', 'ada/')).toBe(false);
    expect(may('shared', 'bob/a.zarr/')).toBe(false);
    expect(may('all', 'bucket/')).toBe(false);
    expect(may('all', 'bucket/a/')).toBe(true);
    expect(may('nowhere', 'a/')).toBe(false);
  });
});

describe('counting', () => {
  it('tells how far it is, and then the result', async () => {
    const { api, model } = make();
    const counting = model.count(LAB);
    expect(model.place(LAB)).toMatchObject({ isCounting: true, job: null });
    await settled();
    await api.tell('j1', { progress: progress(412) });
    expect(model.place(LAB).job?.progress.objects).toBe(412);
    const result = usage('', rows());
    await api.tell('j1', { state: 'done', result });
    await counting;
    expect(model.place(LAB)).toMatchObject({
      isCounting: false,
      job: null,
      usage: result
    });
  });

  it('is asked for once', async () => {
    const { api, model } = make();
    void model.count(LAB);
    void model.count(LAB);
    await settled();
    expect(api.requests).toHaveLength(1);
  });

  it('keeps what was counted before until the end', async () => {
    const made = make();
    await counted(made);
    const { usage: before } = made.model.place(LAB);
    void made.model.count(LAB);
    await settled();
    expect(made.model.place(LAB)).toMatchObject({
      isCounting: true,
      usage: before
    });
    await made.model.cancel(made.model.place(LAB).job!);
    expect(made.model.place(LAB)).toMatchObject({
      isCounting: false,
      wasCancelled: true,
      usage: before
    });
  });

  it('says why it failed, and can be tried again', async () => {
    const { api, model } = make();
    void model.count(LAB);
    await settled();
    await api.tell('j1', { state: 'failed', error: FORBIDDEN });
    expect(model.place(LAB).problem).toEqual(FORBIDDEN);
    void model.count(LAB);
    expect(model.place(LAB)).toMatchObject({ isCounting: true, problem: null });
  });

  it('says why it did not begin, and why it was lost', async () => {
    const { api, model } = make();
    await model.count({ endpoint: 'lab', key: 'error_1/' });
    expect(model.place({ endpoint: 'lab', key: 'error_1/' })).toMatchObject({
      isCounting: false,
      problem: FORBIDDEN
    });
    jest
      .spyOn(api, 'watchJob')
      .mockRejectedValueOnce(new ApiError(FORBIDDEN, 404));
    await model.count(RUNS);
    expect(model.place(RUNS)).toMatchObject({
      isCounting: false,
      problem: FORBIDDEN
    });
  });

  it('goes on after a reload of the page', async () => {
    const { api } = make();
    await api.startJob({ kind: 'usage', ...LAB }, new AbortController().signal);
    const reloaded = new UsageModel(api);
    await reloaded.load();
    await settled();
    expect(reloaded.place(LAB).isCounting).toBe(true);
    await reloaded.load();
    expect(api.made('watchJob')).toHaveLength(1);
    await api.tell('j1', { state: 'done', result: usage('', rows()) });
    expect(reloaded.place(LAB).usage?.bytes).toBe(1000);
    const later = new UsageModel(api);
    await later.load();
    expect(later.place(LAB).usage).toBeNull();
    await later.recall(LAB);
    expect(later.place(LAB).usage?.bytes).toBe(1000);
    await later.recall(LAB);
    expect(api.made('job')).toHaveLength(1);
  });

  it('is not needed where the server remembers a count', async () => {
    const made = make();
    await counted(made, RUNS, usage('runs/', [usageRow('runs/x', 300)]));
    const { api } = made;
    const later = new UsageModel(api);
    await later.load();
    await later.look(RUNS);
    expect(later.place(RUNS).usage?.bytes).toBe(300);
    expect(api.made('startJob')).toHaveLength(1);
    void later.look(LAB);
    await settled();
    expect(api.made('startJob')).toHaveLength(2);
  });

  it('begins where the server has forgotten the last count', async () => {
    const made = make();
    await counted(made);
    const { api } = made;
    const later = new UsageModel(api);
    await later.load();
    jest.spyOn(api, 'job').mockRejectedValueOnce(new ApiError(FORBIDDEN, 404));
    void later.look(LAB);
    await settled();
    expect(later.place(LAB).isCounting).toBe(true);
  });
});

describe('copies and deletions', () => {
  it('are there while they are under way', async () => {
    const { api, model, ended } = make();
    await model.load();
    await model.start({ kind: 'delete', ...RUNS, maxObjects: 30 });
    expect(model.transfers).toHaveLength(1);
    await api.tell('j1', { progress: progress(12, 30) });
    expect(model.transfers[0]!.progress.objects).toBe(12);
    await api.tell('j1', { state: 'cancelled' });
    expect(model.transfers).toHaveLength(0);
    expect(ended.map(({ state }) => state)).toEqual(['cancelled']);
  });

  it('are there after a reload, with what was asked for', async () => {
    const { api } = make();
    await api.startJob(
      { kind: 'copy', ...RUNS, toEndpoint: 'kept', toKey: 'runs/' },
      new AbortController().signal
    );
    const model = new UsageModel(api);
    const ended: IJob[] = [];
    model.ended.connect((_, job) => {
      ended.push(job);
    });
    await model.load();
    expect(model.transfers).toMatchObject([
      { id: 'j1', request: { toEndpoint: 'kept', toKey: 'runs/' } }
    ]);
    await api.tell('j1', { state: 'failed', error: FORBIDDEN });
    expect(ended).toMatchObject([{ error: FORBIDDEN }]);
  });

  it('are reported once, though a list is older than their end', async () => {
    const { api, model, ended } = make();
    await model.start({ kind: 'delete', ...RUNS });
    const before = await api.jobs(new AbortController().signal);
    let answer = (_: typeof before) => {};
    jest
      .spyOn(api, 'jobs')
      .mockReturnValueOnce(new Promise(resolve => (answer = resolve)));
    const loading = model.load();
    await api.tell('j1', { state: 'cancelled' });
    answer(before);
    await loading;
    expect(model.transfers).toHaveLength(0);
    await model.load();
    await api.tell('j1', { state: 'cancelled' });
    expect(ended).toHaveLength(1);
  });

  it('are reported once and whole where a list is faster than the answer', async () => {
    const { api, model, ended } = make();
    const begin = api.startJob.bind(api);
    let answer = () => {};
    jest.spyOn(api, 'startJob').mockImplementationOnce(async (...args) => {
      const job = await begin(...args);
      await new Promise<void>(resolve => (answer = resolve));
      return job;
    });
    const to = { toEndpoint: 'kept', toKey: 'runs/' };
    const starting = model.start({ kind: 'copy', ...RUNS, ...to });
    await settled();
    await model.load();
    await api.tell('j1', { state: 'failed', error: FORBIDDEN });
    answer();
    await starting;
    await settled();
    expect(model.transfers).toHaveLength(0);
    expect(ended).toMatchObject([{ id: 'j1', request: to }]);
  });

  it('throw where the server refuses', async () => {
    const { model } = make();
    await expect(
      model.start({ kind: 'delete', endpoint: 'lab', key: 'error_1/' })
    ).rejects.toMatchObject({ code: 'forbidden' });
    expect(model.transfers).toHaveLength(0);
  });

  it('take what they deleted off at once, and count small places again', async () => {
    const made = make();
    const { api, model } = made;
    await counted(made);
    await counted(made, RUNS, usage('runs/', [usageRow('runs/x', 300)]));
    await model.start({ kind: 'delete', ...RUNS, maxObjects: 30 });
    await api.tell('j3', {
      state: 'done',
      result: { ...RUNS, objects: 30, bytes: 300 }
    });
    expect(model.place(RUNS).usage).toBeNull();
    expect(model.place(LAB)).toMatchObject({
      isAdjusted: true,
      isCounting: true,
      usage: { bytes: 700, objects: 70, rows: [{ key: 'a.zarr/' }] }
    });
    expect(api.requests[3]).toEqual({ kind: 'usage', ...LAB });
    await api.tell('j4', { state: 'done', result: usage('', [rows()[0]!]) });
    expect(model.place(LAB)).toMatchObject({
      isAdjusted: false,
      isCounting: false
    });
  });

  it('do not count large places again', async () => {
    const made = make();
    const { api, model } = made;
    const large = usage('', [
      usageRow('a/', 9e12, { objects: 2_000_000 }),
      usageRow('runs/', 300, { objects: 30 })
    ]);
    await counted(made, LAB, large);
    await model.start({ kind: 'delete', ...RUNS });
    await api.tell('j2', {
      state: 'done',
      result: { ...RUNS, objects: 30, bytes: 300 }
    });
    expect(api.requests).toHaveLength(2);
    expect(model.place(LAB)).toMatchObject({
      isAdjusted: true,
      isCounting: false,
      usage: { objects: 2_000_000 }
    });
  });

  it('leave the numbers alone where the source stays', async () => {
    const made = make();
    const { api, model } = made;
    await counted(made);
    const to = { toEndpoint: 'kept', toKey: 'runs/' };
    await model.start({ kind: 'copy', ...RUNS, ...to });
    const result = { endpoint: 'kept', key: 'runs/', objects: 30, bytes: 300 };
    await api.tell('j2', { state: 'done', result });
    expect(model.place(LAB)).toMatchObject({
      isAdjusted: false,
      isCounting: false,
      usage: { bytes: 1000 }
    });
    await model.start({ kind: 'copy', ...RUNS, ...to, deleteSource: true });
    await api.tell('j3', { state: 'done', result });
    expect(model.place(LAB)).toMatchObject({
      isAdjusted: true,
      isCounting: true,
      usage: { bytes: 700 }
    });
  });

  it('count again what may have changed where they did not end well', async () => {
    const made = make();
    const { api, model } = made;
    await counted(made);
    await model.start({ kind: 'delete', ...RUNS });
    await api.tell('j2', { state: 'cancelled' });
    expect(model.place(LAB)).toMatchObject({
      isAdjusted: false,
      isCounting: true,
      usage: { bytes: 1000 }
    });
  });

  it('count again what has got a new clock', async () => {
    const made = make();
    const { api, model } = made;
    await counted(made);
    await model.start({ kind: 'renew', ...RUNS });
    await api.tell('j2', {
      state: 'done',
      result: { ...RUNS, objects: 30, bytes: 300 }
    });
    expect(model.place(LAB)).toMatchObject({
      isAdjusted: false,
      isCounting: true,
      usage: { bytes: 1000 }
    });
  });
});

describe('withoutKey', () => {
  const all = usage('', [
    usageRow('a/', 700, {
      objects: 70,
      expiringObjects: 7,
      expiringBytes: 70
    }),
    usageRow('b.bin', 300, { objects: 1 })
  ]);

  it('takes off a row', () => {
    expect(withoutKey(all, 'a/', { objects: 70, bytes: 700 })).toMatchObject({
      objects: 1,
      bytes: 300,
      expiringObjects: 0,
      expiringBytes: 0,
      rows: [{ key: 'b.bin' }]
    });
  });

  it('takes off what lies deeper', () => {
    expect(withoutKey(all, 'a/x/', { objects: 20, bytes: 100 })).toMatchObject({
      objects: 51,
      bytes: 900,
      rows: [
        { key: 'a/', objects: 50, bytes: 600 },
        { key: 'b.bin', bytes: 300 }
      ]
    });
  });

  it('never falls below nothing', () => {
    expect(withoutKey(all, 'c/', { objects: 1e6, bytes: 1e9 })).toMatchObject({
      objects: 0,
      bytes: 0
    });
  });
});

it('knows which jobs take something away', () => {
  const job = (kind: IJob['kind'], deleteSource?: boolean) =>
    ({ kind, request: { kind, deleteSource } }) as IJob;
  expect(takesAway(job('delete'))).toBe(true);
  expect(takesAway(job('renew'))).toBe(false);
  expect(takesAway(job('copy'))).toBe(false);
  expect(takesAway(job('copy', false))).toBe(false);
  expect(takesAway(job('copy', true))).toBe(true);
});
