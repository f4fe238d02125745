import type { INodeAction } from '../tokens';

export const describe: INodeAction = {
  id: 'describe',
  rank: 21,
  label: trans => trans.__('Show details'),
  isApplicable: () => true,
  run: ({ panel }) => panel.showDetails()
};
