import { refreshIcon } from '@jupyterlab/ui-components';
import React from 'react';

import {
  asOfText,
  formatDay,
  formatPrice,
  goesDayText,
  goesText,
  growthText,
  inDaysText,
  isOverdue,
  objectsText,
  quotaOf,
  quotaText,
  weightText
} from '../../lifetime';
import type { ILocation } from '../../nodes';
import { formatBytes, formatCount, formatDate } from '../../text';
import type { IPlaceState } from '../../usage';
import type { IScratchLocation, IUsage } from '../../wire';
import { TextButton } from '../button';
import { useUsage } from './context';
import { Sign } from './sign';
import { areLighter } from './words';

/**
 * The numbers of the whole place.
 */
export function Summary(props: {
  place: ILocation;
  usage: IUsage;
  state: IPlaceState;
}): React.JSX.Element {
  const { place, usage, state } = props;
  const { model, trans } = useUsage();
  const now = Date.now();
  const scratch = model.scratchOf(place);
  const isAll = scratch !== null && scratch.key === place.key;
  const growth = state.isAdjusted ? null : growthText(usage, now, trans);
  const leastText = (text: string) =>
    usage.isLowerBound ? trans.__('at least %1', text) : text;
  return (
    <section className="jp-ZarrUsage-summary" aria-label={trans.__('In total')}>
      <dl className="jp-ZarrUsage-figures">
        <Figure
          label={trans.__('Size')}
          value={leastText(formatBytes(usage.bytes))}
          note={growth}
        />
        <Figure
          label={trans.__('Objects')}
          value={leastText(formatCount(usage.objects))}
        />
        {scratch && scratch.pricePerTbMonth !== null ? (
          <Figure
            label={trans.__('Price per month')}
            value={formatPrice(
              usage.bytes,
              scratch.pricePerTbMonth,
              scratch.currency
            )}
            note={trans.__('about, if it stays')}
          />
        ) : null}
        {usage.lifetimeDays !== null && usage.expiresAt !== null ? (
          <Figure
            label={trans.__('Deletion begins')}
            value={
              usage.expiringObjects > 0
                ? goesText(usage.expiresAt, now, trans)
                : trans.__('about %1', formatDay(usage.expiresAt, now))
            }
            note={
              usage.expiringObjects > 0
                ? goesDayText(usage.expiresAt, now, trans)
                : inDaysText(usage.expiresAt, now)
            }
            isWarning={usage.expiringObjects > 0}
          />
        ) : null}
      </dl>
      <div className="jp-ZarrUsage-asOf">
        <span
          className="jp-ZarrBrowser-quiet"
          title={trans.__(
            'Counted on %1 with %2 in %3 s',
            formatDate(usage.asOf),
            trans._n(
              '%2 request',
              '%2 requests',
              usage.requests,
              formatCount(usage.requests)
            ),
            formatCount(Math.max(0.1, Math.round(usage.durationS * 10) / 10))
          )}
        >
          {asOfText(usage.asOf, now, trans)}
          {state.isAdjusted
            ? `, ${trans.__('less what was deleted since')}`
            : null}
          {state.wasCancelled
            ? `; ${trans.__('counting again was cancelled')}`
            : null}
        </span>
        <TextButton
          icon={refreshIcon}
          label={trans.__('Count again')}
          isDisabled={state.isCounting}
          onClick={() => void model.count(place)}
        />
      </div>
      {isAll ? <QuotaBar location={scratch} usage={usage} /> : null}
      <Expiring usage={usage} />
      {usage.isLowerBound ? (
        <p className="jp-ZarrBrowser-quiet">
          {trans.__(
            'Counting ended at the bound of this server. There is at least this much, and nothing can be said of missing chunks.'
          )}
        </p>
      ) : null}
    </section>
  );
}

function Figure(props: {
  label: string;
  value: string;
  note?: string | null;
  isWarning?: boolean;
}): React.JSX.Element {
  return (
    <div
      className="jp-ZarrUsage-figure"
      data-warning={props.isWarning || undefined}
    >
      <dt>{props.label}</dt>
      <dd>
        <span className="jp-ZarrUsage-value">{props.value}</span>
        {props.note ? (
          <span className="jp-ZarrBrowser-quiet">{props.note}</span>
        ) : null}
      </dd>
    </div>
  );
}

