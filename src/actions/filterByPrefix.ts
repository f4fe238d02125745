import { funnelIcon } from '../icons';
import { isContainer } from '../nodes';
import type { INodeAction } from '../tokens';

export const filterByPrefix: INodeAction = {
  id: 'filter-prefix',
  rank: 23,
  icon: funnelIcon,
  label: trans => trans.__('Filter by prefix…'),
  caption: trans =>
    trans.__('Let the store find the children whose names begin with a text'),
  isApplicable: isContainer,
  run: ({ panel, node }) => panel.filterByPrefix(node)
};
