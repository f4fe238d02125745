import { deleteIcon } from '@jupyterlab/ui-components';
import type { TranslationBundle } from '@jupyterlab/translation';
import React from 'react';

import { keepIcon, renewIcon, usageIcon } from '../../icons';
import { formatShare, objectsText, weightText } from '../../lifetime';
import { nameOfKey } from '../../nodes';
import { formatBytes, formatCount } from '../../text';
import type { IJob } from '../../wire';
import { TextButton } from '../button';
import { useUsage } from './context';

/**
 * Copies and deletions under way, also those that were begun before a reload.
 */
export function JobList(): React.JSX.Element | null {
  const { model, trans } = useUsage();
  const { transfers } = model;
  return transfers.length === 0 ? null : (
    <ul className="jp-ZarrUsage-jobs" aria-label={trans.__('Jobs under way')}>
      {transfers.map(job => (
        <JobItem key={job.id} job={job} />
      ))}
    </ul>
  );
}

function JobItem({ job }: { job: IJob }): React.JSX.Element {
  const { model, trans, cancel } = useUsage();
  const { toEndpoint } = job.request;
  const target = toEndpoint ? model.endpoint(toEndpoint) : null;
  return (
    <li className="jp-ZarrUsage-job">
      <JobAbout job={job} target={target?.title ?? null} trans={trans} />
      <TextButton label={trans.__('Cancel')} onClick={() => cancel(job)} />
    </li>
  );
}

/**
 * What a job does, and how far it has come.
 */
export function JobAbout(props: {
  job: IJob;
  /**
   * Where a copy goes, in words.
   */
  target: string | null;
  trans: TranslationBundle;
}): React.JSX.Element {
  const { job, target, trans } = props;
  const { progress } = job;
  const name = nameOfKey(job.key);
  const isCopy = job.kind === 'copy';
  const Icon = {
    copy: keepIcon,
    renew: renewIcon,
    delete: deleteIcon,
    usage: usageIcon
  }[job.kind];
  const title = isCopy
    ? target
      ? trans.__('Copying “%1” to %2', name, target)
      : trans.__('Copying “%1”', name)
    : job.kind === 'renew'
      ? trans.__('Resetting the clock of “%1”', name)
      : trans.__('Deleting “%1”', name);
  const share = progress.totalBytes
    ? progress.bytes / progress.totalBytes
    : progress.totalObjects
      ? progress.objects / progress.totalObjects
      : null;
  return (
    <>
      <Icon.react tag="span" className="jp-ZarrBrowser-icon" aria-hidden />
      <div className="jp-ZarrUsage-jobText">
        <div>{title}</div>
        <ProgressBar share={share} label={title} />
        <div className="jp-ZarrBrowser-quiet">
          {job.state === 'queued'
            ? trans.__('waiting for its turn')
            : progress.totalObjects === null
              ? progress.objects > 0
                ? soFarText(progress, trans)
                : trans.__('counting first')
              : trans.__(
                  '%1 of %2, %3 of %4',
                  formatCount(progress.objects),
                  objectsText(progress.totalObjects, trans),
                  formatBytes(progress.bytes),
                  formatBytes(progress.totalBytes ?? 0)
                )}
        </div>
      </div>
    </>
  );
}

/**
 * How far something is; without a share, that it goes on.
 */
export function ProgressBar(props: {
  share: number | null;
  label: string;
}): React.JSX.Element {
  const { share, label } = props;
  const percent = share === null ? undefined : Math.round(share * 100);
  return (
    <div
      className="jp-ZarrUsage-progress"
      role="progressbar"
      aria-label={label}
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuenow={percent}
      aria-valuetext={share === null ? undefined : formatShare(share)}
    >
      <div
        className="jp-ZarrUsage-progressFill"
        data-unknown={share === null || undefined}
        style={{ width: percent === undefined ? undefined : `${percent}%` }}
      />
    </div>
  );
}

export function soFarText(
  progress: { objects: number; bytes: number },
  trans: Parameters<typeof weightText>[2]
): string {
  return trans.__(
    '%1 so far',
    weightText(progress.objects, progress.bytes, trans)
  );
}
