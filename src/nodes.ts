import type {
  IArrayNode,
  IDatasetNode,
  IEndpoint,
  IGroupNode,
  INode,
  INodeBase,
  IProblem
} from './wire';

/**
 * Where something is: an endpoint and a raw key below its root. Containers end in `/`; the root is the empty key.
 */
export interface ILocation {
  readonly endpoint: string;
  readonly key: string;
}

/**
 * Endpoint of the Jupyter server's own files, whose keys are paths in JupyterLab's file browser.
 */
export const MY_FILES = '~';

/**
 * An endpoint as a row. Its key is empty, as its root's is.
 */
export interface IEndpointNode extends INodeBase {
  kind: 'endpoint';
  endpointInfo: IEndpoint;
  /**
   * What lies at the root where that is more than a place: the endpoint of a single Zarr store is that store.
   */
  root: INode | null;
}

/**
 * Whatever has a row of its own.
 */
export type TreeNode = INode | IEndpointNode;

/**
 * One string per location, for maps and DOM attributes. Endpoint ids hold no line break, so keys may.
 */
export function idOf(location: ILocation): string {
  return `${location.endpoint}\n${location.key}`;
}

export function locationOf(id: string): ILocation {
  const cut = id.indexOf('\n');
  return { endpoint: id.slice(0, cut), key: id.slice(cut + 1) };
}

/**
 * Whether one id lies somewhere below another, a container's.
 */
export function isBelow(id: string, container: string): boolean {
  return id.length > container.length && id.startsWith(container);
}

/**
 * Whether one id is another, or lies somewhere below it.
 */
export function isWithin(id: string, top: string): boolean {
  return id === top || isBelow(id, top);
}

/**
 * Keys of the containers above a key, outermost (the root, '') first. Cuts at each `/`, so that `a//b` lies in `a//`.
 */
export function ancestorKeys(key: string): string[] {
  if (key === '') {
    return [];
  }
  const keys = [''];
  for (
    let at = key.indexOf('/');
    at !== -1 && at < key.length - 1;
    at = key.indexOf('/', at + 1)
  ) {
    keys.push(key.slice(0, at + 1));
  }
  return keys;
}

/**
 * Last segment of a key, for a row of which nothing else is known.
 */
export function nameOfKey(key: string): string {
  const bare = key.endsWith('/') ? key.slice(0, -1) : key;
  return bare.slice(bare.lastIndexOf('/') + 1) || '/';
}

/**
 * What is opened, described and copied when a row is meant: an endpoint's root where that is a node, else the node.
 */
export function effectiveNode(node: TreeNode): TreeNode {
  return node.kind === 'endpoint' && node.root ? node.root : node;
}

export function isContainer(node: TreeNode): boolean {
  switch (node.kind) {
    case 'object':
    case 'array':
      return false;
    case 'endpoint':
      return node.root?.kind !== 'array';
    default:
      return true;
  }
}

export function isZarr(
  node: TreeNode
): node is IGroupNode | IDatasetNode | IArrayNode {
  return (
    node.kind === 'group' || node.kind === 'dataset' || node.kind === 'array'
  );
}

/**
 * Whether cells can be made that open it.
 */
export function hasSnippets(node: TreeNode): boolean {
  const meant = effectiveNode(node);
  return isZarr(meant) || meant.kind === 'object';
}

/**
 * Whether the store can list all that lies below it: not where pages of a web server are all there is, nor all buckets at
 * once.
 */
export function canBeCounted(node: TreeNode): boolean {
  if (node.kind === 'endpoint') {
    const { kind, url } = node.endpointInfo;
    return kind !== 'http' && hasBucket(url);
  }
  return node.key.endsWith('/') && !/^https?:/.test(node.uri);
}

/**
 * Whether the address of an endpoint's root names a bucket: else its keys begin with one.
 */
export function hasBucket(url: string): boolean {
  return !/^(?:s3|gs|gcs):\/\/$/.test(url);
}

/**
 * Where the container of something is; null for an endpoint.
 */
export function containerOf({ endpoint, key }: ILocation): ILocation | null {
  const parent = ancestorKeys(key).pop();
  return parent === undefined ? null : { endpoint, key: parent };
}

/**
 * Whether it is a store's root: the row that carries the badges. What lies in a Zarr group is none, whatever was found
 * out about it alone.
 */
export function isStoreRoot(
  node: TreeNode,
  container: TreeNode | null
): boolean {
  return (
    isZarr(node) &&
    !(container && isZarr(effectiveNode(container))) &&
    (node.storeKey === null ? node.path === '' : node.storeKey === node.key)
  );
}

/**
 * Where the user's own part of a scratch is that many share; null elsewhere.
 */
export function ownPartOf(node: TreeNode): ILocation | null {
  if (node.kind !== 'endpoint') {
    return null;
  }
  const key = node.endpointInfo.scratch?.ownKey ?? '';
  return key === '' ? null : { endpoint: node.endpoint, key };
}

/**
 * Whether someone still has to look into it.
 */
export function isUndecided(node: TreeNode): boolean {
  return node.kind === 'folder' && node.isUndecided;
}

/**
 * Whether a problem tells only what a place does not offer, while nothing is wrong with it.
 */
export function isNote(problem: IProblem): boolean {
  return problem.code === 'list_unsupported';
}

export function endpointNode(
  info: IEndpoint,
  root: INode | null = null
): IEndpointNode {
  return {
    kind: 'endpoint',
    endpoint: info.id,
    key: '',
    name: info.title,
    uri: info.url,
    sizeBytes: null,
    modifiedAt: null,
    format: root?.format ?? null,
    health: root?.health ?? [],
    problem: info.status === 'problem' ? info.problem : null,
    documents: null,
    endpointInfo: info,
    root
  };
}

/**
 * A row for a place of which only the key is known.
 */
export function placeholder(location: ILocation, uri: string): INode {
  const base = {
    endpoint: location.endpoint,
    key: location.key,
    name: nameOfKey(location.key),
    uri,
    sizeBytes: null,
    modifiedAt: null,
    format: null,
    health: [],
    problem: null,
    documents: null
  };
  return location.key.endsWith('/')
    ? { ...base, kind: 'folder', isUndecided: true }
    : { ...base, kind: 'object' };
}

/**
 * URI of something that a node lies in.
 */
export function uriAbove(node: INode, key: string): string {
  const { uri } = node;
  const cut = node.key.length - key.length;
  return cut > 0 && uri.endsWith(node.key) ? uri.slice(0, -cut) : uri;
}
