import { hasSnippets } from '../nodes';
import type { INodeAction } from '../tokens';
import { bestNow, chosenSnippet } from './code';

export const copyCode: INodeAction = {
  id: 'copy-code',
  rank: 11,
  label: (trans, node, model) => {
    const best = bestNow(node, model);
    return best
      ? trans.__('Copy %1 code', best.label)
      : trans.__('Copy code that opens it');
  },
  isApplicable: hasSnippets,
  run: async context => {
    const { trans, node, placer } = context;
    const snippet = await chosenSnippet(context);
    if (!snippet) {
      throw new Error(trans.__('There is no code that opens “%1”.', node.name));
    }
    await placer.copy(snippet.code);
  }
};
