import { editIcon } from '@jupyterlab/ui-components';

import { isMovable } from '../rights';
import type { INodeAction } from '../tokens';

export const rename: INodeAction = {
  id: 'rename',
  rank: 46,
  icon: editIcon,
  label: trans => trans.__('Rename…'),
  isApplicable: (node, model) => isMovable(model, node),
  run: ({ manage, node }) => manage.rename(node)
};
