import { isMovable } from '../rights';
import type { INodeAction } from '../tokens';

export const moveTo: INodeAction = {
  id: 'move-to',
  rank: 44,
  label: trans => trans.__('Move to…'),
  caption: trans => trans.__('Copy it elsewhere, then delete it here'),
  isApplicable: (node, model) => isMovable(model, node),
  run: ({ manage, node }) => manage.copy(node, true)
};
