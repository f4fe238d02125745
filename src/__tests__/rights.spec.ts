import { endpointNode, idOf } from '../nodes';
import type { TreeNode } from '../nodes';
import {
  canChange,
  isCopyable,
  isMovable,
  knownAbove,
  placeFor,
  refusalOf,
  storeAround,
  takesFiles
} from '../rights';
import type { IKnown } from '../rights';
import type { IEndpoint } from '../wire';
import { array, dataset, endpoint, folder, object } from './fakeApi';

function known(info: Partial<IEndpoint>, ...nodes: TreeNode[]): IKnown {
  const all = new Map(
    [endpointNode(endpoint('lab', info)), ...nodes].map(node => [
      idOf(node),
      node
    ])
  );
  return { find: location => all.get(idOf(location)) ?? null };
}

const at = (key: string) => ({ endpoint: 'lab', key });
const WRITABLE = { writable: true, url: 's3://b/' };

describe('putting something into a container', () => {
  it('wants an endpoint that may be written to', () => {
    expect(refusalOf(known({}), at('a/'))).toBe('read-only');
    expect(refusalOf(known(WRITABLE), at('a/'))).toBeNull();
    expect(refusalOf(known(WRITABLE), at(''))).toBeNull();
    expect(refusalOf(known(WRITABLE), { endpoint: 'other', key: '' })).toBe(
      'read-only'
    );
  });

  it('wants a bucket where the root is all of them', () => {
    const all = known({ writable: true, url: 's3://' });
    expect(refusalOf(all, at(''))).toBe('bucket');
    expect(refusalOf(all, at('b/'))).toBeNull();
  });

  it('wants one of the prefixes that are one’s own, with its slash', () => {
    const mine = known({ ...WRITABLE, writablePrefixes: ['ada/', 'x/y/'] });
    expect(refusalOf(mine, at(''))).toBe('elsewhere');
    expect(refusalOf(mine, at('adam/'))).toBe('elsewhere');
    expect(refusalOf(mine, at('x/'))).toBe('elsewhere');
    expect(refusalOf(mine, at('ada/'))).toBeNull();
    expect(refusalOf(mine, at('ada/deep/'))).toBeNull();
  });

  it('goes into a prefix of one’s own that has no row yet', () => {
    const mine = known({ ...WRITABLE, writablePrefixes: ['ada/', 'x/y/'] });
    expect(placeFor(mine, at(''))).toEqual(at('ada/'));
    expect(placeFor(mine, at('x/'))).toEqual(at('x/y/'));
    expect(placeFor(mine, at('ada/deep/'))).toEqual(at('ada/deep/'));
    expect(placeFor(mine, at('other/'))).toEqual(at('other/'));
    expect(takesFiles(mine, at(''))).toBe(true);
    expect(takesFiles(mine, at('other/'))).toBe(false);
    expect(takesFiles(known({}), at(''))).toBe(false);
    const all = known({ ...WRITABLE, url: 's3://', writablePrefixes: ['b/'] });
    expect(placeFor(all, at(''))).toEqual(at('b/'));
    expect(knownAbove(mine, at('ada/deep/'))).toEqual(at(''));
  });

  it('is not done in stores, and what is in them, nor in objects', () => {
    const nodes = known(
      WRITABLE,
      dataset('s.zarr/'),
      folder('s.zarr/c/'),
      object('o')
    );
    expect(refusalOf(nodes, at('s.zarr/'))).toBe('store');
    expect(refusalOf(nodes, at('s.zarr/c/'))).toBe('store');
    expect(refusalOf(nodes, at('s.zarr2/'))).toBeNull();
    expect(refusalOf(nodes, at('o'))).toBe('file');
  });
});

describe('changing something', () => {
  it('spares roots, buckets and what is not one’s own', () => {
    const mine = known({ ...WRITABLE, writablePrefixes: ['ada/'] });
    expect(
      ['', 'ada/', 'bob/x', 'ada/x', 'ada/x/'].map(key =>
        canChange(mine, at(key))
      )
    ).toEqual([false, false, false, true, true]);
    const all = known({ writable: true, url: 's3://' });
    expect(
      ['', 'b/', 'b/x', 'b/x/'].map(key => canChange(all, at(key)))
    ).toEqual([false, false, true, true]);
    expect(canChange(known({}), at('b/x'))).toBe(false);
  });

  it('moves stores whole', () => {
    const store = dataset('s.zarr/');
    const inside = array('s.zarr/t/');
    const nodes = known(WRITABLE, store, inside);
    expect(storeAround(nodes, inside)).toBe(store);
    expect(isMovable(nodes, store)).toBe(true);
    expect(isMovable(nodes, inside)).toBe(false);
    expect(canChange(nodes, inside)).toBe(true);
    expect(isCopyable(inside)).toBe(true);
  });

  it('copies nothing that no one can list', () => {
    expect(isCopyable(folder('a/', { uri: 'https://host/a/' }))).toBe(false);
    expect(isCopyable(endpointNode(endpoint('lab')))).toBe(false);
  });
});
