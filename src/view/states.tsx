import React from 'react';

import { panelIcon } from '../icons';
import type { IProblem } from '../wire';
import { TextButton } from './button';
import { usePanel } from './context';
import { ProblemBox } from './problem';

/**
 * Widths of the grey bars that stand for endpoints while these are being fetched.
 */
const SKELETON_PERCENT = [58, 72, 44];

const EXAMPLE = `c.ZarrBrowser.endpoints = [
    {"id": "cmip6",
     "kind": "gcs",
     "root": "gs://cmip6",
     "anon": True},
]`;

/**
 * What is wrong with the list of endpoints. Asking again helps only where it may end otherwise.
 */
export function EndpointsProblem(props: {
  problem: IProblem;
  onRetry(): void;
}): React.JSX.Element {
  const { problem, onRetry } = props;
  return (
    <ProblemBox
      problem={problem}
      onRetry={problem.retryable ? onRetry : undefined}
    />
  );
}

/**
 * What stands in the tree's place while there is none.
 */
export function TreeState(): React.JSX.Element {
  const { model, trans } = usePanel();
  const retry = () => void model.loadEndpoints();
  switch (model.endpointsStatus) {
    case 'loading':
      return (
        <div className="jp-ZarrBrowser-skeleton" role="status">
          <span className="jp-ZarrBrowser-live">{trans.__('Loading…')}</span>
          {SKELETON_PERCENT.map(percent => (
            <div key={percent} style={{ width: `${percent}%` }} />
          ))}
        </div>
      );
    case 'error':
      return (
        <div className="jp-ZarrBrowser-state">
          {model.endpointsProblem ? (
            <EndpointsProblem
              problem={model.endpointsProblem}
              onRetry={retry}
            />
          ) : null}
        </div>
      );
    case 'ready':
      return (
        <div className="jp-ZarrBrowser-state" data-centred>
          <panelIcon.react tag="span" className="jp-ZarrBrowser-stateIcon" />
          <div className="jp-ZarrBrowser-stateTitle">
            {trans.__('No object stores yet')}
          </div>
          <p>
            {trans.__(
              'Endpoints are configured on the Jupyter server, in jupyter_server_config.py:'
            )}
          </p>
          <pre className="jp-ZarrBrowser-code">{EXAMPLE}</pre>
          <TextButton label={trans.__('Look again')} onClick={retry} />
        </div>
      );
  }
}
