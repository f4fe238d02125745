import { classes } from '@jupyterlab/ui-components';
import type { TranslationBundle } from '@jupyterlab/translation';
import React from 'react';

import type { IListing } from '../flatten';
import {
  funnelIcon,
  iconOf,
  noteIcon,
  problemIcon,
  twistyIcon
} from '../icons';
import { effectiveNode, isNote, isZarr } from '../nodes';
import type { TreeNode } from '../nodes';
import type { IRow } from '../rows';
import {
  arraySummary,
  formatAge,
  formatBytes,
  formatCount,
  formatDate,
  sizesSummary
} from '../text';
import type { EndpointKind, IProblem } from '../wire';
import { TextButton } from './button';
import { PrefixBox } from './prefix';

/**
 * Children from which on a container offers to be filtered on the server.
 */
const BIG_FOLDER = 200;

export interface IRowProps {
  row: IRow;
  domId: string;
  node: TreeNode;
  /**
   * Whether a Zarr store begins here.
   */
  isStore: boolean;
  /**
   * Whether it is the user's own part of what many share.
   */
  isOwn: boolean;
  listing: IListing | undefined;
  /**
   * Text that the container's children are filtered by on the server, null where they are not.
   */
  prefix: string | null;
  isActive: boolean;
  isLoading: boolean;
  /**
   * What would happen if what is dragged were dropped now; null where that is elsewhere.
   */
  drop: 'taken' | 'refused' | null;
  /**
   * Distance from the top of the list.
   */
  topPx: number;
  rowPx: number;
  filter: string;
  trans: TranslationBundle;
  onToggle(id: string): void;
  onRetry(id: string): void;
  onMore(id: string): void;
  onFunnel(id: string): void;
  /**
   * The tree takes the focus back.
   */
  onLeave(row: IRow, to: 'container' | 'next'): void;
}

/**
 * One row: a node, or what there is to say about a container's children.
 */
export const Row = React.memo(function Row(
  props: IRowProps
): React.JSX.Element {
  const { row, node, isActive, trans } = props;
  return (
    <div
      id={props.domId}
      className={classes(
        'jp-ZarrBrowser-row',
        row.kind === 'node' ? '' : 'jp-ZarrBrowser-noteRow'
      )}
      role="treeitem"
      aria-level={row.level}
      aria-posinset={row.position}
      aria-setsize={row.setSize}
      aria-selected={isActive}
      aria-expanded={row.expanded ?? undefined}
      aria-busy={props.isLoading || undefined}
      data-row={row.id}
      data-rowkind={row.kind}
      data-drop={props.drop ?? undefined}
      data-kind={node.kind}
      data-endpoint={node.endpoint}
      data-key={node.key}
      style={{
        top: props.topPx,
        height: row.slots * props.rowPx,
        ['--jp-zarrbrowser-level' as string]: row.level - 1
      }}
      title={row.kind === 'node' ? tooltipOf(node, trans) : undefined}
    >
      {row.kind === 'node' ? <NodeRow {...props} /> : <NoteRow {...props} />}
    </div>
  );
});

function NodeRow(props: IRowProps): React.JSX.Element {
  const { row, node, listing, trans } = props;
  const shown = effectiveNode(node);
  const Icon = iconOf(node);
  const problem = shown.problem ?? node.problem;
  const isBig =
    row.expanded === true &&
    (props.prefix !== null ||
      (listing?.isLoaded &&
        (listing.nextCursor !== null || listing.items.length >= BIG_FOLDER)));
  return (
    <>
      <span
        className="jp-ZarrBrowser-twisty"
        aria-hidden
        data-open={row.expanded ?? undefined}
        onPointerDown={event => event.stopPropagation()}
        onDoubleClick={event => event.stopPropagation()}
        onClick={event => {
          event.stopPropagation();
          if (row.expanded !== null) {
            props.onToggle(row.target);
          }
        }}
      >
        {props.isLoading ? (
          <span className="jp-ZarrBrowser-spinner" />
        ) : row.expanded !== null ? (
          <twistyIcon.react tag={null} />
        ) : null}
      </span>
      <Icon.react tag="span" className="jp-ZarrBrowser-icon" />
      <span className="jp-ZarrBrowser-label">
        <span className="jp-ZarrBrowser-name">
          <Marked text={node.name} needle={props.filter} />
        </span>
        <Meta node={shown} endpoint={node} trans={trans} />
      </span>
      {props.isOwn ? (
        <span className="jp-ZarrBrowser-chips">
          <span
            className="jp-ZarrBrowser-chip"
            data-own
            title={trans.__('Your own part; the others belong to other users')}
          >
            {trans.__('yours')}
          </span>
        </span>
      ) : null}
      {node.kind === 'object' ? <ObjectFacts node={node} /> : null}
      {props.isStore ? <Chips node={shown} trans={trans} /> : null}
      {problem && !isNote(problem) ? (
        <problemIcon.react tag="span" className="jp-ZarrBrowser-rowProblem" />
      ) : null}
      {isBig ? (
        <button
          type="button"
          className="jp-ZarrBrowser-rowButton"
          tabIndex={-1}
          data-pressed={props.prefix !== null || undefined}
          title={trans.__('Filter by prefix…')}
          aria-label={trans.__('Filter by prefix…')}
          onPointerDown={event => event.stopPropagation()}
          onMouseDown={event => event.preventDefault()}
          onDoubleClick={event => event.stopPropagation()}
          onClick={event => {
            event.stopPropagation();
            props.onFunnel(row.target);
          }}
        >
          <funnelIcon.react tag={null} />
        </button>
      ) : null}
    </>
  );
}

