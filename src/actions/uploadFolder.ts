import { takesFiles } from '../rights';
import type { INodeAction } from '../tokens';

export const uploadFolder: INodeAction = {
  id: 'upload-folder',
  rank: 32,
  label: trans => trans.__('Upload folder…'),
  caption: trans =>
    trans.__('Upload a folder, or a Zarr store, of your own computer into it'),
  isApplicable: (node, model) => takesFiles(model, node),
  run: ({ manage, node }) => manage.chooseFiles(node, 'folder')
};
