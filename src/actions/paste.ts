import { pasteIcon } from '@jupyterlab/ui-components';

import { isCopyable, refusalOf } from '../rights';
import type { INodeAction } from '../tokens';

export const paste: INodeAction = {
  id: 'paste',
  rank: 42,
  icon: pasteIcon,
  label: trans => trans.__('Paste'),
  caption: trans =>
    trans.__('Copy or move what “Copy URI” or “Cut” has taken into it'),
  isApplicable: (node, model, { held }) =>
    held !== null && isCopyable(held.node) && refusalOf(model, node) === null,
  run: ({ manage, node }) => manage.paste(node)
};
