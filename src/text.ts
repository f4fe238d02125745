import type { TranslationBundle } from '@jupyterlab/translation';

import { dateFormat, numberFormat } from './intl';
import type { IArrayNode, ICodec } from './wire';

const BYTE_UNITS = [
  'byte',
  'kilobyte',
  'megabyte',
  'gigabyte',
  'terabyte',
  'petabyte'
] as const;

const AGE_UNITS: [Intl.RelativeTimeFormatUnit, number][] = [
  ['year', 365 * 86_400],
  ['month', 30 * 86_400],
  ['week', 7 * 86_400],
  ['day', 86_400],
  ['hour', 3_600],
  ['minute', 60]
];

/**
 * Language of the page; undefined lets Intl choose.
 */
export function pageLocale(): string | undefined {
  const lang =
    typeof document === 'undefined' ? '' : document.documentElement.lang;
  try {
    return lang && Intl.getCanonicalLocales(lang).length ? lang : undefined;
  } catch {
    return undefined;
  }
}

/**
 * What was typed or pasted as an address, without white space around it and one pair of quotes, as code has them.
 */
export function bareAddress(text: string): string {
  const trimmed = text.trim();
  return (/^(['"])([^]*)\1$/.exec(trimmed)?.[2] ?? trimmed).trim();
}

/**
 * Decimal units, as object stores bill them: `1.5 MB`.
 */
export function formatBytes(bytes: number, locale = pageLocale()): string {
  let unit = 0;
  let value = bytes;
  while (value >= 999.5 && unit < BYTE_UNITS.length - 1) {
    value /= 1000;
    unit++;
  }
  return numberFormat(locale, {
    style: 'unit',
    unit: BYTE_UNITS[unit],
    unitDisplay: unit === 0 ? 'long' : 'short',
    maximumFractionDigits: unit > 0 && value < 10 ? 1 : 0
  }).format(value);
}

export function formatCount(count: number, locale = pageLocale()): string {
  return numberFormat(locale).format(count);
}

/**
 * `3 days ago`; `3d ago` where `style` is `narrow` and `3d` where it is `bare`. Empty for what is not a date.
 */
export function formatAge(
  iso: string,
  now: number,
  style: 'long' | 'narrow' | 'bare' = 'long',
  locale = pageLocale()
): string {
  const then = Date.parse(iso);
  if (Number.isNaN(then)) {
    return '';
  }
  const seconds = (then - now) / 1000;
  const [unit, length] = AGE_UNITS.find(
    ([, length]) => Math.abs(seconds) >= length
  ) ?? ['second' as const, 1];
  const count = Math.trunc(seconds / length);
  return style === 'bare'
    ? numberFormat(locale, {
        style: 'unit',
        unit,
        // The shortest form is the same for minutes and months.
        unitDisplay: unit === 'month' ? 'short' : 'narrow'
      }).format(Math.abs(count))
    : new Intl.RelativeTimeFormat(locale, {
        style,
        numeric: style === 'narrow' ? 'always' : 'auto'
      }).format(count, unit);
}

export function formatDate(iso: string, locale = pageLocale()): string {
  const then = Date.parse(iso);
  return Number.isNaN(then)
    ? iso
    : dateFormat(locale, {
        dateStyle: 'medium',
        timeStyle: 'medium'
      }).format(then);
}

/**
 * `480 × 96 × 192`. Plain digits, as code writes them.
 */
export function formatShape(shape: readonly (number | string)[]): string {
  return shape.join(' × ');
}

/**
 * `time 480, lat 96, lon 192`; without names `480 × 96 × 192`.
 */
export function formatDims(
  dims: readonly (string | null)[] | null,
  shape: readonly (number | string)[],
  trans: TranslationBundle
): string {
  if (shape.length === 0) {
    return trans.__('scalar');
  }
  if (
    !dims ||
    dims.length !== shape.length ||
    dims.every(dim => dim === null)
  ) {
    return formatShape(shape);
  }
  return shape
    .map((size, axis) => (dims[axis] ? `${dims[axis]} ${size}` : `${size}`))
    .join(', ');
}

/**
 * What an array's row says in grey: `time 480, lat 96, lon 192 · float32`.
 */
export function arraySummary(
  node: Pick<IArrayNode, 'dims' | 'shape' | 'dtype'>,
  trans: TranslationBundle
): string {
  const parts = [];
  if (node.shape) {
    parts.push(formatDims(node.dims, node.shape, trans));
  }
  if (node.dtype) {
    parts.push(node.dtype);
  }
  return parts.join(' · ');
}

export function sizesSummary(sizes: {
  readonly [dim: string]: number;
}): string {
  return Object.entries(sizes)
    .map(([dim, size]) => `${dim} ${size}`)
    .join(', ');
}

/**
 * Bytes of one element, null where the spelling does not tell (variable length, unknown extension).
 *
 * NumPy's spelling (`<f4`, `|S8`, `<U10`: four bytes a character, `<M8[ns]`) and that of Zarr v3 (`float32`, `r16`: bits).
 */
export function itemBytes(dtype: string): number | null {
  const numpy = /^[<>|=]([biufcmMSVU])(\d+)(\[.*\])?$/.exec(dtype);
  if (numpy) {
    return Number(numpy[2]) * (numpy[1] === 'U' ? 4 : 1);
  }
  if (dtype === 'bool') {
    return 1;
  }
  if (/^numpy\.(datetime64|timedelta64)/.test(dtype)) {
    return 8;
  }
  const bits = /^(?:u?int|b?float|complex|r)(\d+)$/.exec(dtype);
  return bits ? Number(bits[1]) / 8 : null;
}

function product(shape: readonly number[]): number {
  return shape.reduce((total, size) => total * Number(size), 1);
}

/**
 * Uncompressed size of a shape of elements, null where it cannot be told.
 */
export function shapeBytes(
  shape: readonly number[] | null,
  dtype: string | null
): number | null {
  const size = dtype === null ? null : itemBytes(dtype);
  if (!shape || size === null) {
    return null;
  }
  const bytes = product(shape) * size;
  return Number.isFinite(bytes) ? bytes : null;
}

/**
 * Number of chunks that a grid has.
 */
export function gridCount(
  shape: readonly number[] | null,
  chunks: readonly number[] | null
): number | null {
  if (!shape || !chunks || shape.length !== chunks.length) {
    return null;
  }
  const count = product(
    shape.map((size, axis) =>
      Math.ceil(Number(size) / Math.max(1, Number(chunks[axis])))
    )
  );
  return Number.isFinite(count) ? count : null;
}

/**
 * `blosc (cname zstd, clevel 5)`: a codec with its plain settings.
 */
export function formatCodec(codec: ICodec): string {
  const settings = Object.entries(codec.configuration)
    .filter(
      ([, value]) =>
        typeof value === 'string' ||
        typeof value === 'number' ||
        typeof value === 'boolean'
    )
    .map(([name, value]) => `${name} ${String(value)}`);
  return settings.length
    ? `${codec.name} (${settings.join(', ')})`
    : codec.name;
}
