import { UsageModel } from '../usage';
import { columnsFor } from '../usageColumns';
import { UsageView, placeName, sorted } from '../usageView';
import type { Column } from '../usageView';
import { FakeApi, scratchLocation, usage, usageRow } from './fakeApi';

const settled = () => new Promise(resolve => setTimeout(resolve));

async function make(
  more: Partial<ConstructorParameters<typeof UsageView>[0]> = {}
) {
  const api = new FakeApi();
  const all = usage('ada/', [
    usageRow('ada/b.zarr/', 300, { kind: 'dataset' }),
    usageRow('ada/runs/', 700),
    usageRow('ada/a10.txt', 5),
    usageRow('ada/a9.txt', 5)
  ]);
  api.scratchPlaces.locations.push(
    scratchLocation({ key: 'ada/', usage: all }),
    scratchLocation({ endpoint: 'other', title: 'Second' })
  );
  const model = new UsageModel(api);
  await model.load();
  return { api, model, view: new UsageView({ model, root: null, ...more }) };
}

const names = (view: UsageView) => view.rows.map(({ name }) => name);

describe('UsageView', () => {
  it('shows the first scratch, heaviest first', async () => {
    const { view } = await make();
    expect(view.place).toMatchObject({ endpoint: 'lab', key: 'ada/' });
    expect(names(view)).toEqual(['runs', 'b.zarr', 'a9.txt', 'a10.txt']);
    expect(view.path.map(({ key }) => key)).toEqual(['ada/']);
    expect(view.isScratch).toBe(true);
  });

  it('shows another scratch', async () => {
    const { view } = await make();
    view.show({ endpoint: 'other', key: '' });
    expect(view.root?.endpoint).toBe('other');
    expect(view.usage).toBeNull();
    expect(view.toSaved()).toEqual({ at: { endpoint: 'other', key: '' } });
  });

  it('has nothing to show where there is no scratch', () => {
    const model = new UsageModel(new FakeApi());
    const view = new UsageView({ model, root: null });
    expect(view.root).toBeNull();
    expect(view.place).toBeNull();
    expect(view.path).toEqual([]);
    expect(view.rows).toEqual([]);
    view.activate(3);
    expect(view.activeRow).toBeNull();
    expect(view.leave()).toBe(false);
  });

  it('counts what one looks into, once, and leads back', async () => {
    const { api, view } = await make();
    view.activate(0);
    view.enter(view.activeRow!);
    await settled();
    expect(view.place?.key).toBe('ada/runs/');
    expect(api.requests).toEqual([
      { kind: 'usage', endpoint: 'lab', key: 'ada/runs/' }
    ]);
    const inner = usage('ada/runs/', [usageRow('ada/runs/1/', 1)]);
    await api.tell('j1', { state: 'done', result: inner });
    expect(names(view)).toEqual(['1']);
    expect(view.path.map(({ key }) => key)).toEqual(['ada/', 'ada/runs/']);
    expect(view.leave()).toBe(true);
    expect(view.place?.key).toBe('ada/');
    expect(view.activeRow?.key).toBe('ada/runs/');
    expect(view.leave()).toBe(false);
    view.enter(view.activeRow!);
    expect(names(view)).toEqual(['1']);
    expect(api.requests).toHaveLength(1);
  });

  it('does not look into objects', async () => {
    const { view } = await make();
    view.enter(usageRow('ada/a9.txt', 5));
    expect(view.place?.key).toBe('ada/');
  });

  it('finds by name', async () => {
    const { view } = await make();
    view.activateKey('ada/runs/');
    view.search = ' A1';
    expect(names(view)).toEqual(['a10.txt']);
    expect(view.activeRow).toBeNull();
    view.search = '';
    expect(view.activeRow?.key).toBe('ada/runs/');
  });

  it('moves within its ends', async () => {
    const { view } = await make();
    view.activate(99);
    expect(view.activeIndex).toBe(3);
    view.activate(-5);
    expect(view.activeIndex).toBe(0);
  });

  it('sorts the other way round the second time', async () => {
    const { view } = await make();
    view.sortBy('name');
    expect(names(view)).toEqual(['a9.txt', 'a10.txt', 'b.zarr', 'runs']);
    view.sortBy('name');
    expect(names(view)).toEqual(['runs', 'b.zarr', 'a10.txt', 'a9.txt']);
    view.sortBy('bytes');
    expect(view.sort).toEqual({ by: 'bytes', isDescending: true });
  });

  it('comes back where it was', async () => {
    const { view } = await make();
    const at = { endpoint: 'lab', key: 'ada/runs/' };
    view.show(at);
    expect(view.toSaved()).toEqual({ at });
    const { view: again, api } = await make({ at });
    expect(again.place).toEqual(at);
    expect(api.requests).toEqual([]);
    const root = { endpoint: 'lab', key: 'ada/runs/' };
    const { view: other } = await make({ root });
    expect(other.isScratch).toBe(false);
    expect(other.toSaved()).toEqual(root);
    // What lies elsewhere is not shown in its place.
    const { view: lost } = await make({ root, at: { ...at, key: 'bob/' } });
    expect(lost.place).toEqual(root);
  });

  it('draws again when the model changes, until it is disposed', async () => {
    const { view, model } = await make();
    const before = view.version;
    await model.load();
    expect(view.version).toBeGreaterThan(before);
    view.dispose();
    const after = view.version;
    await model.load();
    expect(view.version).toBe(after);
  });
});

