import { addIcon, closeIcon, copyIcon } from '@jupyterlab/ui-components';
import type { TranslationBundle } from '@jupyterlab/translation';
import type { JSONValue } from '@lumino/coreutils';
import React from 'react';

import { iconOf, twistyIcon } from '../icons';
import {
  effectiveNode,
  hasSnippets,
  idOf,
  isStoreRoot,
  isZarr
} from '../nodes';
import type { TreeNode } from '../nodes';
import {
  formatBytes,
  formatCodec,
  formatCount,
  formatAge,
  formatDate,
  formatDims,
  formatShape,
  gridCount,
  shapeBytes
} from '../text';
import type { IArrayNode, IDocument, IHealth, INode, ISnippet } from '../wire';
import { Attributes } from './attributes';
import { IconButton, TextButton } from './button';
import { usePanel } from './context';
import { ProblemBox } from './problem';
import { consolidatedText, kindText } from './row';
import { useSnapshot } from './useSnapshot';

/**
 * Milliseconds that a node stays selected before it is asked for: moving along the rows asks nothing.
 */
const SETTLE_MS = 180;

/**
 * All about the selected node.
 */
export default function Details(): React.JSX.Element {
  const { model, state, trans } = usePanel();
  useSnapshot(model.changed, () => model.version);
  const node = model.selected;
  const id = node ? idOf(node) : null;

  React.useEffect(() => {
    if (id === null) {
      return;
    }
    const timer = setTimeout(() => {
      void model.describe(id);
      const meant = model.node(id);
      if (meant && hasSnippets(meant)) {
        // A failure shows where the snippet is asked for.
        model.snippets(effectiveNode(meant)).catch(() => undefined);
      }
    }, SETTLE_MS);
    return () => clearTimeout(timer);
  }, [model, id]);

  return (
    <section
      className="jp-ZarrBrowser-details"
      aria-label={trans.__('Details')}
    >
      <IconButton
        icon={closeIcon}
        label={trans.__('Close details')}
        className="jp-ZarrBrowser-detailsClose"
        onClick={() => {
          state.areDetailsOpen = false;
        }}
      />
      {node ? (
        <NodeDetails key={id} id={id ?? ''} node={node} />
      ) : (
        <p className="jp-ZarrBrowser-quiet">
          {trans.__('Select something to see what it is.')}
        </p>
      )}
    </section>
  );
}

function NodeDetails(props: { id: string; node: TreeNode }): React.JSX.Element {
  const { id, node } = props;
  const { model, trans, copy, run } = usePanel();
  const details = model.details(id);
  const shown: TreeNode = details?.node ?? effectiveNode(node);
  const Icon = iconOf(node.kind === 'endpoint' ? node : shown);
  const problem = details?.problem ?? shown.problem ?? node.problem;
  const snippets = model.snippetsNow(shown);
  const uri = shown.uri || node.uri;

  return (
    <>
      <header className="jp-ZarrBrowser-detailsHeader">
        <Icon.react tag="span" className="jp-ZarrBrowser-icon" />
        <h3 className="jp-ZarrBrowser-detailsTitle">{node.name}</h3>
        {details?.isLoading ? (
          <span
            className="jp-ZarrBrowser-spinner"
            role="status"
            aria-label={trans.__('Loading…')}
          />
        ) : null}
      </header>
      <Badges node={shown} endpoint={node} trans={trans} />
      {uri ? (
        <div className="jp-ZarrBrowser-uri">
          <code>{uri}</code>
          <IconButton
            icon={copyIcon}
            label={trans.__('Copy URI')}
            onClick={() => copy(uri)}
          />
        </div>
      ) : null}
      {problem ? (
        <ProblemBox
          problem={problem}
          onRetry={() => void model.describe(id, true)}
        />
      ) : null}
      <HealthNotes notes={shown.health} />
      {snippets && snippets.length > 0 ? (
        <Code
          snippets={snippets}
          onInsert={snippet => run('insert', node, snippet.id)}
        />
      ) : null}
      <Facts node={shown} endpoint={node} trans={trans} />
      {isZarr(shown) && shown.attributes ? (
        <Section
          title={trans.__('Attributes')}
          count={Object.keys(shown.attributes).length}
          isOpen
        >
          <Attributes value={shown.attributes} trans={trans} />
        </Section>
      ) : null}
      {(shown.documents ?? []).map(document => (
        <RawDocument key={document.name} document={document} />
      ))}
    </>
  );
}

function Badges(props: {
  node: TreeNode;
  endpoint: TreeNode;
  trans: TranslationBundle;
}): React.JSX.Element {
  const { node, endpoint, trans } = props;
  const badges: { text: string; title?: string; kind?: string }[] = [
    { text: kindLabel(endpoint.kind === 'endpoint' ? endpoint : node, trans) }
  ];
  if (node !== endpoint && endpoint.kind === 'endpoint' && isZarr(node)) {
    badges.push({ text: kindLabel(node, trans) });
  }
  if (isZarr(node)) {
    if (node.zarrFormat !== null) {
      badges.push({ text: trans.__('Zarr v%1', node.zarrFormat) });
    }
    if (node.consolidated !== null && isStoreRoot(node)) {
      badges.push({
        text: node.consolidated
          ? trans.__('consolidated')
          : trans.__('not consolidated'),
        title: consolidatedText(node.consolidated, trans),
        kind: node.consolidated ? 'good' : 'poor'
      });
    }
  } else if (node.format !== null) {
    badges.push({ text: node.format });
  }
  return (
    <div className="jp-ZarrBrowser-badges">
      {badges.map(({ text, title, kind }) => (
        <span
          key={text}
          className="jp-ZarrBrowser-chip"
          title={title}
          data-consolidated={kind === undefined ? undefined : kind === 'good'}
        >
          {text}
        </span>
      ))}
    </div>
  );
}

