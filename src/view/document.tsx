import { copyIcon } from '@jupyterlab/ui-components';
import React from 'react';

import { formatBytes } from '../text';
import type { IDocument } from '../wire';
import { IconButton } from './button';
import { usePanel } from './context';

/**
 * A metadata document as the store has it.
 */
export function RawDocument(props: { document: IDocument }): React.JSX.Element {
  const { copy, trans } = usePanel();
  const { name, text, sizeBytes, isTruncated } = props.document;
  return (
    <details className="jp-ZarrBrowser-section">
      <summary>
        <code>{name}</code>
        <span className="jp-ZarrBrowser-quiet"> {formatBytes(sizeBytes)}</span>
      </summary>
      <div className="jp-ZarrBrowser-document">
        <IconButton
          icon={copyIcon}
          label={trans.__('Copy %1', name)}
          onClick={() => copy(text)}
        />
        <pre className="jp-ZarrBrowser-code">{pretty(text, isTruncated)}</pre>
        {isTruncated ? (
          <p className="jp-ZarrBrowser-quiet">
            {trans.__(
              'Cut short: the whole document has %1.',
              formatBytes(sizeBytes)
            )}
          </p>
        ) : null}
      </div>
    </details>
  );
}

/**
 * Most characters of a document that are indented anew; larger ones are shown as they are.
 */
const PRETTY_MAX = 200_000;

/**
 * A document in one line is indented. What is broken stays as it is, and so does what numbers would suffer in.
 */
function pretty(text: string, isTruncated: boolean): string {
  if (isTruncated || text.length > PRETTY_MAX || text.trim().includes('\n')) {
    return text;
  }
  try {
    const indented = JSON.stringify(JSON.parse(text), null, 2);
    return indented.replace(/\s/g, '') === text.replace(/\s/g, '')
      ? indented
      : text;
  } catch {
    return text;
  }
}