describe('sorted', () => {
  const rows = [
    usageRow('a/', 1, { objects: 3, expiresAt: '2026-11-27T00:00:00Z' }),
    usageRow('b/', 2, { objects: 1, expiresAt: null }),
    usageRow('c/', 3, { objects: 2, expiresAt: '2026-11-22T00:00:00Z' })
  ];
  it.each<[Column, boolean, string]>([
    ['objects', true, 'acb'],
    ['objects', false, 'bca'],
    ['goes', false, 'cab'],
    ['goes', true, 'acb'],
    ['chunks', false, 'abc']
  ])('by %s, descending %s', (by, isDescending, expected) => {
    const found = sorted(rows, { by, isDescending });
    expect(found.map(({ name }) => name).join('')).toBe(expected);
  });

  it('puts what has lost most first', () => {
    const chunks = (verdict: 'complete' | 'deleted', present: number) => ({
      chunks: { expected: 10, present, arrays: 1, verdict, gone: 0 }
    });
    const found = sorted(
      [
        usageRow('whole/', 1, chunks('complete', 10)),
        usageRow('none', 1),
        usageRow('some/', 1, chunks('deleted', 8)),
        usageRow('most/', 1, chunks('deleted', 2))
      ],
      { by: 'chunks', isDescending: false }
    );
    expect(found.map(({ name }) => name)).toEqual([
      'most',
      'some',
      'whole',
      'none'
    ]);
  });
});

describe('columnsFor', () => {
  const full = usage(
    '',
    [
      usageRow('a.zarr/', 1, {
        expiresAt: '2026-11-27T00:00:00Z',
        chunks: {
          expected: 1,
          present: 1,
          arrays: 1,
          verdict: 'complete',
          gone: 0
        }
      })
    ],
    { lifetimeDays: 7 }
  );
  const ids = (widthPx: number, of = full) =>
    columnsFor(widthPx, of).map(({ id }) => id);

  it('leaves out what there is no room for', () => {
    expect(ids(340)).toEqual(['name', 'bytes', 'goes']);
    expect(ids(232)).toEqual(['name', 'bytes', 'goes']);
    expect(ids(200)).toEqual(['name', 'bytes']);
    expect(ids(1200)).toEqual([
      'name',
      'bytes',
      'share',
      'objects',
      'oldest',
      'newest',
      'goes',
      'chunks'
    ]);
  });

  it('fits at any width, and leaves 180 pixels to names first', () => {
    for (let widthPx = 200; widthPx < 1400; widthPx++) {
      const columns = columnsFor(widthPx, full);
      const isWide = columns.length > 3;
      const used = columns
        .slice(1)
        .reduce(
          (sum, { track }) => sum + parseFloat(track) + (isWide ? 12 : 8),
          isWide ? 16 : 12
        );
      expect(widthPx - used).toBeGreaterThanOrEqual(isWide ? 180 : 60);
    }
  });

  it('says less where it is as narrow as a sidebar', () => {
    const isShort = (widthPx: number) =>
      columnsFor(widthPx, full).map(each => each.isShort);
    expect(isShort(232)).toEqual([true, true, true]);
    expect(isShort(340)).toEqual([false, false, false]);
  });

  it('leaves out what there is nothing to say in', () => {
    const plain = usage('', [usageRow('a/', 1)]);
    expect(ids(340, plain)).toEqual(['name', 'bytes']);
    expect(ids(1200, plain)).not.toContain('goes');
    expect(ids(1200, plain)).not.toContain('chunks');
  });
});

it('names places', () => {
  const lab = (key: string) => ({ endpoint: 'lab', key });
  expect(placeName(lab('ada/runs/'), 's3://scratch/')).toBe('runs');
  expect(placeName(lab(''), 's3://scratch/')).toBe('scratch');
  expect(placeName(lab(''), 's3://scratch/ada')).toBe('ada');
});
