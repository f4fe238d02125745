import { closeIcon, refreshIcon, stopIcon } from '@jupyterlab/ui-components';
import type { TranslationBundle } from '@jupyterlab/translation';
import React from 'react';

import { pauseIcon, resumeIcon, twistyIcon, uploadIcon } from '../icons';
import { formatShare } from '../lifetime';
import { numberFormat } from '../intl';
import { MY_FILES, nameOfKey } from '../nodes';
import { endpointOf } from '../rights';
import { formatBytes, formatCount, pageLocale } from '../text';
import type { UploadRun } from '../uploads/run';
import type { Drop, IDropProgress } from '../uploads/uploads';
import type { IJob, IProblem, IUpload } from '../wire';
import { IconButton, TextButton } from './button';
import { usePanel } from './context';
import { JobAbout, ProgressBar } from './scratch/jobs';
import { useSnapshot } from './useSnapshot';

/**
 * Files that failed of which a list shows the names.
 */
const LISTED = 50;

/**
 * All that moves, in one place: uploads of this page and jobs of the server.
 */
export default function TransferList(): React.JSX.Element | null {
  const { manage, trans } = usePanel();
  const { transfers } = manage;
  useSnapshot(transfers.changed, () => transfers.version);
  const [isOpen, setOpen] = React.useState(true);
  const { count, drops, jobs, stopped, uploads } = transfers;
  const over = drops.filter(drop => !drop.isUnderWay);
  const [last] = over;
  const share = uploads?.share ?? null;
  if (count === 0) {
    return null;
  }
  const title =
    share === null
      ? trans.__('Transfers')
      : trans.__('Transfers, %1', formatShare(share));
  return (
    <section
      className="jp-ZarrUpload"
      aria-label={trans.__('Transfers')}
      data-open={isOpen || undefined}
    >
      <div className="jp-ZarrUpload-head">
        <button
          type="button"
          className="jp-ZarrUpload-title"
          aria-expanded={isOpen}
          onClick={() => setOpen(!isOpen)}
        >
          <span
            className="jp-ZarrBrowser-twisty"
            data-open={isOpen}
            aria-hidden
          >
            <twistyIcon.react tag={null} />
          </span>
          {title}
        </button>
        {over.length > 0 ? (
          <TextButton
            label={trans.__('Clear')}
            title={trans.__('Take what is over out of the list')}
            onClick={() => uploads?.dismiss(over)}
          />
        ) : null}
      </div>
      <div className="jp-ZarrBrowser-live" role="status" aria-live="polite">
        {last
          ? `${nameOf(last, trans)}: ${aboutOf(last, false, trans).join(' · ')}`
          : ''}
      </div>
      {isOpen ? (
        <ul className="jp-ZarrUpload-list">
          {stopped.map(upload => (
            <StoppedItem key={upload.id} upload={upload} />
          ))}
          {jobs.map(job => (
            <JobItem key={job.id} job={job} />
          ))}
          {drops.map(drop => (
            <DropItem key={drop.id} drop={drop} />
          ))}
        </ul>
      ) : null}
    </section>
  );
}

/**
 * A large file that a reload of the page has stopped.
 */
function StoppedItem({ upload }: { upload: IUpload }): React.JSX.Element {
  const { manage, trans } = usePanel();
  const { key, partSizeBytes, partsDone, sizeBytes } = upload;
  const share = sizeBytes
    ? Math.min(1, (partsDone.length * partSizeBytes) / sizeBytes)
    : 0;
  return (
    <li className="jp-ZarrUpload-item" data-state="stopped">
      <div className="jp-ZarrUpload-line">
        <uploadIcon.react
          tag="span"
          className="jp-ZarrBrowser-icon"
          aria-hidden
        />
        <div className="jp-ZarrUpload-name" title={manage.uriOf(upload)}>
          {nameOfKey(key)}
        </div>
        <IconButton
          icon={closeIcon}
          label={trans.__('Dismiss')}
          onClick={() => manage.transfers.dismiss(upload)}
        />
      </div>
      <div className="jp-ZarrUpload-foot">
        <div className="jp-ZarrUpload-about">
          {trans.__(
            'Stopped at %1: choose the file again to go on',
            formatShare(share)
          )}
        </div>
        <div className="jp-ZarrUpload-buttons">
          <TextButton
            label={trans.__('Choose file…')}
            onClick={() => manage.uploading.chooseAgain(upload)}
          />
        </div>
      </div>
    </li>
  );
}

function JobItem({ job }: { job: IJob }): React.JSX.Element {
  const { manage, model, trans } = usePanel();
  const { toEndpoint } = job.request;
  const target =
    toEndpoint === MY_FILES
      ? trans.__('my files')
      : toEndpoint
        ? (endpointOf(model, { endpoint: toEndpoint, key: '' })?.title ?? null)
        : null;
  return (
    <li className="jp-ZarrUpload-item">
      <div className="jp-ZarrUpload-job">
        <JobAbout job={job} target={target} trans={trans} />
        <IconButton
          icon={stopIcon}
          label={trans.__('Cancel')}
          onClick={() => manage.cancelJob(job)}
        />
      </div>
    </li>
  );
}

