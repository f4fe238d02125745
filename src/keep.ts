import { hasBucket, nameOfKey } from './nodes';
import type { IEndpoint, IUsageRow } from './wire';

/**
 * Where a copy of a row goes if the user says nothing else; a key of the endpoint.
 */
export function keepKey(place: IEndpoint, row: Pick<IUsageRow, 'key'>): string {
  const slash = row.key.endsWith('/') ? '/' : '';
  const prefix = place.writablePrefixes?.[0] ?? '';
  return `${prefix}${nameOfKey(row.key)}${slash}`;
}

/**
 * The key that is meant by what was typed: containers end in a slash, and nothing begins with one.
 */
export function typedKey(text: string, isContainer: boolean): string {
  const bare = text.trim().replace(/^\/+|\/+$/g, '');
  return bare === '' ? '' : isContainer ? `${bare}/` : bare;
}

/**
 * Why nothing can be kept there: `empty`, `bucket` (it is missing), `forbidden`; null where it can.
 */
export function keepProblem(
  place: IEndpoint,
  key: string
): 'empty' | 'bucket' | 'forbidden' | null {
  if (key === '') {
    return 'empty';
  }
  if (!hasBucket(place.url) && !/^[^/]+\/./.test(key)) {
    return 'bucket';
  }
  const prefixes = place.writablePrefixes;
  return prefixes &&
    !prefixes.some(prefix => key.startsWith(prefix) && key !== prefix)
    ? 'forbidden'
    : null;
}

/**
 * The whole address of a key, as the endpoint's root is written.
 */
export function addressOf(place: Pick<IEndpoint, 'url'>, key: string): string {
  const { url } = place;
  return `${url}${key === '' || url.endsWith('/') ? '' : '/'}${key}`;
}