/**
 * The grey part of a row.
 */
function Meta(props: {
  node: TreeNode;
  endpoint: TreeNode;
  trans: TranslationBundle;
}): React.JSX.Element | null {
  const { node, endpoint, trans } = props;
  if (endpoint.kind === 'endpoint') {
    const { kind, scratch } = endpoint.endpointInfo;
    return (
      <span className="jp-ZarrBrowser-meta">
        {scratch
          ? trans.__('%1 · scratch', kindText(kind, trans))
          : kindText(kind, trans)}
      </span>
    );
  }
  const text =
    node.kind === 'array'
      ? arraySummary(node, trans)
      : node.kind === 'dataset' && node.sizes
        ? sizesSummary(node.sizes)
        : '';
  return text === '' ? null : (
    <span className="jp-ZarrBrowser-meta">{text}</span>
  );
}

/**
 * Size and age of an object.
 */
function ObjectFacts(props: { node: TreeNode }): React.JSX.Element {
  const { sizeBytes, modifiedAt } = props.node;
  return (
    <span className="jp-ZarrBrowser-facts">
      {sizeBytes === null ? null : (
        <span className="jp-ZarrBrowser-size">{formatBytes(sizeBytes)}</span>
      )}
      {modifiedAt === null ? null : (
        <span className="jp-ZarrBrowser-age">
          <span className="jp-ZarrBrowser-ageLong">
            {formatAge(modifiedAt, Date.now(), 'narrow')}
          </span>
          <span className="jp-ZarrBrowser-ageShort">
            {formatAge(modifiedAt, Date.now(), 'bare')}
          </span>
        </span>
      )}
    </span>
  );
}

function Chips(props: {
  node: TreeNode;
  trans: TranslationBundle;
}): React.JSX.Element | null {
  const { node, trans } = props;
  if (!isZarr(node)) {
    return null;
  }
  const { zarrFormat } = node;
  const consolidated = node.kind === 'array' ? null : node.consolidated;
  const words =
    consolidated === null ? '' : consolidatedText(consolidated, trans);
  return (
    <span
      className="jp-ZarrBrowser-chips"
      data-consolidated={consolidated ?? undefined}
    >
      {zarrFormat === null ? null : (
        <span
          className="jp-ZarrBrowser-chip"
          title={[trans.__('Zarr format %1', zarrFormat), words]
            .filter(Boolean)
            .join('\n')}
        >
          {`v${zarrFormat}`}
        </span>
      )}
      {consolidated === null ? null : (
        <span
          className="jp-ZarrBrowser-chip"
          data-consolidated={consolidated}
          title={words}
        >
          <span className="jp-ZarrBrowser-chipLong">
            {consolidated
              ? trans.__('consolidated')
              : trans.__('not consolidated')}
          </span>
          <span className="jp-ZarrBrowser-chipShort" aria-hidden>
            {consolidated ? trans.__('cons') : trans.__('not cons')}
          </span>
        </span>
      )}
    </span>
  );
}

export function consolidatedText(
  consolidated: boolean,
  trans: TranslationBundle
): string {
  return consolidated
    ? trans.__(
        'Consolidated: one document describes the whole store, so it opens fast'
      )
    : trans.__(
        'Not consolidated: each array is read on its own when the store is opened'
      );
}

export function kindText(kind: EndpointKind, trans: TranslationBundle): string {
  switch (kind) {
    case 's3':
      return trans.__('S3');
    case 'gcs':
      return trans.__('Google Cloud');
    case 'azure':
      return trans.__('Azure');
    case 'http':
      return trans.__('HTTP');
    case 'local':
      return trans.__('Local');
  }
}

