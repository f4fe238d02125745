import type { IUploadApi } from './client';
import type { ITakenKey } from '../wire';
import { topsOf } from './plan';
import type { IGroup, IPlan, IPlannedFile } from './plan';
import type { IDroppedFile } from './dropped';

/**
 * Keys in one question.
 */
const SLICE = 10_000;

/**
 * Names beside one that are tried at most.
 */
const NAMES = 1000;

/**
 * What a drop meets where it goes.
 */
export interface IMet {
  /**
   * Keys that hold these very files already, from an upload that was interrupted or done.
   */
  readonly arrived: ReadonlySet<string>;
  /**
   * Files for which something else lies there.
   */
  readonly files: readonly IPlannedFile[];
  /**
   * Stores for which something else lies there.
   */
  readonly stores: readonly IGroup[];
}

/**
 * Find out what lies where files would go. A store is one thing: where only these very files lie, it is one that was
 * interrupted, and goes on.
 */
export async function meet(
  plan: IPlan,
  api: IUploadApi,
  signal: AbortSignal
): Promise<IMet> {
  const ask = (keys: readonly string[]) =>
    takenOf(plan.endpoint, keys, api, signal);
  const plain = plan.groups.filter(({ store }) => store === null);
  const stores = plan.groups.filter(({ store }) => store !== null);
  const files = plain.flatMap(({ stages }) => stages.flat());
  const there = await ask([
    ...stores.map(({ store }) => store!),
    ...files.map(({ key }) => key)
  ]);
  const inStores = stores.filter(({ store }) => there.has(store!));
  const theirs = await ask(
    inStores.flatMap(({ stages }) => stages.flat().map(({ key }) => key))
  );
  const arrived = new Set<string>();
  const taken: IPlannedFile[] = [];
  for (const planned of files) {
    const found = there.get(planned.key);
    if (found && isSame(found, planned.file)) {
      arrived.add(planned.key);
    } else if (found) {
      taken.push(planned);
    }
  }
  const foreign = inStores.filter(({ stages }) => {
    const met = stages.flat().filter(({ key }) => theirs.has(key));
    const isOurs =
      met.length > 0 &&
      met.every(({ key, file }) => isSame(theirs.get(key)!, file));
    if (isOurs) {
      for (const { key } of met) {
        arrived.add(key);
      }
    }
    return !isOurs;
  });
  return { arrived, files: taken, stores: foreign };
}

/**
 * Names that are free, for those at the top of a drop that meet something.
 */
export async function freeNames(
  plan: IPlan,
  dropped: readonly IDroppedFile[],
  met: IMet,
  api: IUploadApi,
  signal: AbortSignal
): Promise<Map<string, string>> {
  const isFolder = new Set(
    dropped.flatMap(({ path }) => (path.length > 1 ? [path[0]!] : []))
  );
  const below = (key: string) =>
    key.slice(plan.container.length).split('/')[0]!;
  const tops = new Set([
    ...met.files.map(({ key }) => below(key)),
    ...met.stores.map(({ store }) => below(store!))
  ]);
  const names = new Set(topsOf(dropped));
  const free = new Map<string, string>();
  for (const top of tops) {
    const slash = isFolder.has(top) ? '/' : '';
    let name = top;
    for (let tries = 0; names.has(name) && tries < NAMES; tries++) {
      const key = `${plan.container}${name}${slash}`;
      const found = (
        await takenOf(plan.endpoint, [key], api, signal, true)
      ).get(key);
      // What is free at the store may be the name of something else that was dropped: then the one after it.
      name = found?.freeKey
        ? below(found.freeKey)
        : nextName(name, slash !== '');
    }
    names.add(name);
    free.set(top, name);
  }
  return free;
}

/**
 * Keys of those files that have arrived although nobody heard of it.
 */
export async function arrivedOf(
  endpoint: string,
  files: readonly IPlannedFile[],
  api: IUploadApi,
  signal: AbortSignal
): Promise<ReadonlySet<string>> {
  const there = await takenOf(
    endpoint,
    files.map(({ key }) => key),
    api,
    signal
  );
  return new Set(
    files.flatMap(({ key, file }) => {
      const found = there.get(key);
      return found && isSame(found, file) ? [key] : [];
    })
  );
}

/**
 * `name (2).nc` after `name.nc`, `name (3).nc` after that.
 */
export function nextName(name: string, isFolder: boolean): string {
  const [, stem, number, end] = (isFolder && !name.endsWith('.zarr')
    ? /^(.*?)(?: \((\d+)\))?()$/
    : /^(.+?)(?: \((\d+)\))?((?:\.[^.]*)?)$/
  ).exec(name) ?? ['', name, undefined, ''];
  return `${stem} (${Number(number ?? 1) + 1})${end}`;
}

function isSame(found: ITakenKey, file: File): boolean {
  return (
    found.sizeBytes === file.size && found.modifiedMs === file.lastModified
  );
}

async function takenOf(
  endpoint: string,
  keys: readonly string[],
  api: IUploadApi,
  signal: AbortSignal,
  areNamesWanted = false
): Promise<Map<string, ITakenKey>> {
  const found = new Map<string, ITakenKey>();
  for (let at = 0; at < keys.length; at += SLICE) {
    const { taken } = await api.taken(
      {
        endpoint,
        keys: keys.slice(at, at + SLICE),
        ...(areNamesWanted ? { freeNames: true } : {})
      },
      signal
    );
    for (const each of taken) {
      found.set(each.key, each);
    }
  }
  return found;
}
