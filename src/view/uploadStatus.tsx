import { ReactWidget } from '@jupyterlab/ui-components';
import type { TranslationBundle } from '@jupyterlab/translation';
import React from 'react';

import { uploadIcon } from '../icons';
import { formatShare } from '../lifetime';
import { formatCount } from '../text';
import type { Transfers } from '../transfers';
import { useSnapshot } from './useSnapshot';

/**
 * How far all that is under way has come.
 */
export class UploadStatus extends ReactWidget {
  constructor(
    private readonly _options: {
      transfers: Transfers;
      trans: TranslationBundle;
      open(): void;
    }
  ) {
    super();
    this.addClass('jp-ZarrUsage-statusItem');
  }

  protected override render(): React.JSX.Element {
    return <Status {...this._options} />;
  }
}

function Status(props: {
  transfers: Transfers;
  trans: TranslationBundle;
  open(): void;
}): React.JSX.Element | null {
  const { transfers, trans, open } = props;
  useSnapshot(transfers.changed, () => transfers.version);
  const share = transfers.uploads?.share ?? null;
  const jobs = transfers.jobs.length;
  if (share === null && jobs === 0) {
    return null;
  }
  const isAsking = transfers.drops.some(({ state }) => state === 'asking');
  const shown =
    share === null
      ? trans._n('%2 job', '%2 jobs', jobs, formatCount(jobs))
      : isAsking
        ? trans.__('An upload waits for your answer')
        : trans.__('Uploading %1', formatShare(share));
  return (
    <button
      type="button"
      className="jp-ZarrUsage-status"
      title={trans.__('Show transfers')}
      aria-label={trans.__('%1. %2', shown, trans.__('Show transfers'))}
      onClick={open}
    >
      <uploadIcon.react tag="span" aria-hidden />
      <span>{shown}</span>
    </button>
  );
}
