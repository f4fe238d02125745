import { ServerConnection } from '@jupyterlab/services';
import { downloadIcon } from '@jupyterlab/ui-components';

import { downloadUrl } from '../api';
import type { INodeAction } from '../tokens';

export const download: INodeAction = {
  id: 'download',
  rank: 13,
  icon: downloadIcon,
  label: trans => trans.__('Download'),
  caption: trans => trans.__('Save the object on your own computer'),
  isApplicable: ({ kind }) => kind === 'object',
  run: ({ node }) => {
    const link = document.createElement('a');
    link.href = downloadUrl(ServerConnection.makeSettings().baseUrl, node);
    link.download = node.name;
    document.body.append(link);
    link.click();
    link.remove();
  }
};
