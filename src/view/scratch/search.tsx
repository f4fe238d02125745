import { closeIcon, searchIcon } from '@jupyterlab/ui-components';
import React from 'react';

import { IconButton } from '../button';
import { useUsage } from './context';

/**
 * Leaves the rows whose name holds what is typed.
 */
export function SearchBox(props: { onLeave(): void }): React.JSX.Element {
  const { view, trans } = useUsage();
  return (
    <div className="jp-ZarrBrowser-box">
      <searchIcon.react tag="span" className="jp-ZarrBrowser-boxIcon" />
      <input
        className="jp-ZarrBrowser-input"
        type="text"
        spellCheck={false}
        placeholder={trans.__('Search by name')}
        aria-label={trans.__('Search by name')}
        value={view.search}
        onChange={event => {
          view.search = event.target.value;
        }}
        onKeyDown={event => {
          if (event.key === 'Escape' && view.search !== '') {
            view.search = '';
            event.stopPropagation();
          } else if (event.key === 'ArrowDown' || event.key === 'Enter') {
            event.preventDefault();
            props.onLeave();
            view.activate(0);
          }
        }}
      />
      {view.search === '' ? null : (
        <IconButton
          icon={closeIcon}
          label={trans.__('Clear search')}
          className="jp-ZarrBrowser-boxButton"
          onClick={() => {
            view.search = '';
          }}
        />
      )}
    </div>
  );
}
