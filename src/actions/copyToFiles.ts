import { folderIcon } from '@jupyterlab/ui-components';

import { isCopyable } from '../rights';
import type { INodeAction } from '../tokens';

export const copyToFiles: INodeAction = {
  id: 'copy-to-files',
  rank: 45,
  icon: folderIcon,
  label: trans => trans.__('Copy to my files'),
  caption: trans =>
    trans.__('Copy it to the folder that the file browser shows'),
  isApplicable: isCopyable,
  run: ({ manage, node }) => manage.copyToFiles(node)
};
