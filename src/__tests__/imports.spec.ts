import { withoutKnownImports } from '../imports';

const CODE = 'import xarray as xr\n\nds = xr.open_zarr("a")\nds';
const REST = 'ds = xr.open_zarr("a")\nds';

describe('imports that stand above', () => {
  it.each<[string, string[], string]>([
    ['nothing above', [], CODE],
    ['the same line', ['import xarray as xr\nx = 1'], REST],
    ['with a comment and spaces', ['import  xarray as xr  # xr'], REST],
    ['in an earlier cell', ['import xarray as xr', 'y = 2'], REST],
    ['another name', ['import xarray'], CODE],
    ['inside of a function', ['def f():\n    import xarray as xr'], CODE],
    ['inside of a string', ['s = """\nimport xarray as xr\n"""'], CODE],
    ['in a cell of another language', ['%%bash\nimport xarray as xr'], CODE],
    ['commented out', ['# import xarray as xr'], CODE],
    ['taken back by an assignment', ['import xarray as xr\nxr = 3'], CODE],
    ['taken back by del', ['import xarray as xr', 'del xr'], CODE],
    [
      'taken back by another import',
      ['import xarray as xr', 'import xray as xr'],
      CODE
    ],
    [
      'and given again',
      ['import xarray as xr\nxr = 3\nimport xarray as xr'],
      REST
    ],
    ['a comparison takes nothing back', ['import xarray as xr\nxr == 3'], REST]
  ])('%s', (_, above, expected) => {
    expect(withoutKnownImports(CODE, above)).toBe(expected);
  });

  it('keeps those that are missing, and all other lines', () => {
    const code =
      'import os\nimport zarr\nfrom a import (\n    b,\n)\nzarr.open()';
    expect(withoutKnownImports(code, ['import zarr'])).toBe(
      'import os\nfrom a import (\n    b,\n)\nzarr.open()'
    );
  });

  it('keeps lines inside of a string of the code', () => {
    const code = 'import zarr\ns = """\nimport zarr\n"""';
    expect(withoutKnownImports(code, ['import zarr'])).toContain(
      '"""\nimport zarr\n"""'
    );
  });

  it('does not leave nothing', () => {
    expect(withoutKnownImports('import zarr', ['import zarr'])).toBe(
      'import zarr'
    );
  });
});
