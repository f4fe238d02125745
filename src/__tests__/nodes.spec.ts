import { containerOf, endpointNode, isStoreRoot } from '../nodes';
import { array, dataset, endpoint, folder } from './fakeApi';

describe('isStoreRoot', () => {
  const alone = array('a/b/');
  const lab = endpoint('lab');
  it.each([
    ['in a folder', alone, folder('a/'), true],
    ['in nothing that is known', alone, null, true],
    ['in a group', alone, dataset('a/'), false],
    ['in an endpoint', alone, endpointNode(lab), true],
    [
      'in an endpoint that is a store',
      alone,
      endpointNode(lab, dataset('')),
      false
    ],
    ['part of a store', array('a/b/', { storeKey: 'a/' }), null, false],
    ['a folder', folder('a/'), null, false]
  ])('%s', (_, node, container, expected) => {
    expect(isStoreRoot(node, container)).toBe(expected);
  });
});

describe('containerOf', () => {
  it.each([
    ['a/b/', 'a/'],
    ['a//b', 'a//'],
    ['a', '']
  ])('%s', (key, container) => {
    const location = { endpoint: 'lab', key };
    expect(containerOf(location)).toEqual({ endpoint: 'lab', key: container });
  });

  it('is nothing for an endpoint', () => {
    expect(containerOf({ endpoint: 'lab', key: '' })).toBeNull();
  });
});
