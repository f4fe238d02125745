import { addIcon, copyIcon } from '@jupyterlab/ui-components';
import React from 'react';

import { twistyIcon } from '../icons';
import type { ISnippet } from '../wire';
import { IconButton, TextButton } from './button';
import { usePanel } from './context';
import { useSnapshot } from './useSnapshot';

/**
 * Code that opens a node, one of several ways at a time.
 */
export function SnippetBlock(props: {
  snippets: readonly ISnippet[];
  onInsert(snippet: ISnippet): void;
}): React.JSX.Element | null {
  const { copy, state, trans } = usePanel();
  const [id, setId] = React.useState<string | null>(null);
  const isOpen = useSnapshot(state.changed, () => state.isCodeOpen);
  const { snippets, onInsert } = props;
  const chosen = snippets.find(snippet => snippet.id === id) ?? snippets[0];
  if (!chosen) {
    return null;
  }
  return (
    <div className="jp-ZarrBrowser-snippet">
      <div className="jp-ZarrBrowser-snippetBar">
        <button
          type="button"
          className="jp-ZarrBrowser-iconButton jp-ZarrBrowser-codeToggle"
          title={isOpen ? trans.__('Hide code') : trans.__('Show code')}
          aria-label={trans.__('Show code')}
          aria-expanded={isOpen}
          onClick={() => {
            state.isCodeOpen = !isOpen;
          }}
        >
          <twistyIcon.react tag={null} />
        </button>
        {snippets.length > 1 ? (
          <select
            className="jp-ZarrBrowser-select"
            aria-label={trans.__('Way to open it')}
            title={chosen.label}
            value={chosen.id}
            onChange={event => setId(event.target.value)}
          >
            {snippets.map(snippet => (
              <option key={snippet.id} value={snippet.id}>
                {snippet.label}
              </option>
            ))}
          </select>
        ) : (
          <span className="jp-ZarrBrowser-snippetLabel">{chosen.label}</span>
        )}
        <IconButton
          icon={copyIcon}
          label={trans.__('Copy code')}
          onClick={() => copy(chosen.code)}
        />
        <TextButton
          label={trans.__('Insert')}
          icon={addIcon}
          isPrimary
          onClick={() => onInsert(chosen)}
        />
      </div>
      {isOpen ? (
        <pre className="jp-ZarrBrowser-code">{chosen.code.trimEnd()}</pre>
      ) : null}
    </div>
  );
}
