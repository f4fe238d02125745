import { fileUploadIcon } from '@jupyterlab/ui-components';

import { takesFiles } from '../rights';
import type { INodeAction } from '../tokens';

export const uploadFiles: INodeAction = {
  id: 'upload-files',
  rank: 31,
  icon: fileUploadIcon,
  label: trans => trans.__('Upload files…'),
  caption: trans => trans.__('Upload files of your own computer into it'),
  isApplicable: (node, model) => takesFiles(model, node),
  run: ({ manage, node }) => manage.chooseFiles(node, 'files')
};
