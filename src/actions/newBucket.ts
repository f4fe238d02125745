import { bucketIcon } from '../icons';
import type { INodeAction } from '../tokens';

export const newBucket: INodeAction = {
  id: 'new-bucket',
  rank: 34,
  icon: bucketIcon,
  label: trans => trans.__('New bucket…'),
  isApplicable: node =>
    node.kind === 'endpoint' && node.endpointInfo.createsBuckets,
  run: ({ manage, node }) => manage.makeBucket(node)
};
