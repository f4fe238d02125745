import { nullTranslator } from '@jupyterlab/translation';

import {
  arraySummary,
  bareAddress,
  formatAge,
  formatBytes,
  formatCodec,
  formatDims,
  gridCount,
  itemBytes,
  shapeBytes
} from '../text';

const trans = nullTranslator.load('test');

describe('text', () => {
  it.each([
    [0, '0 bytes'],
    [1, '1 byte'],
    [999, '999 bytes'],
    [1_000, '1 kB'],
    [1_550, '1.6 kB'],
    [999_499, '999 kB'],
    [999_500, '1 MB'],
    [1_284_000_000, '1.3 GB'],
    [5e15, '5 PB'],
    [5e18, '5,000 PB']
  ])('%d bytes', (bytes, text) => {
    expect(formatBytes(bytes, 'en')).toBe(text);
  });

  it('follows the language', () => {
    expect(formatBytes(1_550, 'de')).toBe('1,6 kB');
  });

  const now = Date.parse('2026-01-31T12:00:00Z');
  it.each([
    ['2026-01-31T11:59:30Z', '30 seconds ago'],
    ['2026-01-31T11:00:00Z', '1 hour ago'],
    ['2026-01-30T11:00:00Z', 'yesterday'],
    ['2025-12-01T11:00:00Z', '2 months ago'],
    ['2020-01-01T00:00:00Z', '6 years ago'],
    ['no date', '']
  ])('age of %s', (iso, text) => {
    expect(formatAge(iso, now, 'long', 'en')).toBe(text);
  });

  it.each([
    ['2026-01-28T11:00:00Z', '3d'],
    ['2026-01-31T11:57:00Z', '3m'],
    ['2025-10-31T11:00:00Z', '3 mths']
  ])('shortest age of %s', (iso, text) => {
    expect(formatAge(iso, now, 'bare', 'en')).toBe(text);
  });

  it.each([
    ['s3://a/b.zarr', 's3://a/b.zarr'],
    [' "s3://a/b c.zarr"\n', 's3://a/b c.zarr'],
    ["' s3://a '", 's3://a'],
    ['\'s3://a"', '\'s3://a"'],
    ['"', '"'],
    ['""', '']
  ])('address %j', (text, expected) => {
    expect(bareAddress(text)).toBe(expected);
  });

  it.each([
    [['time', 'lat'], [480, 96], 'time 480, lat 96'],
    [['time', null], [480, 96], 'time 480, 96'],
    [[null, null], [480, 96], '480 × 96'],
    [null, [480, 96], '480 × 96'],
    [['time'], [480, 96], '480 × 96'],
    [[], [], 'scalar']
  ])('dims %p of %p', (dims, shape, text) => {
    expect(formatDims(dims, shape, trans)).toBe(text);
  });

  it('sums up an array', () => {
    const dims = ['time', 'lat'];
    expect(
      arraySummary({ dims, shape: [480, 96], dtype: 'float32' }, trans)
    ).toBe('time 480, lat 96 · float32');
    expect(arraySummary({ dims: null, shape: null, dtype: null }, trans)).toBe(
      ''
    );
  });

  it.each([
    ['<f4', 4],
    ['|b1', 1],
    ['>i8', 8],
    ['<U10', 40],
    ['|S8', 8],
    ['<M8[ns]', 8],
    ['float32', 4],
    ['bool', 1],
    ['uint16', 2],
    ['complex128', 16],
    ['bfloat16', 2],
    ['r16', 2],
    ['numpy.datetime64', 8],
    ['string', null],
    ['|O', null]
  ])('bytes of %s', (dtype, bytes) => {
    expect(itemBytes(dtype)).toBe(bytes);
  });

  it('multiplies', () => {
    expect(shapeBytes([480, 96, 192], '<f4')).toBe(480 * 96 * 192 * 4);
    expect(shapeBytes([], 'float64')).toBe(8);
    expect(shapeBytes([4], 'string')).toBeNull();
    expect(gridCount([480, 97], [24, 96])).toBe(40);
    expect(gridCount([4], null)).toBeNull();
    expect(gridCount([4], [0])).toBe(4);
  });

  it('names codecs with their plain settings', () => {
    expect(
      formatCodec({
        name: 'blosc',
        configuration: { cname: 'zstd', clevel: 5, nested: { a: 1 } }
      })
    ).toBe('blosc (cname zstd, clevel 5)');
    expect(formatCodec({ name: 'gzip', configuration: {} })).toBe('gzip');
  });
});
