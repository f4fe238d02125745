import {
  addIcon,
  copyIcon,
  deleteIcon,
  spreadsheetIcon
} from '@jupyterlab/ui-components';
import type { LabIcon } from '@jupyterlab/ui-components';
import React from 'react';

import {
  iconOfKind,
  keepIcon,
  panelIcon,
  renewIcon,
  twistyIcon
} from '../../icons';
import {
  goesSentence,
  isDamaged,
  stateSentence,
  urgencyOf,
  weightText
} from '../../lifetime';
import { TextButton } from '../button';
import { useUsage } from './context';
import type { UsageCommand } from './context';
import { Sign } from './sign';
import { isTable, kindName } from './words';

/**
 * All about the active row, and what can be done with it.
 */
export function ActionBar(): React.JSX.Element | null {
  const { model, view, trans, run, can } = useUsage();
  const row = view.activeRow;
  const { place } = view;
  if (!row || !place) {
    return null;
  }
  const now = Date.now();
  const state = stateSentence(row, trans);
  const Icon = isTable(row) ? spreadsheetIcon : iconOfKind(row.kind);
  const isScratch = model.scratchOf(place) !== null;
  const buttons: { command: UsageCommand; icon: LabIcon; label: string }[] = [
    { command: 'keep', icon: keepIcon, label: trans.__('Keep…') },
    { command: 'insert', icon: addIcon, label: trans.__('Insert cell') },
    { command: 'look', icon: twistyIcon, label: trans.__('Look inside') },
    { command: 'reveal', icon: panelIcon, label: trans.__('Show in browser') },
    { command: 'copy-uri', icon: copyIcon, label: trans.__('Copy URI') },
    { command: 'renew', icon: renewIcon, label: trans.__('Reset the clock…') },
    { command: 'delete', icon: deleteIcon, label: trans.__('Delete…') }
  ];
  const cannotKeep =
    isScratch && !can('keep')
      ? trans.__(
          'There is no place to keep it in: no endpoint that you may write to is configured.'
        )
      : undefined;
  return (
    <section
      className="jp-ZarrUsage-actions"
      aria-label={trans.__('Selected item')}
    >
      <div className="jp-ZarrUsage-about">
        <Icon.react tag="span" className="jp-ZarrBrowser-icon" aria-hidden />
        <div className="jp-ZarrUsage-aboutText">
          <strong>{row.name}</strong>{' '}
          <span className="jp-ZarrBrowser-quiet">
            {trans.__(
              '%1, %2',
              kindName(row, trans),
              weightText(row.objects, row.bytes, trans)
            )}
          </span>
          {row.expiresAt !== null || state !== null ? (
            <div>
              {row.expiresAt !== null ? (
                <span
                  className="jp-ZarrUsage-goes"
                  data-urgency={urgencyOf(row, now)}
                >
                  {urgencyOf(row, now) === 'none' ? null : <Sign />}{' '}
                  {goesSentence(row, now, trans)}
                </span>
              ) : null}{' '}
              {state !== null ? (
                <span
                  className="jp-ZarrUsage-chunks"
                  data-verdict={
                    isDamaged(row) ? 'deleted' : row.chunks?.verdict
                  }
                >
                  {isDamaged(row) ? <Sign /> : null} {state}
                </span>
              ) : null}
            </div>
          ) : null}
        </div>
      </div>
      <div className="jp-ZarrUsage-buttons">
        {buttons
          .filter(
            ({ command }) =>
              can(command) || (command === 'keep' && cannotKeep !== undefined)
          )
          .map(({ command, icon, label }) => (
            <TextButton
              key={command}
              icon={icon}
              label={label}
              isPrimary={command === 'keep' && can('keep')}
              isDisabled={!can(command)}
              title={command === 'keep' && cannotKeep ? cannotKeep : label}
              onClick={() => run(command)}
            />
          ))}
      </div>
    </section>
  );
}
