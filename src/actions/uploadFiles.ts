import { fileUploadIcon } from '@jupyterlab/ui-components';

import { refusalOf } from '../rights';
import type { INodeAction } from '../tokens';

export const uploadFiles: INodeAction = {
  id: 'upload-files',
  rank: 31,
  icon: fileUploadIcon,
  label: trans => trans.__('Upload files…'),
  caption: trans => trans.__('Upload files of your own computer into it'),
  isApplicable: (node, model) => refusalOf(model, node) === null,
  run: ({ manage, node }) => manage.chooseFiles(node, 'files')
};
