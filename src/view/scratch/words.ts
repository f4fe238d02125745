import type { TranslationBundle } from '@jupyterlab/translation';

import type { IUsageRow } from '../../wire';

export function kindName(
  kind: IUsageRow['kind'],
  trans: TranslationBundle
): string {
  switch (kind) {
    case 'dataset':
      return trans.__('Dataset');
    case 'group':
      return trans.__('Group');
    case 'array':
      return trans.__('Array');
    case 'folder':
      return trans.__('Folder');
    case 'object':
      return trans.__('Object');
  }
}
