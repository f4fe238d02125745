import { newFolderIcon } from '@jupyterlab/ui-components';

import { refusalOf } from '../rights';
import type { INodeAction } from '../tokens';

export const newFolder: INodeAction = {
  id: 'new-folder',
  rank: 33,
  icon: newFolderIcon,
  label: trans => trans.__('New folder…'),
  isApplicable: (node, model) => refusalOf(model, node) === null,
  run: ({ manage, node }) => manage.makeFolder(node)
};
