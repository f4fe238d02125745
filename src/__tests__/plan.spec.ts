import { planOf, topsOf } from '../uploads/plan';
import type { IPlan } from '../uploads/plan';
import { drop } from './fakeUploads';

const HERE = { endpoint: 'lab', key: 'data/' };

const stagesOf = (plan: IPlan, at = 0) =>
  plan.groups[at]!.stages.map(files => files.map(({ key }) => key));

describe('keys', () => {
  it('are the names, whatever is in them', () => {
    const names = ['a b', '100%', 'ä#?', '..b', 'c+d=e', ' x ', '.hidden'];
    const plan = planOf(drop(...names, 'deep/er/%41.nc'), HERE);
    expect(
      plan.groups.flatMap(({ stages }) => stages.flat().map(({ key }) => key))
    ).toEqual([...names.map(name => `data/${name}`), 'data/deep/er/%41.nc']);
  });

  it('lie at the root of an endpoint without a slash before them', () => {
    const plan = planOf(drop('a.nc'), { endpoint: 'lab', key: '' });
    expect(stagesOf(plan)).toEqual([['a.nc']]);
  });

  it('have another name at the top where that was asked for', () => {
    const plan = planOf(
      drop('a/x', 'a/zarr.json', 'b'),
      HERE,
      new Map([['a', 'a (2)']])
    );
    expect(plan.groups.map(({ store }) => store)).toEqual([
      'data/a (2)/',
      null
    ]);
    expect(stagesOf(plan)).toEqual([
      ['data/a (2)/x'],
      ['data/a (2)/zarr.json']
    ]);
    expect(stagesOf(plan, 1)).toEqual([['data/b']]);
  });
});

describe('stores', () => {
  it('have their chunks first, then documents from the deepest to the root', () => {
    const plan = planOf(
      drop(
        's.zarr/zarr.json',
        's.zarr/air/zarr.json',
        's.zarr/air/c/0/0',
        's.zarr/deep/group/zarr.json',
        's.zarr/deep/zarr.json',
        's.zarr/air/c/0/1'
      ),
      HERE
    );
    expect(plan.groups[0]!.store).toBe('data/s.zarr/');
    expect(stagesOf(plan)).toEqual([
      ['data/s.zarr/air/c/0/0', 'data/s.zarr/air/c/0/1'],
      ['data/s.zarr/deep/group/zarr.json'],
      ['data/s.zarr/air/zarr.json', 'data/s.zarr/deep/zarr.json'],
      ['data/s.zarr/zarr.json']
    ]);
  });

  it('of version 2 have attributes before what opens a node, and what describes all of it last', () => {
    const plan = planOf(
      drop(
        's/.zmetadata',
        's/.zgroup',
        's/.zattrs',
        's/t/.zarray',
        's/t/.zattrs',
        's/t/0.0'
      ),
      HERE
    );
    expect(stagesOf(plan)).toEqual([
      ['data/s/t/0.0'],
      ['data/s/t/.zattrs'],
      ['data/s/t/.zarray'],
      ['data/s/.zattrs'],
      ['data/s/.zgroup'],
      ['data/s/.zmetadata']
    ]);
  });

  it('are found inside of folders, each on its own, with the rest beside them', () => {
    const plan = planOf(
      drop('runs/1.zarr/.zgroup', 'runs/readme', 'runs/2.zarr/zarr.json', 'x'),
      HERE
    );
    expect(plan.groups.map(({ store, top }) => [store, top])).toEqual([
      ['data/runs/1.zarr/', 'runs'],
      [null, 'runs'],
      ['data/runs/2.zarr/', 'runs'],
      [null, 'x']
    ]);
  });

  it('dropped without the folder around them keep their order', () => {
    const plan = planOf(drop('zarr.json', 'air/zarr.json', 'air/c/0'), HERE);
    expect(plan.groups).toHaveLength(1);
    expect(stagesOf(plan)).toEqual([
      ['data/air/c/0'],
      ['data/air/zarr.json'],
      ['data/zarr.json']
    ]);
  });

  it('are not taken for one because a name begins alike', () => {
    const plan = planOf(drop('a/zarr.json', 'ab/x'), HERE);
    expect(plan.groups.map(({ store }) => store)).toEqual(['data/a/', null]);
  });

  it('are planned by the hundred thousand', () => {
    const many = drop('s/zarr.json');
    const [{ file }] = many as [(typeof many)[0]];
    for (let at = 0; at < 100_000; at++) {
      many.push({ path: ['s', 'a', 'c', String(at)], file });
    }
    const plan = planOf(many, HERE);
    expect(plan.groups[0]!.stages.map(({ length }) => length)).toEqual([
      100_000, 1
    ]);
    expect(plan.files).toBe(100_001);
  });
});

it('counts files and bytes', () => {
  const plan = planOf(drop(['a', 3], ['b/c', 4]), HERE);
  expect([plan.files, plan.bytes]).toEqual([2, 7]);
  expect(topsOf(drop('b/c', 'b/d', 'a'))).toEqual(['b', 'a']);
});