function DropItem({ drop }: { drop: Drop }): React.JSX.Element {
  const { manage, trans } = usePanel();
  const [isOpen, setOpen] = React.useState(false);
  const { uploads } = manage.transfers;
  const { run, progress, state } = drop;
  const name = nameOf(drop, trans);
  const taken = run?.takenFiles ?? 0;
  const failed = run?.failedFiles ?? 0;
  const isKnown = state === 'sending' || state === 'paused';
  const hasFiles = run !== null && (state === 'sending' || failed > 0);
  return (
    <li className="jp-ZarrUpload-item" data-state={state}>
      <div className="jp-ZarrUpload-line">
        <uploadIcon.react
          tag="span"
          className="jp-ZarrBrowser-icon"
          aria-hidden
        />
        <div
          className="jp-ZarrUpload-name"
          title={`${drop.names.slice(0, 20).join('\n')}\n→ ${drop.uri}`}
        >
          {name}
        </div>
        {hasFiles ? (
          <IconButton
            icon={twistyIcon}
            label={trans.__('Show files')}
            className="jp-ZarrUpload-twisty"
            isPressed={isOpen}
            onClick={() => setOpen(!isOpen)}
          />
        ) : null}
        {state === 'sending' ? (
          <IconButton
            icon={pauseIcon}
            label={trans.__('Pause')}
            onClick={() => uploads?.pause(drop)}
          />
        ) : null}
        {state === 'paused' ? (
          <IconButton
            icon={resumeIcon}
            label={trans.__('Go on')}
            onClick={() => uploads?.resume(drop)}
          />
        ) : null}
        {state === 'failed' && failed > taken ? (
          <IconButton
            icon={refreshIcon}
            label={trans.__('Retry what failed')}
            onClick={() => uploads?.retry(drop, false)}
          />
        ) : null}
        {drop.isUnderWay ? (
          <IconButton
            icon={stopIcon}
            label={trans.__('Cancel')}
            onClick={() => manage.uploading.cancel(drop)}
          />
        ) : (
          <IconButton
            icon={closeIcon}
            label={trans.__('Dismiss')}
            onClick={() => uploads?.dismiss([drop])}
          />
        )}
      </div>
      {drop.isUnderWay && state !== 'asking' ? (
        <ProgressBar
          share={isKnown ? shareOf(progress) : null}
          label={trans.__('Uploading %1', name)}
        />
      ) : null}
      <div className="jp-ZarrUpload-foot">
        <div className="jp-ZarrUpload-about">
          {aboutOf(drop, uploads?.isLost ?? false, trans).map((part, at) => (
            <React.Fragment key={at}>
              {at > 0 ? ' · ' : null}
              <span>{part}</span>
            </React.Fragment>
          ))}
        </div>
        <div className="jp-ZarrUpload-buttons">
          {state === 'done' &&
          drop.storeKey !== null &&
          progress.totalFiles > 0 ? (
            <TextButton
              label={trans.__('Insert cell')}
              onClick={() => manage.uploading.insert(drop)}
            />
          ) : null}
          {state === 'done' ? (
            <TextButton
              label={trans.__('Show')}
              onClick={() => manage.uploading.show(drop)}
            />
          ) : null}
          {state === 'failed' && taken > 0 ? (
            <TextButton
              label={trans._n(
                'Replace %2 that is there by now',
                'Replace %2 that are there by now',
                taken,
                formatCount(taken)
              )}
              onClick={() => uploads?.retry(drop, true)}
            />
          ) : null}
        </div>
      </div>
      {isOpen && hasFiles ? <Files drop={drop} /> : null}
    </li>
  );
}

/**
 * Files under way, and the first of those that failed.
 */
function Files({ drop }: { drop: Drop }): React.JSX.Element {
  const { trans } = usePanel();
  const run = drop.run!;
  const { large, small } = run.underWay;
  const failures = run.failures.slice(0, LISTED);
  const more = run.failedFiles - failures.length;
  const short = (key: string) => key.slice(drop.target.key.length);
  return (
    <ul className="jp-ZarrUpload-files">
      {large.map(({ key, bytes, sizeBytes }) => (
        <li key={key} title={key} data-running>
          <span>{short(key)}</span>
          <span className="jp-ZarrBrowser-quiet">
            {formatShare(sizeBytes > 0 ? bytes / sizeBytes : 0)}
          </span>
        </li>
      ))}
      {small > 0 ? (
        <li className="jp-ZarrBrowser-quiet">
          {trans._n(
            '%2 small file on its way',
            '%2 small files on their way',
            small,
            formatCount(small)
          )}
        </li>
      ) : null}
      {failures.map(({ key, problem }) => (
        <li
          key={key}
          data-failed
          title={[key, problem?.message, problem?.hint]
            .filter(Boolean)
            .join('\n')}
        >
          <span>{short(key)}</span>
          <span className="jp-ZarrBrowser-quiet">
            {problem?.code === 'exists'
              ? trans.__('is there by now')
              : problem?.code === 'client_unreadable'
                ? trans.__('cannot be read any more: moved or changed')
                : problem?.message}
          </span>
        </li>
      ))}
      {more > 0 ? (
        <li className="jp-ZarrBrowser-quiet">
          {trans._n('and %2 more', 'and %2 more', more, formatCount(more))}
        </li>
      ) : null}
    </ul>
  );
}

