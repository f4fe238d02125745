import type { TranslationBundle } from '@jupyterlab/translation';

import { formatCount } from '../../text';
import type { IUsage, IUsageRow } from '../../wire';

/**
 * Names of what holds a table, be it one object or a folder of parts.
 */
const TABLE =
  /\.(?:parquet|parq|pq|csv|tsv|feather|arrow|orc|avro|delta)(?:\.(?:gz|bz2|xz|zst))?$/i;

/**
 * Whether a row is a table, as far as its name tells.
 */
export function isTable({ kind, name }: Pick<IUsageRow, 'kind' | 'name'>) {
  return (kind === 'folder' || kind === 'object') && TABLE.test(name);
}

/**
 * What a row is.
 */
export function kindName(
  row: Pick<IUsageRow, 'kind' | 'name'>,
  trans: TranslationBundle
): string {
  if (isTable(row)) {
    return trans.__('Table');
  }
  switch (row.kind) {
    case 'dataset':
      return trans.__('Dataset');
    case 'group':
      return trans.__('Group');
    case 'array':
      return trans.__('Array');
    case 'folder':
      return trans.__('Folder');
    case 'object':
      return /\.(?:nc|nc4|cdf)$/i.test(row.name)
        ? trans.__('NetCDF file')
        : /\.(?:h5|hdf5|he5|hdf)$/i.test(row.name)
          ? trans.__('HDF5 file')
          : /\.tiff?$/i.test(row.name)
            ? trans.__('TIFF file')
            : trans.__('File');
  }
}

/**
 * How many rows are shown, of how many there are.
 */
export function foundText(
  shown: number,
  search: string,
  usage: Pick<IUsage, 'rows' | 'otherRows'>,
  trans: TranslationBundle
): string {
  const named = usage.rows.length;
  const all = named + usage.otherRows;
  const items = trans._n('%2 item', '%2 items', all, formatCount(all));
  if (search !== '') {
    return usage.otherRows > 0
      ? trans.__(
          '%1 of the %2 heaviest of %3',
          formatCount(shown),
          formatCount(named),
          items
        )
      : trans.__('%1 of %2', formatCount(shown), items);
  }
  return usage.otherRows > 0
    ? trans.__('%1 of %2', formatCount(named), items)
    : items;
}

/**
 * That nothing was found, and where nobody looked.
 */
export function notFoundText(
  search: string,
  { rows, otherRows }: Pick<IUsage, 'rows' | 'otherRows'>,
  trans: TranslationBundle
): string {
  return otherRows === 0
    ? trans.__('No name holds “%1”.', search)
    : trans.__(
        'None of the %1 heaviest items holds “%2” in its name. The other %3 are only summed up, and not searched.',
        formatCount(rows.length),
        search,
        formatCount(otherRows)
      );
}

/**
 * Whether those that are only summed up are lighter than those that are named, and not just more of the same.
 */
export function areLighter({
  rows,
  otherRows,
  otherBytes
}: Pick<IUsage, 'rows' | 'otherRows' | 'otherBytes'>): boolean {
  const lightest = rows.reduce(
    (least, { bytes }) => Math.min(least, bytes),
    Infinity
  );
  return otherBytes < lightest * otherRows;
}
