import { usageIcon } from '../icons';
import { canBeCounted } from '../nodes';
import type { INodeAction } from '../tokens';

export const showUsage: INodeAction = {
  id: 'show-usage',
  rank: 24,
  icon: usageIcon,
  label: trans => trans.__('Show usage'),
  caption: trans => trans.__('Count what lies in it, and what it weighs'),
  isApplicable: canBeCounted,
  run: ({ panel, node }) => panel.showUsage(node)
};
