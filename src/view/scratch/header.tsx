import { copyIcon } from '@jupyterlab/ui-components';
import React from 'react';

import { scratchIcon, usageIcon } from '../../icons';
import { addressOf } from '../../keep';
import { lifetimeText } from '../../lifetime';
import type { IUsage } from '../../wire';
import { IconButton } from '../button';
import { useUsage } from './context';

/**
 * Whose numbers these are, and who says how long things live here.
 */
export function Header(props: {
  usage: IUsage | null;
}): React.JSX.Element | null {
  const { model, view, trans, copy } = useUsage();
  const { root } = view;
  if (!root) {
    return null;
  }
  const scratch = view.isScratch ? model.scratchOf(root) : null;
  const endpoint = model.endpoint(root.endpoint);
  const uri =
    scratch?.uri ?? (endpoint ? addressOf(endpoint, root.key) : root.key);
  const Icon = scratch ? scratchIcon : usageIcon;
  // The count knows the rules of the place itself.
  const known = props.usage ?? scratch;
  const lifetime = known
    ? lifetimeText(known.lifetimeDays, known.lifetimeSource, trans)
    : null;
  return (
    <header className="jp-ZarrUsage-header">
      <div className="jp-ZarrUsage-title">
        <Icon.react tag="span" className="jp-ZarrUsage-titleIcon" aria-hidden />
        <h2>
          {scratch ? scratch.title : trans.__('Usage')}
          {!scratch && endpoint ? (
            <span className="jp-ZarrBrowser-quiet"> {endpoint.title}</span>
          ) : null}
        </h2>
        <span className="jp-ZarrUsage-uri">
          <code title={uri}>{uri}</code>
          <IconButton
            icon={copyIcon}
            label={trans.__('Copy URI')}
            onClick={() => copy(uri)}
          />
        </span>
      </div>
      {scratch ? (
        <p className="jp-ZarrUsage-note">
          {scratch.variable
            ? trans.__('Taken from %1.', scratch.variable)
            : trans.__('Named by the configuration of this server.')}{' '}
          {scratch.key !== '' || hasPath(scratch.uri)
            ? trans.__(
                'Numbers are of this prefix only, never of the whole bucket.'
              )
            : trans.__(
                'Numbers are of the whole bucket: no part of it is known to be yours.'
              )}{' '}
          {scratch.writable
            ? null
            : trans.__('You may read it here, and not change it.')}{' '}
          {lifetime}
        </p>
      ) : lifetime ? (
        <p className="jp-ZarrUsage-note">{lifetime}</p>
      ) : null}
      {view.isScratch ? <Remarks /> : null}
      {view.isScratch && model.locations.length > 1 ? <Locations /> : null}
      {scratch?.problem ? (
        <ul className="jp-ZarrBrowser-health">
          <li data-level="warning">
            <div>{scratch.problem.message}</div>
            <div className="jp-ZarrBrowser-problemHint">
              {scratch.problem.hint}
            </div>
          </li>
        </ul>
      ) : null}
    </header>
  );
}

/**
 * Whether an address goes deeper than its bucket.
 */
function hasPath(uri: string): boolean {
  return /^\w+:\/\/[^/]+\/./.test(uri);
}

export function Remarks(): React.JSX.Element | null {
  const { model } = useUsage();
  return model.remarks.length === 0 ? null : (
    <ul className="jp-ZarrBrowser-health">
      {model.remarks.map(remark => (
        <li
          key={`${remark.code} ${remark.message}`}
          data-level={remark.level}
          role={remark.level === 'info' ? 'note' : 'alert'}
        >
          <div>{remark.message}</div>
          {remark.hint ? (
            <div className="jp-ZarrBrowser-problemHint">{remark.hint}</div>
          ) : null}
        </li>
      ))}
    </ul>
  );
}

/**
 * Which scratch, where there are several.
 */
function Locations(): React.JSX.Element {
  const { model, view, trans } = useUsage();
  const chosen = view.root?.endpoint;
  return (
    <div
      className="jp-ZarrUsage-tabs"
      role="group"
      aria-label={trans.__('Scratch places')}
    >
      {model.locations.map(location => (
        <button
          key={location.endpoint}
          type="button"
          className="jp-ZarrUsage-tab"
          aria-pressed={location.endpoint === chosen}
          title={location.uri}
          onClick={() => view.show(location)}
        >
          {location.title}{' '}
          <span className="jp-ZarrBrowser-quiet">{location.uri}</span>
        </button>
      ))}
    </div>
  );
}
