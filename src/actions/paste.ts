import { pasteIcon } from '@jupyterlab/ui-components';

import { isCopyable, takesFiles } from '../rights';
import type { INodeAction } from '../tokens';

export const paste: INodeAction = {
  id: 'paste',
  rank: 42,
  icon: pasteIcon,
  label: trans => trans.__('Paste'),
  caption: trans =>
    trans.__('Copy or move what “Copy URI” or “Cut” has taken into it'),
  isApplicable: (node, model, { held }) =>
    held !== null && isCopyable(held.node) && takesFiles(model, node),
  run: ({ manage, node }) => manage.paste(node)
};
