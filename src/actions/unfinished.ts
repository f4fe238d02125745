import { takesFiles } from '../rights';
import type { INodeAction } from '../tokens';

export const unfinished: INodeAction = {
  id: 'unfinished-uploads',
  rank: 35,
  label: trans => trans.__('Unfinished uploads…'),
  caption: trans =>
    trans.__('What was begun to be uploaded below it and not ended'),
  isApplicable: (node, model) => takesFiles(model, node),
  run: ({ manage, node }) => manage.showUnfinished(node)
};
