import { ServerConnection } from '@jupyterlab/services';
import { downloadIcon } from '@jupyterlab/ui-components';

import { downloadUrl } from '../api';
import type { ILocation } from '../nodes';
import type { INodeAction } from '../tokens';

/**
 * Let the browser save what lies somewhere.
 */
export function save(location: ILocation, name: string): void {
  const link = document.createElement('a');
  link.href = downloadUrl(ServerConnection.makeSettings().baseUrl, location);
  link.download = name;
  document.body.append(link);
  link.click();
  link.remove();
}

export const download: INodeAction = {
  id: 'download',
  rank: 13,
  icon: downloadIcon,
  label: trans => trans.__('Download'),
  caption: trans => trans.__('Save the object on your own computer'),
  isApplicable: ({ kind }) => kind === 'object',
  run: ({ node }) => save(node, node.name)
};
