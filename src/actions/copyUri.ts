import { copyIcon } from '@jupyterlab/ui-components';

import { effectiveNode } from '../nodes';
import type { INodeAction } from '../tokens';

export const copyUri: INodeAction = {
  id: 'copy-uri',
  rank: 12,
  icon: copyIcon,
  label: trans => trans.__('Copy URI'),
  caption: trans => trans.__('“Paste” on a folder copies it there'),
  isApplicable: node => effectiveNode(node).uri !== '',
  run: async ({ manage, node, placer }) => {
    await placer.copy(effectiveNode(node).uri);
    manage.hold(node, false);
  }
};
