import { Replacing, overlap, targetOf, ifExistsOf } from '../replacing';
import type { IJobRequest } from '../wire';
import { UsageModel } from '../usage';
import { FakeApi } from './fakeApi';

const COPY: IJobRequest = {
  kind: 'copy',
  endpoint: 'scratch',
  key: 'ada/a.zarr/',
  toEndpoint: 'persistent',
  toKey: 'a.zarr/',
  ifExists: 'fail',
  deleteSource: true
};

function make() {
  const api = new FakeApi();
  const model = new UsageModel(api);
  const replacing = new Replacing(model);
  const results: boolean[] = [];
  model.ended.connect((_, job) => {
    void replacing.goOn(job).then(each => results.push(each));
  });
  return { api, model, replacing, results };
}

describe('a store that is replaced', () => {
  it('is deleted first, as far as was agreed to, and then copied', async () => {
    const { api, replacing, results } = make();
    await replacing.start(COPY, 12);
    expect(api.requests).toEqual([
      {
        kind: 'delete',
        endpoint: 'persistent',
        key: 'a.zarr/',
        maxObjects: 12
      }
    ]);
    await api.tell('j1', { state: 'done' });
    expect(results).toEqual([true]);
    expect(api.requests[1]).toEqual(COPY);
    // The copy itself makes room for nothing.
    await api.tell('j2', { state: 'done' });
    expect(results).toEqual([true, false]);
    expect(api.requests).toHaveLength(2);
  });

  it.each(['failed', 'cancelled'] as const)(
    'is not copied where deleting has %s',
    async state => {
      const { api, replacing, results } = make();
      await replacing.start(COPY, 12);
      await api.tell('j1', { state });
      expect(results).toEqual([false]);
      expect(api.requests).toHaveLength(1);
    }
  );

  it('leaves other deletions alone', async () => {
    const { api, model, results } = make();
    await model.start({ kind: 'delete', ...targetOf(COPY) });
    await api.tell('j1', { state: 'done' });
    expect(results).toEqual([false]);
    expect(api.requests).toHaveLength(1);
  });
});

it('tells what lies in what', () => {
  expect(overlap('s3://b/ada/a.zarr/', 's3://b/ada/')).toBe(true);
  expect(overlap('s3://b/ada/', 's3://b/ada/a.zarr/')).toBe(true);
  expect(overlap('s3://b/ada/a.zarr/', 's3://b/ada/a2.zarr/')).toBe(false);
});

it('asks once about several things: the answer holds for those that are there', () => {
  expect(ifExistsOf(false, 'replace')).toBe('fail');
  expect(ifExistsOf(true, 'replace')).toBe('replace');
  expect(ifExistsOf(true, 'keep')).toBe('rename');
  expect(ifExistsOf(true, 'skip')).toBeNull();
});
