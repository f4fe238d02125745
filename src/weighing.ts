import type { TranslationBundle } from '@jupyterlab/translation';

import { ApiError, isUnderWay } from './api';
import { isZarr, nameOfKey } from './nodes';
import type { ILocation, TreeNode } from './nodes';
import type { UsageModel } from './usage';
import type { IUsage, IUsageRow } from './wire';

/**
 * Count places now. Null where the user, or whoever gave the signal, did not want to wait.
 *
 * @throws Error where one could not be counted.
 */
export async function countAll(
  places: readonly ILocation[],
  usage: UsageModel,
  trans: TranslationBundle,
  signal?: AbortSignal
): Promise<IUsage[] | null> {
  const { whileCounting } = await import('./view/manage/counting');
  const counts = Promise.all(places.map(place => usage.count(place)));
  const isWanted = await whileCounting(counts, {
    name: places.map(({ key }) => nameOfKey(key)).join(', '),
    progress: () =>
      places.map(place => usage.place(place).job?.progress).find(Boolean) ??
      null,
    changed: usage.changed,
    signal,
    trans
  });
  if (!isWanted) {
    for (const place of places) {
      const { job } = usage.place(place);
      if (job && isUnderWay(job)) {
        // It may have ended meanwhile.
        await usage.cancel(job).catch(() => undefined);
      }
    }
    return null;
  }
  return places.map(place => {
    const { usage: counted, problem } = usage.place(place);
    if (problem || !counted) {
      throw problem
        ? new ApiError(problem)
        : new Error(trans.__('It could not be counted.'));
    }
    return counted;
  });
}

/**
 * What a node weighs, counted now. Null where the user did not want to wait.
 */
export async function weigh(
  node: TreeNode,
  usage: UsageModel,
  trans: TranslationBundle
): Promise<IUsageRow | null> {
  const { endpoint, key } = node;
  const base: IUsageRow = {
    key,
    name: nameOfKey(key),
    kind: isZarr(node) ? node.kind : key.endsWith('/') ? 'folder' : 'object',
    objects: 1,
    bytes: node.sizeBytes ?? 0,
    oldestAt: null,
    newestAt: null,
    expiresAt: null,
    goneAt: null,
    expiringObjects: 0,
    expiringBytes: 0,
    chunks: null,
    damage: null,
    missingDocuments: 0
  };
  if (!key.endsWith('/')) {
    return base;
  }
  const counts = await countAll([{ endpoint, key }], usage, trans);
  if (!counts) {
    return null;
  }
  const { objects, bytes, expiresAt } = counts[0]!;
  return { ...base, objects, bytes, expiresAt };
}
