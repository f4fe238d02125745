import { expect, test, sharedLab } from './lab';

const lab = sharedLab();

interface ICase {
  readonly what: string;
  readonly endpoint: string;
  readonly key: string;
  /**
   * What the cell says.
   */
  readonly code: readonly (string | RegExp)[];
  /**
   * What it prints, and what a line below it does.
   */
  readonly prints: readonly (string | RegExp)[];
  readonly probe: string;
  readonly answer: string;
}

const CASES: readonly ICase[] = [
  {
    what: 'v2 dataset',
    endpoint: 'js2',
    key: 'climate/reanalysis/surface-v2.zarr/',
    code: ['xr.open_zarr(', 'zarr_format=2', 'consolidated=True'],
    prints: ['xarray.Dataset', 'time: 240'],
    probe: "print(ds['precip'].dtype, ds['precip'][5].values.shape)",
    answer: 'float32 (73, 144)'
  },
  {
    what: 'dataset that is not consolidated',
    endpoint: 'js2',
    key: 'climate/reanalysis/not-consolidated.zarr/',
    code: ['xr.open_zarr(', 'zarr_format=3', 'consolidated=False'],
    prints: ['xarray.Dataset', 'time: 240'],
    probe: "print(list(ds.data_vars), float(ds['lat'].values[0]))",
    answer: "['t2m'] 90.0"
  },
  {
    what: 'array of a dataset',
    endpoint: 'js2',
    key: 'climate/reanalysis/surface.zarr/t2m/',
    code: [
      'xr.open_zarr(',
      "'s3://climate/reanalysis/surface.zarr'",
      "ds['t2m']"
    ],
    prints: ['xarray.DataArray', '2 metre temperature'],
    probe: 'print(da.dims, da[0].values.shape)',
    answer: "('time', 'lat', 'lon') (73, 144)"
  },
  {
    what: 'group inside of a store',
    endpoint: 'js2',
    key: 'climate/ensemble.zarr/ssp245/',
    code: [
      "'s3://climate/ensemble.zarr'",
      "group='ssp245'",
      'consolidated=True'
    ],
    prints: ['xarray.Dataset', 'year: 151'],
    probe: "print(int(ds['year'].values[-1]), ds['tas'].values.shape)",
    answer: '2100 (151,)'
  },
  {
    what: 'sharded dataset',
    endpoint: 'js2',
    key: 'imagery/vegetation-sharded.zarr/',
    // Whole shards, as the sample wrote them.
    code: [/chunks=\{[^}]*'y': 256[^}]*'x': 256[^}]*\}/, 'zarr_format=3'],
    prints: ['xarray.Dataset', 'month: 4'],
    probe: "print(ds['ndvi'].chunks[1:], ds['ndvi'][0, :2, :2].values.shape)",
    answer: '((256, 256), (256, 256)) (2, 2)'
  },
  {
    what: 'sharded array without dimension names',
    endpoint: 'js2',
    key: 'samples/v3-sharded.zarr/',
    code: ['zarr.open_array(', 'zarr_format=3', "mode='r'"],
    prints: [/Shard shape\s*: \(8, 16\)/],
    probe: 'print(a.shards, int(a[15, 15]))',
    answer: '(8, 16) 255'
  },
  {
    what: 'store without dimension names',
    endpoint: 'js2',
    key: 'imagery/microscope-scan.zarr/',
    code: ['zarr.open_group(', 'use_consolidated=False', "mode='r'"],
    prints: [/Zarr format\s*: 3/],
    probe: "print(list(g.array_keys()), g['pixels'].shape)",
    answer: "['pixels'] (3, 256, 256)"
  },
  {
    what: 'array of a store without dimension names',
    endpoint: 'js2',
    key: 'imagery/microscope-scan.zarr/pixels/',
    code: ['zarr.open_array(', "path='pixels'"],
    prints: [/Data type\s*: UInt8/],
    probe: 'print(a.shape, a[0, :2, :2].dtype)',
    answer: '(3, 256, 256) uint8'
  },
  {
    what: 'array whose name needs care',
    endpoint: 'js2',
    key: 'samples/v3-odd näme #1 100%.zarr/gr?oup %41/quote\'"s/',
    code: [/quote'\\?"s|quote\\'"s/, 'gr?oup %41'],
    prints: [/./],
    probe: "print('ran')",
    answer: 'ran'
  },
  {
    what: 'store of an endpoint with credentials in the environment',
    endpoint: 'archive',
    key: 'zarrs/region1/store001.zarr/',
    code: ['xr.open_zarr(', "os.environ['ARCHIVE_SECRET']"],
    prints: ['xarray.Dataset', 'time: 480'],
    probe: "print(float(ds['t2m'][0, 0, 0]))",
    answer: '280.0'
  },
  {
    what: 'ordinary object',
    endpoint: 'js2',
    key: 'climate/README.md',
    code: ['fsspec.open(', "'s3://climate/README.md'"],
    prints: ['# climate'],
    probe: "print('ran')",
    answer: 'ran'
  }
];

test.describe.configure({ timeout: 90_000 });

for (const { what, endpoint, key, code, prints, probe, answer } of CASES) {
  test(`a cell for: ${what}`, async () => {
    const { page, panel, notebook } = lab;
    await notebook.open(['# above', probe]);
    await panel.reset();
    await panel.select(endpoint, key);
    await page.keyboard.press('Enter');
    await expect.poll(() => notebook.sources()).toHaveLength(3);
    const source = (await notebook.sources())[1]!;
    for (const part of code) {
      if (typeof part === 'string') {
        expect(source).toContain(part);
      } else {
        expect(source).toMatch(part);
      }
    }
    expect(source).not.toContain('archive-secret');
    expect(source).not.toContain('demosecret');

    await page.notebook.runCell(1, true);
    await notebook.waitForRun(1);
    for (const part of prints) {
      await expect(notebook.output(1).first()).toContainText(part);
    }
    await page.notebook.runCell(2, true);
    await notebook.waitForRun(2);
    await expect(notebook.output(2)).toHaveText(answer);
  });
}
