import { addIcon } from '@jupyterlab/ui-components';

import { hasSnippets } from '../nodes';
import type { INodeAction } from '../tokens';
import { bestNow, chosenSnippet } from './code';

export const insert: INodeAction = {
  id: 'insert',
  rank: 1,
  icon: addIcon,
  label: (trans, node, model) => {
    const best = bestNow(node, model);
    return best
      ? trans.__('Insert %1 cell', best.label)
      : trans.__('Insert cell that opens it');
  },
  caption: trans =>
    trans.__('Put code that opens it into the notebook, without running it'),
  isApplicable: hasSnippets,
  run: async context => {
    const { trans, node, placer } = context;
    const snippet = await chosenSnippet(context);
    if (!snippet) {
      throw new Error(trans.__('There is no code that opens “%1”.', node.name));
    }
    await placer.place(snippet.code, { language: snippet.language });
  }
};
