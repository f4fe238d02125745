import { LabIcon } from '@jupyterlab/ui-components';

import type { TreeNode } from './nodes';
import type { IUsageRow } from './wire';

/**
 * An icon of 16 × 16 pixels from strokes and fills that follow the theme.
 */
function icon(name: string, body: string): LabIcon {
  return new LabIcon({
    name: `zarrbrowser:${name}`,
    svgstr: `<svg xmlns="http://www.w3.org/2000/svg" width="16" viewBox="0 0 16 16" fill="none">${body}</svg>`
  });
}

// No fill on strokes, not even "none": the classes of JupyterLab's icons would colour it.
const STROKE =
  'stroke="#616161" stroke-width="1.2" stroke-linejoin="round" stroke-linecap="round"';

const BOLD_STROKE = STROKE.replace('1.2', '1.5');

/** Three stacked slabs of chunks: the panel. */
export const panelIcon = new LabIcon({
  name: 'zarrbrowser:panel',
  svgstr: `<svg xmlns="http://www.w3.org/2000/svg" width="16" viewBox="0 0 24 24"><g class="jp-icon3 jp-icon-selectable" fill="#616161"><path d="M12 1.6 21.6 6.4 12 11.2 2.4 6.4Z"/><path d="M2.4 10.2 12 15l9.6-4.8v2.5L12 17.5 2.4 12.7Z"/><path d="M2.4 15.1 12 19.9l9.6-4.8v2.5L12 22.4 2.4 17.6Z"/></g></svg>`
});

export const endpointIcon = icon(
  'endpoint',
  `<g class="jp-icon3 jp-icon-selectable" ${STROKE}><rect x="2" y="2.6" width="12" height="4.6" rx="1"/><rect x="2" y="8.8" width="12" height="4.6" rx="1"/></g><g class="jp-icon3 jp-icon-selectable" fill="#616161"><circle cx="4.6" cy="4.9" r=".8"/><circle cx="4.6" cy="11.1" r=".8"/></g>`
);

export const bucketIcon = icon(
  'bucket',
  `<g class="jp-icon3 jp-icon-selectable" ${STROKE}><ellipse cx="8" cy="4.1" rx="5.6" ry="1.9"/><path d="M2.4 4.1 4 12.7c.2.9 1.9 1.5 4 1.5s3.8-.6 4-1.5l1.6-8.6"/></g>`
);

export const folderIcon = icon(
  'folder',
  `<path class="jp-icon3 jp-icon-selectable" ${STROKE} d="M1.8 12.6V3.9c0-.4.3-.7.7-.7h3.6l1.6 1.9h5.8c.4 0 .7.3.7.7v6.8c0 .4-.3.7-.7.7h-11c-.4 0-.7-.3-.7-.7Z"/>`
);

export const objectIcon = icon(
  'object',
  `<path class="jp-icon3 jp-icon-selectable" ${STROKE} d="M3.6 13.6V2.4c0-.3.2-.6.6-.6h5l3.2 3.2v8.6c0 .4-.2.6-.6.6H4.2c-.4 0-.6-.2-.6-.6ZM9 2v3.2h3.2"/>`
);

/** A cube: several variables over the same dimensions. */
export const datasetIcon = icon(
  'dataset',
  `<path class="jp-icon-brand1 jp-icon-selectable" fill="#1976d2" fill-opacity=".22" d="M8 1.7 13.7 5v6.3L8 14.4 2.3 11.3V5Z"/><path class="jp-icon-brand1 jp-icon-selectable" ${STROKE} d="M8 1.7 13.7 5v6.3L8 14.4 2.3 11.3V5ZM2.3 5 8 8.2 13.7 5M8 8.2v6.2"/>`
);

/** A cube in outline: a group that is not one dataset. */
export const groupIcon = icon(
  'group',
  `<path class="jp-icon-brand1 jp-icon-selectable" ${STROKE} d="M8 1.7 13.7 5v6.3L8 14.4 2.3 11.3V5ZM2.3 5 8 8.2 13.7 5M8 8.2v6.2"/>`
);

/** A grid of chunks. */
export const arrayIcon = icon(
  'array',
  `<path class="jp-icon-brand1 jp-icon-selectable" ${STROKE} d="M2.4 2.4h11.2v11.2H2.4ZM2.4 6.1h11.2M2.4 9.9h11.2M6.1 2.4v11.2M9.9 2.4v11.2"/>`
);

/** An hourglass: what lies here is deleted after a while. */
export const scratchIcon = icon(
  'scratch',
  `<path class="jp-icon3 jp-icon-selectable" ${STROKE} d="M3.6 1.9h8.8M3.6 14.1h8.8M4.8 1.9v2.3L8 8l3.2-3.8V1.9M4.8 14.1v-2.3L8 8l3.2 3.8v2.3"/>`
);

/** An arrow into a tray: what is kept elsewhere. */
export const keepIcon = icon(
  'keep',
  `<path class="jp-icon3 jp-icon-selectable" ${BOLD_STROKE} d="M8 2v7M5 6.4 8 9.4l3-3M2.4 9.6v3.2c0 .5.3.8.8.8h9.6c.5 0 .8-.3.8-.8V9.6"/>`
);

