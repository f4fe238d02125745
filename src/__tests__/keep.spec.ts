import { addressOf, keepKey, keepProblem, typedKey } from '../keep';
import { endpoint } from './fakeApi';

const everything = endpoint('js2', { url: 's3://', writable: true });
const mine = endpoint('mine', { url: 's3://persistent/ada/', writable: true });
const part = endpoint('part', {
  url: 's3://shared/',
  writable: true,
  writablePrefixes: ['ada/', 'team/']
});

describe('where things are kept', () => {
  it('is below the root, or below what may be written to', () => {
    expect(keepKey(mine, { key: 'ada/a.zarr/' })).toBe('a.zarr/');
    expect(keepKey(mine, { key: 'ada/notes.md' })).toBe('notes.md');
    expect(keepKey(part, { key: 'x/a.zarr/' })).toBe('ada/a.zarr/');
  });

  it.each([
    ['a.zarr', true, 'a.zarr/'],
    [' /runs/a.zarr// ', true, 'runs/a.zarr/'],
    ['notes.md/', false, 'notes.md'],
    ['  ', true, '']
  ])('%j is a key', (text, isContainer, expected) => {
    expect(typedKey(text, isContainer)).toBe(expected);
  });

  it.each([
    ['mine', mine, 'a.zarr/', null],
    ['mine', mine, '', 'empty'],
    ['everything', everything, 'a.zarr/', 'bucket'],
    ['everything', everything, 'bucket/a.zarr/', null],
    ['part', part, 'ada/a.zarr/', null],
    ['part', part, 'bob/a.zarr/', 'forbidden'],
    ['part', part, 'ada/', 'forbidden']
  ] as const)('%s, %#: %s', (_, place, key, expected) => {
    expect(keepProblem(place, key)).toBe(expected);
  });

  it('has an address', () => {
    expect(addressOf(mine, 'a b.zarr/')).toBe('s3://persistent/ada/a b.zarr/');
    expect(addressOf({ url: 's3://b/p' }, 'a')).toBe('s3://b/p/a');
    expect(addressOf({ url: 's3://b/p' }, '')).toBe('s3://b/p');
  });
});