function nameOf({ names, uri }: Drop, trans: TranslationBundle): string {
  const [first, ...others] = names;
  return first === undefined
    ? uri
    : others.length === 0
      ? first
      : trans._n(
          '%2 and %3 more',
          '%2 and %3 more',
          others.length,
          first,
          formatCount(others.length)
        );
}

function shareOf({ bytes, totalBytes, files, totalFiles }: IDropProgress) {
  return totalBytes > 0
    ? bytes / totalBytes
    : totalFiles > 0
      ? files / totalFiles
      : 0;
}

/**
 * What a drop is at, in parts: `312 of 1,024 files`, `1.2 GB of 4 GB`, `35 MB/s`, `2 min left`.
 */
function aboutOf(
  drop: Drop,
  isLost: boolean,
  trans: TranslationBundle
): string[] {
  const { problem, progress, run, state } = drop;
  const failed = run?.failedFiles ?? 0;
  switch (state) {
    case 'reading':
      return [trans.__('Reading what was chosen…')];
    case 'checking':
      return [trans.__('Looking what is there already…')];
    case 'asking':
      return [trans.__('Waiting for your answer')];
    case 'clearing':
      return [trans.__('Deleting what is replaced…')];
    case 'sending':
      return isLost
        ? [
            trans.__('No connection: goes on by itself'),
            ...soFar(progress, trans)
          ]
        : known(
            ...soFar(progress, trans),
            progress.speed === null
              ? null
              : trans.__('%1/s', formatBytes(progress.speed)),
            progress.leftS === null ? null : leftText(progress.leftS, trans),
            run?.trouble
              ? trans.__('%1 Trying again…', reasonText(run.trouble, trans))
              : null,
            failedText(failed, null, trans)
          );
    case 'paused':
      return [
        problem
          ? problem.message
          : run?.isDraining
            ? trans.__('Pausing: what is on its way still ends')
            : trans.__('Paused'),
        ...soFar(progress, trans)
      ];
    case 'done':
      return known(
        filesText(progress.totalFiles, trans),
        formatBytes(progress.totalBytes),
        skippedText(run?.skippedFiles ?? 0, trans)
      );
    case 'failed':
      return problem
        ? [[problem.message, problem.hint].filter(Boolean).join(' ')]
        : known(
            failedText(failed, run && reasonOf(run), trans),
            ...(progress.totalFiles > 1 ? soFar(progress, trans) : [])
          );
    case 'cancelled':
      return [
        run && progress.files > 0
          ? trans.__(
              'Cancelled; what had arrived stays: %1',
              filesText(progress.files, trans)
            )
          : trans.__('Cancelled')
      ];
  }
}

function known(...parts: readonly (string | null)[]): string[] {
  return parts.filter((part): part is string => part !== null);
}

/**
 * Why files failed, where it is the same for all of them.
 */
function reasonOf({ failures }: UploadRun): string | null {
  const [first, ...others] = new Set(
    failures.map(({ problem }) => problem?.message ?? '')
  );
  return first && others.length === 0 ? first : null;
}

/**
 * A problem as a sentence.
 */
function reasonText(
  { code, message }: IProblem,
  trans: TranslationBundle
): string {
  const text = message || trans.__('The server answered “%1”', code);
  return /[.!?…]$/.test(text) ? text : trans.__('%1.', text);
}

function soFar(progress: IDropProgress, trans: TranslationBundle): string[] {
  const { files, totalFiles, bytes, totalBytes } = progress;
  return [
    ...(totalFiles === 1
      ? []
      : [
          trans.__('%1 of %2', formatCount(files), filesText(totalFiles, trans))
        ]),
    trans.__('%1 of %2', formatBytes(bytes), formatBytes(totalBytes))
  ];
}

function filesText(count: number, trans: TranslationBundle): string {
  return trans._n('%2 file', '%2 files', count, formatCount(count));
}

function failedText(
  count: number,
  reason: string | null,
  trans: TranslationBundle
): string | null {
  if (count === 0) {
    return null;
  }
  const text = trans._n(
    '%2 file failed',
    '%2 files failed',
    count,
    formatCount(count)
  );
  return reason === null ? text : trans.__('%1: %2', text, reason);
}

function skippedText(count: number, trans: TranslationBundle): string | null {
  return count === 0
    ? null
    : trans._n('%2 skipped', '%2 skipped', count, formatCount(count));
}

function leftText(seconds: number, trans: TranslationBundle): string {
  const unit = seconds < 90 ? 'second' : seconds < 5400 ? 'minute' : 'hour';
  const length = { second: 1, minute: 60, hour: 3600 }[unit];
  return trans.__(
    '%1 left',
    numberFormat(pageLocale(), {
      style: 'unit',
      unit,
      unitDisplay: 'short',
      maximumFractionDigits: unit === 'hour' ? 1 : 0
    }).format(Math.max(1, seconds) / length)
  );
}