/** An arrow out of a tray: what goes to a store. */
export const uploadIcon = icon(
  'upload',
  `<path class="jp-icon3 jp-icon-selectable" ${BOLD_STROKE} d="M8 9.6V2.4M5 5.2 8 2.2l3 3M2.4 9.6v3.2c0 .5.3.8.8.8h9.6c.5 0 .8-.3.8-.8V9.6"/>`
);

export const pauseIcon = icon(
  'pause',
  '<path class="jp-icon3 jp-icon-selectable" fill="#616161" d="M3.8 3h2.8v10H3.8ZM9.4 3h2.8v10H9.4Z"/>'
);

export const resumeIcon = icon(
  'resume',
  '<path class="jp-icon3 jp-icon-selectable" fill="#616161" d="M4.6 2.6 12.8 8l-8.2 5.4Z"/>'
);

/** A clock that goes back: what is there lives as long as if it were new. */
export const renewIcon = icon(
  'renew',
  `<path class="jp-icon3 jp-icon-selectable" ${STROKE} d="M3.4 5.2A5.6 5.6 0 1 1 2.4 8M3 2.4v3h3M8 5v3.2l2.2 1.4"/>`
);

/** Tiles of a treemap. */
export const tilesIcon = icon(
  'tiles',
  `<path class="jp-icon3 jp-icon-selectable" ${STROKE} d="M2.2 2.2h11.6v11.6H2.2ZM8.4 2.2v11.6M8.4 8.6h5.4M11.2 8.6v5.2"/>`
);

/** Bars of different lengths: what places weigh. */
export const usageIcon = icon(
  'usage',
  `<g class="jp-icon3 jp-icon-selectable" fill="#616161"><rect x="2" y="2.6" width="12" height="2.6" rx=".6"/><rect x="2" y="6.7" width="7.6" height="2.6" rx=".6"/><rect x="2" y="10.8" width="4.4" height="2.6" rx=".6"/></g>`
);

export const goToIcon = icon(
  'go-to',
  `<path class="jp-icon3 jp-icon-selectable" ${BOLD_STROKE} d="M2.2 8h10.6M9 4.2 12.8 8 9 11.8"/>`
);

export const collapseAllIcon = icon(
  'collapse-all',
  `<path class="jp-icon3 jp-icon-selectable" ${BOLD_STROKE} d="M4.6 1.8 8 5.2l3.4-3.4M4.6 14.2 8 10.8l3.4 3.4M2.4 8h11.2"/>`
);

export const funnelIcon = icon(
  'funnel',
  `<path class="jp-icon3 jp-icon-selectable" ${STROKE} d="M2.2 2.6h11.6L9.4 8v4.6l-2.8 1.2V8Z"/>`
);

export const detailsIcon = icon(
  'details',
  `<g class="jp-icon3 jp-icon-selectable" ${STROKE}><rect x="2" y="2.2" width="12" height="11.6" rx="1"/><path d="M2 8.6h12"/></g><path class="jp-icon3 jp-icon-selectable" fill="#616161" d="M2.4 8.6h11.2v4.8H2.4Z"/>`
);

export const problemIcon = icon(
  'problem',
  `<path class="jp-icon-warn0" fill="#ff9800" d="M8 1.3 15.3 14H.7Z"/><path class="jp-icon-accent0" fill="#fff" d="M7.3 5.6h1.4v4.2H7.3ZM7.3 10.9h1.4v1.4H7.3Z"/>`
);

/** For what is said only: nothing is wrong. */
export const noteIcon = icon(
  'note',
  `<g class="jp-icon3 jp-icon-selectable" ${STROKE}><circle cx="8" cy="8" r="6"/><path d="M8 7.4v3.4"/></g><circle class="jp-icon3 jp-icon-selectable" fill="#616161" cx="8" cy="5.2" r=".8"/>`
);

export const twistyIcon = icon(
  'twisty',
  `<path class="jp-icon3 jp-icon-selectable" ${BOLD_STROKE} d="M6 3.8 10.2 8 6 12.2"/>`
);

/**
 * What a row of a count begins with.
 */
export function iconOfKind(kind: IUsageRow['kind']): LabIcon {
  switch (kind) {
    case 'dataset':
      return datasetIcon;
    case 'group':
      return groupIcon;
    case 'array':
      return arrayIcon;
    case 'folder':
      return folderIcon;
    case 'object':
      return objectIcon;
  }
}

/**
 * What a node's row begins with.
 */
export function iconOf(node: TreeNode): LabIcon {
  switch (node.kind) {
    case 'endpoint':
      return node.endpointInfo.scratch ? scratchIcon : endpointIcon;
    case 'bucket':
      return bucketIcon;
    case 'folder':
      return folderIcon;
    case 'object':
      return objectIcon;
    case 'dataset':
      return datasetIcon;
    case 'group':
      return groupIcon;
    case 'array':
      return arrayIcon;
  }
}
