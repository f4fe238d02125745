import { ReactWidget } from '@jupyterlab/ui-components';
import type { TranslationBundle } from '@jupyterlab/translation';
import React from 'react';

import { problemIcon, scratchIcon } from '../../icons';
import { asOfText, formatShare, quotaOf, quotaText } from '../../lifetime';
import { formatBytes } from '../../text';
import type { UsageModel } from '../../usage';
import { useSnapshot } from '../useSnapshot';

/**
 * What the user's own scratch weighs, as it was counted last.
 */
export class ScratchStatus extends ReactWidget {
  constructor(
    private readonly _options: {
      model: UsageModel;
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
  model: UsageModel;
  trans: TranslationBundle;
  open(): void;
}): React.JSX.Element | null {
  const { model, trans, open } = props;
  useSnapshot(model.changed, () => model.version);
  const location = model.locations[0];
  if (!location) {
    return null;
  }
  const { usage, isCounting } = model.place(location);
  const quota = usage ? quotaOf(location, usage.bytes) : null;
  const size = usage ? formatBytes(usage.bytes) : null;
  const shown = !usage
    ? isCounting
      ? trans.__('%1: counting…', location.title)
      : location.title
    : quota
      ? trans.__('%1 %2 (%3)', location.title, size!, formatShare(quota.share))
      : trans.__('%1 %2', location.title, size!);
  const more = !usage
    ? trans.__('Not counted yet. Click to open.')
    : [
        quota && location.quotaBytes !== null
          ? quotaText(quota, location.quotaBytes, trans)
          : null,
        asOfText(usage.asOf, Date.now(), trans)
      ]
        .filter(text => text !== null)
        .join(', ');
  const level = quota?.level ?? 'ok';
  return (
    <button
      type="button"
      className="jp-ZarrUsage-status"
      data-level={level}
      title={`${location.uri}\n${more}`}
      aria-label={trans.__('%1. %2', shown, more)}
      onClick={open}
    >
      {level === 'ok' ? (
        <scratchIcon.react tag="span" aria-hidden />
      ) : (
        <problemIcon.react tag="span" aria-hidden />
      )}
      <span>{shown}</span>
    </button>
  );
}
