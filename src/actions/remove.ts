import { deleteIcon } from '@jupyterlab/ui-components';

import { canChange } from '../rights';
import type { INodeAction } from '../tokens';

export const remove: INodeAction = {
  id: 'delete',
  rank: 47,
  icon: deleteIcon,
  label: trans => trans.__('Delete…'),
  caption: trans => trans.__('Count what would go, ask, and delete it'),
  isApplicable: (node, model) => canChange(model, node),
  run: ({ manage, node }) => manage.remove(node)
};
