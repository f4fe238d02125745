import type { INodeAction } from '../tokens';
import { copyCode } from './copyCode';
import { copyTo } from './copyTo';
import { copyToFiles } from './copyToFiles';
import { copyUri } from './copyUri';
import { cut } from './cut';
import { describe } from './describe';
import { download } from './download';
import { downloadZip } from './downloadZip';
import { filterByPrefix } from './filterByPrefix';
import { insert } from './insert';
import { moveTo } from './moveTo';
import { newBucket } from './newBucket';
import { newFolder } from './newFolder';
import { paste } from './paste';
import { refresh } from './refresh';
import { remove } from './remove';
import { rename } from './rename';
import { showUsage } from './showUsage';
import { unfinished } from './unfinished';
import { uploadFiles } from './uploadFiles';
import { uploadFolder } from './uploadFolder';

/**
 * The verbs that the extension brings. A new one is a file and a line here.
 */
export const ACTIONS: readonly INodeAction[] = [
  insert,
  copyCode,
  copyUri,
  download,
  downloadZip,
  describe,
  refresh,
  filterByPrefix,
  showUsage,
  uploadFiles,
  uploadFolder,
  newFolder,
  newBucket,
  unfinished,
  cut,
  paste,
  copyTo,
  moveTo,
  copyToFiles,
  rename,
  remove
];
