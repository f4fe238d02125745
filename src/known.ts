import type { Expansion } from './expansion';
import {
  effectiveNode,
  endpointNode,
  idOf,
  isUndecided,
  isZarr,
  placeholder
} from './nodes';
import type { ILocation, TreeNode } from './nodes';
import type { IEndpoint, INode, IProblem } from './wire';

export interface IKnownNodesOptions {
  expansion: Expansion;
  /**
   * Called with a node of which a refresh could not tell whether it still is what it was.
   */
  doubted(id: string): void;
}

/**
 * What is known of nodes, without what only the details show.
 */
export class KnownNodes {
  constructor(private readonly _options: IKnownNodesOptions) {}

  get size(): number {
    return this._nodes.size;
  }

  get(id: string): TreeNode | undefined {
    return this._nodes.get(id);
  }

  /**
   * Forget a node, and that it was expanded.
   */
  delete(id: string): void {
    this._nodes.delete(id);
    this._options.expansion.delete(id);
  }

  /**
   * Remember an endpoint. Returns its id as a node.
   */
  setEndpoint(info: IEndpoint): string {
    const id = idOf({ endpoint: info.id, key: '' });
    const known = this._nodes.get(id);
    this._nodes.set(
      id,
      endpointNode(info, known?.kind === 'endpoint' ? known.root : null)
    );
    return id;
  }

  /**
   * Keep the health of an endpoint's row in step with what its root answers; nothing for other nodes.
   */
  setHealth(id: string, problem: IProblem | null): void {
    const node = this._nodes.get(id);
    if (node?.kind === 'endpoint') {
      const status = problem ? 'problem' : 'ok';
      this._nodes.set(
        id,
        endpointNode({ ...node.endpointInfo, status, problem }, node.root)
      );
    }
  }

  /**
   * Remember a node.
   *
   * A listing does not look into folders: it does not overrule what is known of them, but a refresh has that checked.
   */
  learn(id: string, node: INode, isRefresh = false): void {
    const before = this._nodes.get(id);
    if (before?.kind === 'endpoint') {
      const root = isZarr(node) ? lean(node) : null;
      this._nodes.set(id, endpointNode(before.endpointInfo, root));
      return;
    }
    if (
      before &&
      isUndecided(node) &&
      !isUndecided(before) &&
      isContainerOrArray(before)
    ) {
      if (isRefresh) {
        this._options.doubted(id);
      }
      return;
    }
    this._nodes.set(id, lean(node));
    if (node.kind === 'array') {
      this._options.expansion.delete(id);
    }
  }

  /**
   * Have a node for a place, whatever it turns out to be.
   */
  place(location: ILocation, uri: string): void {
    const id = idOf(location);
    if (!this._nodes.has(id)) {
      this._nodes.set(id, placeholder(location, uri));
    }
  }

  private readonly _nodes = new Map<string, TreeNode>();
}

function isContainerOrArray(node: TreeNode): boolean {
  return effectiveNode(node).kind !== 'object';
}

/**
 * A node as rows need it: attributes and documents can be large.
 */
function lean(node: INode): INode {
  return isZarr(node)
    ? { ...node, attributes: null, documents: null }
    : { ...node, documents: null };
}
