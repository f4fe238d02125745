import { closeIcon, copyIcon } from '@jupyterlab/ui-components';
import type { TranslationBundle } from '@jupyterlab/translation';
import React from 'react';

import { iconOf } from '../icons';
import {
  containerOf,
  effectiveNode,
  hasSnippets,
  idOf,
  isStoreRoot,
  isZarr
} from '../nodes';
import type { TreeNode } from '../nodes';
import type { IHealth } from '../wire';
import { Attributes } from './attributes';
import { IconButton } from './button';
import { usePanel } from './context';
import { RawDocument } from './document';
import { Facts } from './facts';
import { ProblemBox } from './problem';
import { consolidatedText, kindText } from './row';
import { SnippetBlock } from './snippet';
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
  // A row may be recognised only after it was selected.
  const isOpenable = node !== null && hasSnippets(node);

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
  }, [model, id, isOpenable]);

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
  const container = containerOf(node);

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
      <Badges
        node={shown}
        endpoint={node}
        isStore={isStoreRoot(shown, container ? model.find(container) : null)}
        trans={trans}
      />
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
        <SnippetBlock
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
  isStore: boolean;
  trans: TranslationBundle;
}): React.JSX.Element {
  const { node, endpoint, isStore, trans } = props;
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
    if (node.kind !== 'array' && node.consolidated !== null && isStore) {
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
