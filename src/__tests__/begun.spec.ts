import { Begun } from '../begun';

beforeEach(() => sessionStorage.clear());

it('remembers over a reload what was begun, until it is over', () => {
  const before = new Begun(sessionStorage, '/user/ada/');
  before.add('u1', { endpoint: 'lab', key: 'a' });
  before.add('u2', { endpoint: 'lab', key: 'b' });
  before.add('u1', { endpoint: 'lab', key: 'a' });
  before.remove('u2');
  const after = new Begun(sessionStorage, '/user/ada/');
  expect(after.all).toEqual([{ id: 'u1', endpoint: 'lab', key: 'a' }]);
  expect(after.has('u1')).toBe(true);
  expect(new Begun(sessionStorage, '/user/bob/').all).toEqual([]);
});

it('lives with a browser that keeps nothing, or something else', () => {
  const none = new Begun(null, '');
  none.add('u1', { endpoint: 'lab', key: 'a' });
  expect(none.all).toEqual([]);
  const odd = new Begun({ getItem: () => '{"a', setItem: () => undefined }, '');
  expect(odd.all).toEqual([]);
});
