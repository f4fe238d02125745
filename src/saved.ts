import type { JSONObject } from '@lumino/coreutils';

import type { ILocation } from './nodes';

/**
 * What of the tree outlives a reload of the page.
 */
export interface ISavedTree {
  readonly expanded: readonly ILocation[];
  readonly selected: ILocation | null;
  /**
   * Nodes that someone went to where no listing shows them.
   */
  readonly pins: readonly ISavedPin[];
}

export interface ISavedPin extends ILocation {
  readonly uri: string;
}

/**
 * Each expanded container is a request after a reload.
 */
export const EXPANDED_MAX = 100;

export const PINS_MAX = 20;

export function encodeTree(tree: ISavedTree): JSONObject {
  return {
    expanded: tree.expanded
      .slice(0, EXPANDED_MAX)
      .map(({ endpoint, key }) => ({ endpoint, key })),
    selected: tree.selected
      ? { endpoint: tree.selected.endpoint, key: tree.selected.key }
      : null,
    pins: tree.pins
      .slice(-PINS_MAX)
      .map(({ endpoint, key, uri }) => ({ endpoint, key, uri }))
  };
}

/**
 * Takes what it can use of a value that another version may have written.
 */
export function decodeTree(value: unknown): ISavedTree {
  const record = isObject(value) ? value : {};
  return {
    expanded: list(record.expanded).filter(isLocation).slice(0, EXPANDED_MAX),
    selected: isLocation(record.selected) ? record.selected : null,
    pins: list(record.pins).filter(isPin).slice(-PINS_MAX)
  };
}

function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isLocation(value: unknown): value is ILocation {
  return (
    isObject(value) &&
    typeof value.endpoint === 'string' &&
    typeof value.key === 'string'
  );
}

function isPin(value: unknown): value is ISavedPin {
  return isLocation(value) && 'uri' in value && typeof value.uri === 'string';
}