function kindLabel(node: TreeNode, trans: TranslationBundle): string {
  switch (node.kind) {
    case 'endpoint':
      return trans.__('%1 endpoint', kindText(node.endpointInfo.kind, trans));
    case 'bucket':
      return trans.__('Bucket');
    case 'folder':
      return trans.__('Folder');
    case 'object':
      return trans.__('Object');
    case 'dataset':
      return trans.__('Dataset');
    case 'group':
      return trans.__('Group');
    case 'array':
      return trans.__('Array');
  }
}

function HealthNotes(props: {
  notes: readonly IHealth[];
}): React.JSX.Element | null {
  const { notes } = props;
  return notes.length === 0 ? null : (
    <ul className="jp-ZarrBrowser-health">
      {notes.map(note => (
        <li key={note.code} data-level={note.level}>
          <div>{note.message}</div>
          {note.hint ? (
            <div className="jp-ZarrBrowser-problemHint">{note.hint}</div>
          ) : null}
        </li>
      ))}
    </ul>
  );
}

function Code(props: {
  snippets: readonly ISnippet[];
  onInsert(snippet: ISnippet): void;
}): React.JSX.Element | null {
  const { copy, state, trans } = usePanel();
  const [id, setId] = React.useState<string | null>(null);
  const isOpen = useSnapshot(state.changed, () => state.isCodeOpen);
  const { snippets, onInsert } = props;
  const chosen = snippets.find(snippet => snippet.id === id) ?? snippets[0];
  if (!chosen) {
    return null;
  }
  return (
    <div className="jp-ZarrBrowser-snippet">
      <div className="jp-ZarrBrowser-snippetBar">
        <button
          type="button"
          className="jp-ZarrBrowser-iconButton jp-ZarrBrowser-codeToggle"
          title={isOpen ? trans.__('Hide code') : trans.__('Show code')}
          aria-label={trans.__('Show code')}
          aria-expanded={isOpen}
          onClick={() => {
            state.isCodeOpen = !isOpen;
          }}
        >
          <twistyIcon.react tag={null} />
        </button>
        {snippets.length > 1 ? (
          <select
            className="jp-ZarrBrowser-select"
            aria-label={trans.__('Way to open it')}
            value={chosen.id}
            onChange={event => setId(event.target.value)}
          >
            {snippets.map(snippet => (
              <option key={snippet.id} value={snippet.id}>
                {snippet.label}
              </option>
            ))}
          </select>
        ) : (
          <span className="jp-ZarrBrowser-snippetLabel">{chosen.label}</span>
        )}
        <IconButton
          icon={copyIcon}
          label={trans.__('Copy code')}
          onClick={() => copy(chosen.code)}
        />
        <TextButton
          label={trans.__('Insert')}
          icon={addIcon}
          isPrimary
          onClick={() => onInsert(chosen)}
        />
      </div>
      {isOpen ? (
        <pre className="jp-ZarrBrowser-code">{chosen.code.trimEnd()}</pre>
      ) : null}
    </div>
  );
}

type Fact = readonly [label: string, value: React.ReactNode];

function Facts(props: {
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
  const { source, writable, scratch } = node.endpointInfo;
  const sources = {
    admin: trans.__('Configured by the administrator'),
    profile: trans.__('A profile of your AWS configuration'),
    environment: trans.__('Named by the environment'),
    server: trans.__('Files of the Jupyter server')
  };
  const facts: Fact[] = [
    [trans.__('From'), sources[source]],
    [
      trans.__('Access'),
      writable ? trans.__('Read and write') : trans.__('Read only')
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
          {trans._n('%1 piece', '%1 pieces', count, formatCount(count))}
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

function Section(props: {
  title: string;
  count?: number;
  isOpen?: boolean;
  children: React.ReactNode;
}): React.JSX.Element {
  return (
    <details className="jp-ZarrBrowser-section" open={props.isOpen}>
      <summary>
        {props.title}
        {props.count === undefined ? null : (
          <span className="jp-ZarrBrowser-quiet"> {props.count}</span>
        )}
      </summary>
      {props.children}
    </details>
  );
}

function RawDocument(props: { document: IDocument }): React.JSX.Element {
  const { copy, trans } = usePanel();
  const { name, text, sizeBytes, isTruncated } = props.document;
  return (
    <details className="jp-ZarrBrowser-section">
      <summary>
        <code>{name}</code>
        <span className="jp-ZarrBrowser-quiet"> {formatBytes(sizeBytes)}</span>
      </summary>
      <div className="jp-ZarrBrowser-document">
        <IconButton
          icon={copyIcon}
          label={trans.__('Copy %1', name)}
          onClick={() => copy(text)}
        />
        <pre className="jp-ZarrBrowser-code">{pretty(text, isTruncated)}</pre>
        {isTruncated ? (
          <p className="jp-ZarrBrowser-quiet">
            {trans.__(
              'Cut short: the whole document has %1.',
              formatBytes(sizeBytes)
            )}
          </p>
        ) : null}
      </div>
    </details>
  );
}

/**
 * Most characters of a document that are indented anew; larger ones are shown as they are.
 */
const PRETTY_MAX = 200_000;

/**
 * A document in one line is indented. What is broken stays as it is, and so does what numbers would suffer in.
 */
function pretty(text: string, isTruncated: boolean): string {
  if (isTruncated || text.length > PRETTY_MAX || text.trim().includes('\n')) {
    return text;
  }
  try {
    const indented = JSON.stringify(JSON.parse(text), null, 2);
    return indented.replace(/\s/g, '') === text.replace(/\s/g, '')
      ? indented
      : text;
  } catch {
    return text;
  }
}
