import { nullTranslator } from '@jupyterlab/translation';

import {
  areLighter,
  foundText,
  kindName,
  notFoundText
} from '../view/scratch/words';
import { usage, usageRow } from './fakeApi';

const trans = nullTranslator.load('test');

describe('what a row is', () => {
  it.each([
    ['a.zarr/', 'dataset', 'Dataset'],
    ['trips.parquet/', 'folder', 'Table'],
    ['trips.parquet', 'object', 'Table'],
    ['stations.csv.gz', 'object', 'Table'],
    ['runs/', 'folder', 'Folder'],
    ['sst.nc', 'object', 'NetCDF file'],
    ['notes.md', 'object', 'File'],
    // What zarr opens is no table, whatever it is called.
    ['odd.parquet/', 'group', 'Group']
  ] as const)('%s, %s: %s', (key, kind, expected) => {
    expect(kindName(usageRow(key, 1, { kind }), trans)).toBe(expected);
  });
});

describe('rows that are only summed up', () => {
  const rows = Array.from({ length: 20 }, (_, at) => usageRow(`k${at}`, 10));
  const flat = usage('', rows, {
    otherRows: 998_000,
    otherObjects: 998_000,
    otherBytes: 9_980_000
  });
  const all = usage('', rows);

  it('are counted with the others', () => {
    expect(foundText(20, '', all, trans)).toBe('20 items');
    expect(foundText(20, '', flat, trans)).toBe('20 of 998,020 items');
    expect(foundText(3, 'k1', all, trans)).toBe('3 of 20 items');
    expect(foundText(3, 'k1', flat, trans)).toBe(
      '3 of the 20 heaviest of 998,020 items'
    );
  });

  it('are not searched, which is said', () => {
    expect(notFoundText('x', all, trans)).toBe('No name holds “x”.');
    expect(notFoundText('x', flat, trans)).toBe(
      'None of the 20 heaviest items holds “x” in its name. The other 998,000 are only summed up, and not searched.'
    );
  });

  it('are called lighter only where they are', () => {
    expect(areLighter(flat)).toBe(false);
    expect(areLighter({ ...flat, otherBytes: 9_000_000 })).toBe(true);
  });
});
