import type { IDroppedFile } from './dropped';

/**
 * Documents that make a folder a Zarr node.
 */
const MARKERS: ReadonlySet<string> = new Set([
  'zarr.json',
  '.zgroup',
  '.zarray',
  '.zmetadata'
]);

/**
 * Order in which the documents of one node are written: what opens it comes after what must not be missing then, and
 * what describes the whole store after all of it.
 */
const DOCUMENTS: { readonly [name: string]: number } = {
  '.zattrs': 0,
  '.zarray': 1,
  '.zgroup': 1,
  'zarr.json': 1,
  '.zmetadata': 2
};

const DOCUMENT_STEPS = 3;

/**
 * A file and the key that it gets. Keys are as names are: nothing is escaped or normalised.
 */
export interface IPlannedFile {
  readonly key: string;
  readonly file: File;
}

/**
 * Files that belong together: a Zarr store, or all others of one dropped name.
 */
export interface IGroup {
  /**
   * Key of the store, which ends in `/`; null for files that are no store.
   */
  readonly store: string | null;
  /**
   * Name at the top of the drop.
   */
  readonly top: string;
  /**
   * One stage after the other: each may begin once all of the one before has arrived.
   */
  readonly stages: readonly (readonly IPlannedFile[])[];
}

/**
 * What was dropped, and where it goes.
 */
export interface IPlan {
  readonly endpoint: string;
  /**
   * Key of the container; empty for an endpoint's root.
   */
  readonly container: string;
  readonly groups: readonly IGroup[];
  readonly files: number;
  readonly bytes: number;
}

/**
 * Find the stores among dropped files, and the order in which they are written.
 *
 * @param renamed - Other names for names at the top.
 */
export function planOf(
  dropped: readonly IDroppedFile[],
  target: { readonly endpoint: string; readonly key: string },
  renamed: ReadonlyMap<string, string> = new Map()
): IPlan {
  const roots = storeRoots(dropped);
  const groups = new Map<
    string,
    { store: string | null; top: string; stages: Map<number, IPlannedFile[]> }
  >();
  let bytes = 0;
  for (const { path, file } of dropped) {
    const top = path[0]!;
    const root = rootOf(path, roots);
    const named = [renamed.get(top) ?? top, ...path.slice(1)];
    const key = target.key + named.join('/');
    const store =
      root === null || root === 0
        ? null
        : `${target.key}${named.slice(0, root).join('/')}/`;
    // The files of a store that was dropped without the folder around it have several tops and one order.
    const id =
      root === null ? `file ${top}` : root === 0 ? 'store' : `store ${store}`;
    let group = groups.get(id);
    if (!group) {
      group = { store, top, stages: new Map() };
      groups.set(id, group);
    }
    const stage = root === null ? 0 : stageOf(path, root);
    const files = group.stages.get(stage);
    if (files) {
      files.push({ key, file });
    } else {
      group.stages.set(stage, [{ key, file }]);
    }
    bytes += file.size;
  }
  return {
    endpoint: target.endpoint,
    container: target.key,
    groups: [...groups.values()].map(({ store, top, stages }) => ({
      store,
      top,
      stages: [...stages]
        .sort(([one], [other]) => one - other)
        .map(([, files]) => files)
    })),
    files: dropped.length,
    bytes
  };
}

/**
 * Names at the top of what was dropped, in order.
 */
export function topsOf(dropped: readonly IDroppedFile[]): string[] {
  return [...new Set(dropped.map(({ path }) => path[0]!))];
}

/**
 * Levels deeper than any store has: documents come after all chunks, those of deep nodes first.
 */
const DEEPEST = 1_000_000;

/**
 * When a file of a store is written: chunks at 0, documents the later the nearer they are to the root.
 */
function stageOf(path: readonly string[], root: number): number {
  const step = DOCUMENTS[path[path.length - 1]!];
  if (step === undefined) {
    return 0;
  }
  const depth = path.length - 1 - root;
  return 1 + (DEEPEST - Math.min(depth, DEEPEST)) * DOCUMENT_STEPS + step;
}

/**
 * Folders that are Zarr nodes, by their paths.
 */
function storeRoots(dropped: readonly IDroppedFile[]): ReadonlySet<string> {
  const roots = new Set<string>();
  for (const { path } of dropped) {
    if (MARKERS.has(path[path.length - 1]!)) {
      roots.add(path.slice(0, -1).join('/'));
    }
  }
  return roots;
}

/**
 * Number of names that lead to the store in which a file lies, the outermost one; null where it lies in none.
 */
function rootOf(
  path: readonly string[],
  roots: ReadonlySet<string>
): number | null {
  for (let length = 0; length < path.length; length++) {
    if (roots.has(path.slice(0, length).join('/'))) {
      return length;
    }
  }
  return null;
}
