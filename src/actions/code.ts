import { effectiveNode } from '../nodes';
import type { TreeNode } from '../nodes';
import type { IActionContext, IBrowserModel } from '../tokens';
import type { ISnippet } from '../wire';

/**
 * The snippet that is meant: the one asked for, else the best. Null where there is none.
 */
export async function chosenSnippet(
  context: IActionContext
): Promise<ISnippet | null> {
  const snippets = await context.model.snippets(effectiveNode(context.node));
  return (
    (context.snippet === null
      ? snippets[0]
      : snippets.find(({ id }) => id === context.snippet)) ?? null
  );
}

/**
 * The best snippet where it is known already.
 */
export function bestNow(
  node: TreeNode | null,
  model: IBrowserModel
): ISnippet | null {
  return (node && model.snippetsNow(effectiveNode(node))?.[0]) ?? null;
}
