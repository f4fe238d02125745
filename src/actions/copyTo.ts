import { isCopyable } from '../rights';
import type { INodeAction } from '../tokens';

export const copyTo: INodeAction = {
  id: 'copy-to',
  rank: 43,
  label: trans => trans.__('Copy to…'),
  caption: trans => trans.__('Copy it to another folder or endpoint'),
  isApplicable: isCopyable,
  run: ({ manage, node }) => manage.copy(node, false)
};
