import { copyIcon } from '@jupyterlab/ui-components';

import { effectiveNode } from '../nodes';
import type { INodeAction } from '../tokens';

export const copyUri: INodeAction = {
  id: 'copy-uri',
  rank: 12,
  icon: copyIcon,
  label: trans => trans.__('Copy URI'),
  isApplicable: node => effectiveNode(node).uri !== '',
  run: ({ node, placer }) => placer.copy(effectiveNode(node).uri)
};
