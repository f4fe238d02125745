import type { TranslationBundle } from '@jupyterlab/translation';

import { addressOf } from './keep';
import {
  ancestorKeys,
  canBeCounted,
  effectiveNode,
  hasBucket,
  isContainer,
  isZarr
} from './nodes';
import type { ILocation, TreeNode } from './nodes';
import type { IEndpoint } from './wire';

/**
 * Where nodes are looked up.
 */
export interface IKnown {
  find(location: ILocation): TreeNode | null;
}

/**
 * Why nothing can be put somewhere: it can only be read, a bucket has to be chosen first, other prefixes are one's own,
 * it is a Zarr store, it holds nothing.
 */
export type Refusal = 'read-only' | 'bucket' | 'elsewhere' | 'store' | 'file';

/**
 * What is known of the endpoint of something.
 */
export function endpointOf(
  known: IKnown,
  { endpoint }: ILocation
): IEndpoint | null {
  const node = known.find({ endpoint, key: '' });
  return node?.kind === 'endpoint' ? node.endpointInfo : null;
}

/**
 * Why nothing can be put into a container; null where that can be done, as far as is known here.
 */
export function refusalOf(known: IKnown, location: ILocation): Refusal | null {
  const info = endpointOf(known, location);
  const { key } = location;
  if (!info?.writable) {
    return 'read-only';
  }
  if (storeAround(known, location)) {
    return 'store';
  }
  const node = known.find(location);
  if (key !== '' && (!key.endsWith('/') || (node && !isContainer(node)))) {
    return 'file';
  }
  if (key === '' && !hasBucket(info.url)) {
    return 'bucket';
  }
  const { writablePrefixes } = info;
  return writablePrefixes &&
    !writablePrefixes.some(prefix => key.startsWith(prefix))
    ? 'elsewhere'
    : null;
}

/**
 * Where something goes that is put into a container: into the first prefix below it that is one's own, where nothing can be
 * put into the container itself. Such a prefix has no row before something is in it.
 */
export function placeFor(known: IKnown, location: ILocation): ILocation {
  const { endpoint, key } = location;
  const refusal = refusalOf(known, location);
  const prefix =
    refusal === 'elsewhere' || refusal === 'bucket'
      ? endpointOf(known, location)?.writablePrefixes?.find(
          each => each.startsWith(key) && each.endsWith('/')
        )
      : undefined;
  return prefix === undefined ? location : { endpoint, key: prefix };
}

/**
 * Whether something can be put into a container, or into a prefix below it that is one's own.
 */
export function takesFiles(known: IKnown, location: ILocation): boolean {
  return refusalOf(known, placeFor(known, location)) === null;
}

/**
 * A place, or the one above it that is known: what was just made has no row yet.
 */
export function knownAbove(known: IKnown, location: ILocation): ILocation {
  const { endpoint, key } = location;
  const keys = [...ancestorKeys(key), key].reverse();
  const found = keys.find(each => known.find({ endpoint, key: each }));
  return { endpoint, key: found ?? '' };
}

/**
 * The outermost Zarr node that something is or lies in, as far as is known.
 */
export function storeAround(
  known: IKnown,
  { endpoint, key }: ILocation
): TreeNode | null {
  for (const above of [...ancestorKeys(key), key]) {
    const node = known.find({ endpoint, key: above });
    const meant = node && effectiveNode(node);
    if (meant && isZarr(meant)) {
      return meant;
    }
  }
  return null;
}

/**
 * Whether what lies at a key may be deleted or moved away. A bucket is nobody's to delete from here.
 */
export function canChange(known: IKnown, location: ILocation): boolean {
  const info = endpointOf(known, location);
  return info !== null && isOwn(info, location.key);
}

/**
 * The same for a key of an endpoint.
 */
export function isOwn(info: IEndpoint, key: string): boolean {
  return (
    info.writable &&
    (hasBucket(info.url) ? key !== '' : /^[^/]+\/./.test(key)) &&
    (!info.writablePrefixes ||
      info.writablePrefixes.some(
        prefix => key.startsWith(prefix) && key !== prefix
      ))
  );
}

/**
 * A refusal in words.
 */
export function refusalText(
  refusal: Refusal,
  known: IKnown,
  location: ILocation,
  trans: TranslationBundle
): string {
  const info = endpointOf(known, location);
  const title = info?.title ?? location.endpoint;
  switch (refusal) {
    case 'read-only':
      return trans.__('%1 can only be read', title);
    case 'bucket':
      return trans.__('Choose a bucket of %1', title);
    case 'elsewhere':
      return trans.__(
        'You may write below %1',
        (info?.writablePrefixes ?? [])
          .map(prefix => addressOf(info!, prefix))
          .join(', ')
      );
    case 'store':
      return trans.__(
        '“%1” is a Zarr store: its files belong together',
        storeAround(known, location)?.name ?? ''
      );
    case 'file':
      return trans.__('Choose a folder');
  }
}

/**
 * Whether the server can copy all of it: not where nothing lists what lies below.
 */
export function isCopyable(node: TreeNode): boolean {
  return (
    node.kind !== 'endpoint' &&
    !/^https?:/.test(node.uri) &&
    (!node.key.endsWith('/') || canBeCounted(node))
  );
}

/**
 * Whether it may be copied and then deleted where it was. What lies in a store belongs there: its metadata names it.
 */
export function isMovable(known: IKnown, node: TreeNode): boolean {
  const store = storeAround(known, node);
  return (
    isCopyable(node) &&
    canChange(known, node) &&
    (store === null || store.key === node.key)
  );
}
