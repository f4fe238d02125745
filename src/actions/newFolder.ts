import { newFolderIcon } from '@jupyterlab/ui-components';

import { takesFiles } from '../rights';
import type { INodeAction } from '../tokens';

export const newFolder: INodeAction = {
  id: 'new-folder',
  rank: 33,
  icon: newFolderIcon,
  label: trans => trans.__('New folder…'),
  isApplicable: (node, model) => takesFiles(model, node),
  run: ({ manage, node }) => manage.makeFolder(node)
};
