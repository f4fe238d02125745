import type { INodeAction } from '../tokens';
import { copyCode } from './copyCode';
import { copyUri } from './copyUri';
import { describe } from './describe';
import { download } from './download';
import { filterByPrefix } from './filterByPrefix';
import { insert } from './insert';
import { refresh } from './refresh';
import { showUsage } from './showUsage';

/**
 * The verbs that the extension brings. A new one is a file and a line here.
 */
export const ACTIONS: readonly INodeAction[] = [
  insert,
  copyCode,
  copyUri,
  download,
  describe,
  refresh,
  filterByPrefix,
  showUsage
];
