import type { TranslationBundle } from '@jupyterlab/translation';
import type { JSONValue } from '@lumino/coreutils';
import React from 'react';

import { isZarr } from '../nodes';
import type { TreeNode } from '../nodes';
import {
  formatAge,
  formatBytes,
  formatCodec,
  formatCount,
  formatDate,
  formatDims,
  formatShape,
  gridCount,
  shapeBytes
} from '../text';
import type { IArrayNode, INode } from '../wire';

type Fact = readonly [label: string, value: React.ReactNode];

/**
 * A table of what is known of a node.
 */
export function Facts(props: {
  node: TreeNode;
  endpoint: TreeNode;
  trans: TranslationBundle;
}): React.JSX.Element | null {
  const { node, endpoint, trans } = props;
  const facts: Fact[] = [];
  if (endpoint.kind === 'endpoint') {
    facts.push(...endpointFacts(endpoint, trans));
  }
  if (isZarr(node)) {
    facts.push(...zarrFacts(node, trans));
  }
  if (node.sizeBytes !== null) {
    facts.push([trans.__('Size'), formatBytes(node.sizeBytes)]);
  }
  if (node.modifiedAt !== null) {
    facts.push([
      trans.__('Modified'),
      `${formatDate(node.modifiedAt)} (${formatAge(node.modifiedAt, Date.now())})`
    ]);
  }
  return facts.length === 0 ? null : (
    <table className="jp-ZarrBrowser-facttable">
      <tbody>
        {facts.map(([label, value]) => (
          <tr key={label}>
            <th scope="row">{label}</th>
            <td>{value}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function endpointFacts(
  node: TreeNode & { kind: 'endpoint' },
  trans: TranslationBundle
): Fact[] {
  const { source, writable, writablePrefixes, scratch } = node.endpointInfo;
  const sources = {
    admin: trans.__('Configured by the administrator'),
    profile: trans.__('A profile of your AWS configuration'),
    environment: scratch?.variable
      ? trans.__('The environment variable %1', scratch.variable)
      : trans.__('Named by the environment'),
    server: trans.__('Files of the Jupyter server')
  };
  const facts: Fact[] = [
    [trans.__('From'), sources[source]],
    [
      trans.__('Access'),
      !writable
        ? trans.__('Read only')
        : writablePrefixes
          ? trans.__('Read; write only below %1', writablePrefixes.join(', '))
          : trans.__('Read and write')
    ]
  ];
  if (scratch && scratch.lifetimeDays !== null) {
    facts.push([
      trans.__('Scratch'),
      trans._n(
        'Deleted after about %1 day',
        'Deleted after about %1 days',
        scratch.lifetimeDays
      )
    ]);
  }
  return facts;
}

function zarrFacts(
  node: INode & { kind: 'group' | 'dataset' | 'array' },
  trans: TranslationBundle
): Fact[] {
  const facts: Fact[] = [];
  if (node.kind === 'array') {
    facts.push(...arrayFacts(node, trans));
  } else {
    if (node.kind === 'dataset' && node.sizes) {
      const sizes = Object.entries(node.sizes);
      if (sizes.length > 0) {
        facts.push([trans.__('Dimensions'), <Pairs pairs={sizes} />]);
      }
    }
    facts.push([
      trans.__('Members'),
      node.membersUnknown
        ? trans.__('unknown: they cannot be listed')
        : node.childCount === null
          ? null
          : formatCount(node.childCount)
    ]);
  }
  if (node.path !== '') {
    facts.push([trans.__('Path in store'), <code>{node.path}</code>]);
  }
  return facts.filter(([, value]) => value !== null);
}

function arrayFacts(node: IArrayNode, trans: TranslationBundle): Fact[] {
  const { dims, shape, chunks, shards, dtype, codecs, fillValue, order } = node;
  const facts: Fact[] = [];
  const total = shapeBytes(shape, dtype);
  if (shape) {
    const names = dims?.some(dim => dim !== null) ? dims : null;
    if (names && shape.length === names.length) {
      facts.push([
        trans.__('Dimensions'),
        <Pairs pairs={shape.map((size, axis) => [names[axis] ?? '–', size])} />
      ]);
    }
    facts.push([
      trans.__('Shape'),
      withBytes(
        shape.length ? formatShape(shape) : formatDims(dims, shape, trans),
        total
      )
    ]);
  }
  if (dtype) {
    facts.push([trans.__('Data type'), <code>{dtype}</code>]);
  }
  if (chunks && chunks.length > 0) {
    facts.push([
      trans.__('Chunks'),
      <Grid shape={shape} chunks={chunks} dtype={dtype} trans={trans} />
    ]);
  }
  if (shards) {
    facts.push([
      trans.__('Shards'),
      <Grid shape={shape} chunks={shards} dtype={dtype} trans={trans} />
    ]);
  }
  if (codecs && codecs.length > 0) {
    facts.push([
      trans.__('Codecs'),
      <ol className="jp-ZarrBrowser-codecs">
        {codecs.map((codec, place) => (
          <li key={`${place} ${codec.name}`}>{formatCodec(codec)}</li>
        ))}
      </ol>
    ]);
  }
  facts.push([trans.__('Fill value'), <code>{plainValue(fillValue)}</code>]);
  if (order) {
    facts.push([trans.__('Order'), order]);
  }
  return facts;
}

/**
 * JSON, but numbers that travel as strings look like numbers.
 */
function plainValue(value: JSONValue): string {
  return typeof value === 'string' && /^-?(?:NaN|Infinity|\d+)$/.test(value)
    ? value
    : JSON.stringify(value);
}

function withBytes(text: string, bytes: number | null): string {
  return bytes === null ? text : `${text} (${formatBytes(bytes)})`;
}

function Grid(props: {
  shape: readonly number[] | null;
  chunks: readonly number[];
  dtype: string | null;
  trans: TranslationBundle;
}): React.JSX.Element {
  const { shape, chunks, dtype, trans } = props;
  const count = gridCount(shape, chunks);
  return (
    <>
      {withBytes(formatShape(chunks), shapeBytes(chunks, dtype))}
      {count === null ? null : (
        <span className="jp-ZarrBrowser-quiet">
          {' '}
          {trans._n('%2 piece', '%2 pieces', count, formatCount(count))}
        </span>
      )}
    </>
  );
}

/**
 * Names of dimensions with their sizes.
 */
function Pairs(props: {
  pairs: readonly (readonly [string, number])[];
}): React.JSX.Element {
  return (
    <span className="jp-ZarrBrowser-pairs">
      {props.pairs.map(([name, size], place) => (
        <span key={`${place} ${name}`}>
          <b>{name}</b> {String(size)}
        </span>
      ))}
    </span>
  );
}
