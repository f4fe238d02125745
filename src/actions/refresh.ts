import { refreshIcon } from '@jupyterlab/ui-components';

import type { INodeAction } from '../tokens';

export const refresh: INodeAction = {
  id: 'refresh',
  rank: 22,
  icon: refreshIcon,
  label: trans => trans.__('Refresh'),
  caption: trans => trans.__('Ask the store again, also below'),
  isApplicable: () => true,
  run: ({ model, node }) => model.refresh(node)
};