/**
 * A name with the part that matches the filter set apart.
 */
function Marked(props: { text: string; needle: string }): React.JSX.Element {
  const { text, needle } = props;
  const at = needle
    ? text.toLocaleLowerCase().indexOf(needle.toLocaleLowerCase())
    : -1;
  if (at === -1) {
    return <>{text}</>;
  }
  const end = at + needle.length;
  return (
    <>
      {text.slice(0, at)}
      <mark className="jp-ZarrBrowser-mark">{text.slice(at, end)}</mark>
      {text.slice(end)}
    </>
  );
}

function NoteRow(props: IRowProps): React.JSX.Element {
  const { row, node, listing, trans } = props;
  switch (row.kind) {
    case 'more': {
      const count = formatCount(listing?.items.length ?? 0);
      const total = listing?.totalCount;
      return (
        <span className="jp-ZarrBrowser-note">
          {props.isLoading ? <span className="jp-ZarrBrowser-spinner" /> : null}
          <button
            type="button"
            tabIndex={-1}
            className="jp-ZarrBrowser-link jp-ZarrBrowser-more"
            onMouseDown={event => event.preventDefault()}
            onDoubleClick={event => event.stopPropagation()}
            onClick={() => props.onMore(row.target)}
          >
            {total === null || total === undefined
              ? trans.__('Load more (%1 of many)', count)
              : trans.__('Load more (%1 of %2)', count, formatCount(total))}
          </button>
        </span>
      );
    }
    case 'prefix':
      return (
        <PrefixBox
          id={row.target}
          value={props.prefix ?? ''}
          trans={trans}
          onLeave={to => props.onLeave(row, to)}
        />
      );
    case 'empty':
      return (
        <span className="jp-ZarrBrowser-note" data-quiet>
          {props.prefix
            ? trans.__('No name begins with “%1”', props.prefix)
            : trans.__('Empty')}
        </span>
      );
    case 'unknown':
      return row.problem ? (
        <Problem
          problem={{
            ...row.problem,
            message: trans.__('Members unknown: %1', row.problem.message)
          }}
          onRetry={() => props.onRetry(row.target)}
          trans={trans}
        />
      ) : (
        <span
          className="jp-ZarrBrowser-note"
          data-quiet
          title={trans.__(
            'Nothing lists the members of “%1”, and no consolidated metadata names them. “Go to” opens one by its path.',
            node.name
          )}
        >
          {trans.__('Members unknown: they cannot be listed')}
        </span>
      );
    case 'error':
      return row.problem ? (
        <Problem
          problem={row.problem}
          onRetry={() => props.onRetry(row.target)}
          trans={trans}
        />
      ) : (
        <></>
      );
    default:
      return row.problem ? (
        <Problem problem={row.problem} trans={trans} />
      ) : (
        <></>
      );
  }
}

/**
 * A message in a row of several lines. It may be cut off: the tooltip and the details hold all of it.
 */
function Problem(props: {
  problem: IProblem;
  trans: TranslationBundle;
  onRetry?(): void;
}): React.JSX.Element {
  const { problem, onRetry, trans } = props;
  const Icon = isNote(problem) ? noteIcon : problemIcon;
  return (
    <div
      className="jp-ZarrBrowser-rowMessage"
      title={[problem.message, problem.hint].filter(Boolean).join('\n')}
    >
      <Icon.react tag="span" className="jp-ZarrBrowser-problemIcon" />
      <div className="jp-ZarrBrowser-problemText">
        <div className="jp-ZarrBrowser-rowWords">
          <div className="jp-ZarrBrowser-problemMessage">{problem.message}</div>
          {problem.hint ? (
            <div className="jp-ZarrBrowser-problemHint">{problem.hint}</div>
          ) : null}
        </div>
        {onRetry && !isNote(problem) ? (
          <TextButton label={trans.__('Retry')} isInRow onClick={onRetry} />
        ) : null}
      </div>
    </div>
  );
}

function tooltipOf(node: TreeNode, trans: TranslationBundle): string {
  const shown = effectiveNode(node);
  const lines = [node.name, shown.uri];
  if (shown.kind === 'array') {
    lines.push(arraySummary(shown, trans));
  }
  if (shown.kind === 'dataset' && shown.sizes) {
    lines.push(sizesSummary(shown.sizes));
  }
  if (shown.sizeBytes !== null) {
    lines.push(formatBytes(shown.sizeBytes));
  }
  if (shown.modifiedAt !== null) {
    lines.push(formatDate(shown.modifiedAt));
  }
  if (shown.problem) {
    lines.push(shown.problem.message, shown.problem.hint);
  }
  return lines.filter(line => line !== '').join('\n');
}
