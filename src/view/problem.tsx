import { copyIcon } from '@jupyterlab/ui-components';
import type { TranslationBundle } from '@jupyterlab/translation';
import React from 'react';

import { LOCAL_CODES } from '../api';
import { noteIcon, problemIcon } from '../icons';
import { isNote } from '../nodes';
import type { IProblem } from '../wire';
import { IconButton, TextButton } from './button';
import { usePanel } from './context';

/**
 * What enables the part of the extension that runs in the Jupyter server.
 */
const ENABLE = 'jupyter server extension enable jupyterlab_zarrbrowser';

/**
 * What happened, what to do, and a button to try again.
 */
export function ProblemBox(props: {
  problem: IProblem;
  onRetry?(): void;
}): React.JSX.Element {
  const { trans, copy } = usePanel();
  return <ProblemNote {...props} trans={trans} copy={copy} />;
}

/**
 * The same outside of the panel.
 */
export function ProblemNote(props: {
  problem: IProblem;
  trans: TranslationBundle;
  copy(text: string): void;
  onRetry?(): void;
}): React.JSX.Element {
  const { problem, onRetry, trans, copy } = props;
  const isQuiet = isNote(problem);
  const Icon = isQuiet ? noteIcon : problemIcon;
  return (
    <div
      className="jp-ZarrBrowser-problem"
      role={isQuiet ? 'note' : 'alert'}
      data-quiet={isQuiet || undefined}
    >
      <Icon.react
        tag="span"
        className="jp-ZarrBrowser-problemIcon"
        aria-hidden
      />
      <div className="jp-ZarrBrowser-problemText">
        <div className="jp-ZarrBrowser-problemMessage">{problem.message}</div>
        {problem.code === LOCAL_CODES.missing ? (
          <>
            <div className="jp-ZarrBrowser-problemHint">
              {trans.__(
                'Run this where the Jupyter server runs, then restart that server:'
              )}
            </div>
            <div className="jp-ZarrBrowser-command">
              <code>{ENABLE}</code>
              <IconButton
                icon={copyIcon}
                label={trans.__('Copy command')}
                onClick={() => copy(ENABLE)}
              />
            </div>
          </>
        ) : problem.hint ? (
          <div className="jp-ZarrBrowser-problemHint">{problem.hint}</div>
        ) : null}
        {onRetry && !isQuiet ? (
          <TextButton label={trans.__('Retry')} onClick={onRetry} />
        ) : null}
      </div>
    </div>
  );
}