function QuotaBar(props: {
  location: IScratchLocation;
  usage: IUsage;
}): React.JSX.Element | null {
  const { location, usage } = props;
  const { trans } = useUsage();
  const quota = quotaOf(location, usage.bytes);
  if (!quota || location.quotaBytes === null) {
    return null;
  }
  const text = quotaText(quota, location.quotaBytes, trans);
  const percent = Math.min(100, quota.share * 100);
  return (
    <div className="jp-ZarrUsage-quota" data-level={quota.level}>
      <div className="jp-ZarrUsage-quotaText">
        <span>{trans.__('Quota')}</span>
        <span>
          {quota.level === 'ok' ? null : <Sign />}
          {text}
        </span>
      </div>
      <div
        className="jp-ZarrUsage-quotaBar"
        role="meter"
        aria-label={trans.__('Quota')}
        aria-valuemin={0}
        aria-valuemax={100}
        aria-valuenow={Math.round(percent)}
        aria-valuetext={text}
      >
        <div
          className="jp-ZarrUsage-quotaFill"
          style={{ width: `${percent}%` }}
        />
        {location.warnAt
          .filter(share => share < 1)
          .map(share => (
            <div
              key={share}
              className="jp-ZarrUsage-threshold"
              style={{ left: `${share * 100}%` }}
              title={trans.__(
                'Warns from %1 on',
                formatBytes(share * location.quotaBytes!)
              )}
            />
          ))}
      </div>
    </div>
  );
}

/**
 * What goes within a day.
 */
function Expiring(props: { usage: IUsage }): React.JSX.Element | null {
  const { usage } = props;
  const { view, trans } = useUsage();
  if (usage.expiringObjects === 0) {
    return null;
  }
  const now = Date.now();
  const rows = usage.rows.filter(row => row.expiringObjects > 0).length;
  return (
    <div className="jp-ZarrUsage-expiring" role="alert">
      <Sign />
      <div className="jp-ZarrUsage-expiringText">
        {trans._n(
          '%2 is deleted within 24 hours of this count, in %3.',
          '%2 are deleted within 24 hours of this count, in %3.',
          usage.expiringObjects,
          weightText(usage.expiringObjects, usage.expiringBytes, trans),
          trans._n('%2 item', '%2 items', rows, formatCount(rows))
        )}{' '}
        {trans.__('Keep what matters.')}
        {usage.expiresAt !== null && isOverdue(usage.expiresAt, now) ? (
          <div className="jp-ZarrBrowser-quiet">
            {trans.__(
              'The first was due about %1 and is still there: the rule that deletes may not run. Do not rely on that.',
              formatDay(usage.expiresAt, now)
            )}
          </div>
        ) : null}
      </div>
      <TextButton
        label={trans.__('Show them first')}
        onClick={() => {
          if (view.sort.by !== 'goes' || view.sort.isDescending) {
            view.sortBy('goes');
          }
          if (view.sort.isDescending) {
            view.sortBy('goes');
          }
        }}
      />
    </div>
  );
}

/**
 * Children that are not told by name.
 */
export function Others(props: { usage: IUsage }): React.JSX.Element | null {
  const { usage } = props;
  const { trans } = useUsage();
  const sums = [
    formatCount(usage.otherRows),
    objectsText(usage.otherObjects, trans),
    formatBytes(usage.otherBytes)
  ] as const;
  return usage.otherRows === 0 ? null : (
    <p className="jp-ZarrUsage-others">
      {areLighter(usage)
        ? trans._n(
            'And %2 lighter item: %3, %4.',
            'And %2 lighter items: %3, %4.',
            usage.otherRows,
            ...sums
          )
        : trans._n(
            'And %2 more item: %3, %4.',
            'And %2 more items: %3, %4.',
            usage.otherRows,
            ...sums
          )}
    </p>
  );
}
