import { cutIcon } from '@jupyterlab/ui-components';

import { isMovable } from '../rights';
import type { INodeAction } from '../tokens';

export const cut: INodeAction = {
  id: 'cut',
  rank: 41,
  icon: cutIcon,
  label: trans => trans.__('Cut'),
  caption: trans => trans.__('Move it with “Paste”'),
  isApplicable: (node, model) => isMovable(model, node),
  run: async ({ manage, node, placer }) => {
    await placer.copy(node.uri);
    manage.hold(node, true);
  }
};
