import React from 'react';

import { scratchIcon, usageIcon } from '../../icons';
import type { ILocation } from '../../nodes';
import { formatCount } from '../../text';
import type { IPlaceState } from '../../usage';
import { TextButton } from '../button';
import { ProblemNote } from '../problem';
import { useUsage } from './context';
import { Remarks } from './header';
import { ProgressBar, soFarText } from './jobs';

const EXAMPLE = `c.ZarrBrowser.scratch = [
    {"url_env": ["SCRATCH_BUCKET", "PANGEO_SCRATCH"],
     "lifetime_days": 7},
]`;

/**
 * While it is not known yet where the scratch lies, or why that cannot be found out.
 */
export function Starting(): React.JSX.Element {
  const { model, trans, copy } = useUsage();
  return model.problem ? (
    <div className="jp-ZarrUsage-state">
      <ProblemNote
        problem={model.problem}
        trans={trans}
        copy={copy}
        onRetry={() => void model.load()}
      />
    </div>
  ) : (
    <div className="jp-ZarrBrowser-skeleton" role="status">
      <span className="jp-ZarrBrowser-live">{trans.__('Loading…')}</span>
      <div style={{ width: '34%' }} />
      <div style={{ width: '62%' }} />
      <div style={{ width: '48%' }} />
    </div>
  );
}

export function NoScratch(): React.JSX.Element {
  const { model, trans } = useUsage();
  return (
    <div className="jp-ZarrUsage-state" data-centred>
      <scratchIcon.react
        tag="span"
        className="jp-ZarrBrowser-stateIcon"
        aria-hidden
      />
      <div className="jp-ZarrBrowser-stateTitle">
        {trans.__('No scratch space')}
      </div>
      <Remarks />
      <p>
        {trans.__(
          'Neither an environment variable nor the configuration names one. The administrator of this server names it in jupyter_server_config.py:'
        )}
      </p>
      <pre className="jp-ZarrBrowser-code">{EXAMPLE}</pre>
      <TextButton
        label={trans.__('Look again')}
        onClick={() => void model.load()}
      />
    </div>
  );
}

/**
 * Never counted, being counted, failed, cancelled, or empty. Nothing where all is well.
 */
export function CountState(props: {
  place: ILocation;
  state: IPlaceState;
}): React.JSX.Element | null {
  const { place, state } = props;
  const { model, view, trans, copy, cancel } = useUsage();
  const { usage, job, problem } = state;
  const count = () => void model.count(place);
  if (state.isCounting) {
    const { objects, bytes, requests } = job?.progress ?? NOTHING;
    return (
      <div className="jp-ZarrUsage-counting" data-alone={!usage || undefined}>
        <div className="jp-ZarrUsage-jobText">
          {/* Until there is a table, these are the only numbers. */}
          <div className="jp-ZarrUsage-soFar" data-alone={!usage || undefined}>
            {job?.state === 'queued'
              ? trans.__('Waiting to begin…')
              : soFarText({ objects, bytes }, trans)}
          </div>
          <ProgressBar share={null} label={trans.__('Counting')} />
          <div className="jp-ZarrBrowser-quiet">
            {trans._n(
              'Counting: %2 request to the store.',
              'Counting: %2 requests to the store.',
              requests ?? 0,
              formatCount(requests ?? 0)
            )}{' '}
            {usage ? trans.__('Below is what was counted before.') : null}
          </div>
        </div>
        <TextButton
          label={trans.__('Cancel')}
          isDisabled={job === null}
          onClick={() => {
            if (job) {
              cancel(job);
            }
          }}
        />
      </div>
    );
  }
  if (problem) {
    return (
      <div className="jp-ZarrUsage-problem">
        <ProblemNote
          problem={problem}
          trans={trans}
          copy={copy}
          onRetry={count}
        />
      </div>
    );
  }
  if (!usage) {
    const isScratch = view.isScratch;
    const Icon = isScratch ? scratchIcon : usageIcon;
    return (
      <div className="jp-ZarrUsage-state" data-centred>
        <Icon.react
          tag="span"
          className="jp-ZarrBrowser-stateIcon"
          aria-hidden
        />
        <div className="jp-ZarrBrowser-stateTitle">
          {state.wasCancelled
            ? trans.__('Counting was cancelled')
            : trans.__('Not counted yet')}
        </div>
        <p>
          {trans.__(
            'A store does not know what a prefix weighs: all its objects have to be listed. That takes one to two requests for each 1,000 objects, many at a time, and can be cancelled.'
          )}
        </p>
        <button
          type="button"
          className="jp-ZarrBrowser-button jp-ZarrUsage-count"
          data-primary
          onClick={count}
        >
          {trans.__('Count')}
        </button>
      </div>
    );
  }
  if (usage.rows.length === 0 && usage.objects === 0) {
    return (
      <div className="jp-ZarrUsage-state" data-centred>
        <div className="jp-ZarrBrowser-stateTitle">
          {view.isScratch
            ? trans.__('Your scratch is empty')
            : trans.__('Empty')}
        </div>
        <p>{trans.__('No object lies below this place.')}</p>
      </div>
    );
  }
  return null;
}

const NOTHING = { objects: 0, bytes: 0, requests: 0 };
