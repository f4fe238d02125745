import { downloadIcon } from '@jupyterlab/ui-components';

import { isCopyable } from '../rights';
import type { INodeAction } from '../tokens';
import { save } from './download';

export const downloadZip: INodeAction = {
  id: 'download-zip',
  rank: 14,
  icon: downloadIcon,
  label: trans => trans.__('Download as zip'),
  caption: trans => trans.__('Save all that lies in it on your own computer'),
  isApplicable: node => node.key.endsWith('/') && isCopyable(node),
  run: ({ node }) => save(node, `${node.name}.zip`)
};
