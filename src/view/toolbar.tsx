import { closeIcon, refreshIcon, searchIcon } from '@jupyterlab/ui-components';
import React from 'react';

import { collapseAllIcon, detailsIcon, goToIcon } from '../icons';
import { formatCount } from '../text';
import { IconButton } from './button';
import { usePanel } from './context';
import { useSnapshot } from './useSnapshot';

/**
 * Filter box and buttons above the tree.
 */
export function Toolbar(props: { focusTree(): void }): React.JSX.Element {
  const { model, state, trans } = usePanel();
  useSnapshot(model.changed, () => model.version);
  const areDetailsOpen = useSnapshot(state.changed, () => state.areDetailsOpen);
  const isGoToOpen = useSnapshot(state.changed, () => state.isGoToOpen);
  // The box keeps spaces at its ends while one types; the model does not.
  const [text, setText] = React.useState(model.filter);
  const shown = text.trim() === model.filter ? text : model.filter;
  const { matches } = model.rows;

  const filter = (value: string) => {
    setText(value);
    model.setFilter(value);
  };

  return (
    <div
      className="jp-ZarrBrowser-toolbar"
      role="toolbar"
      aria-label={trans.__('Zarr Browser')}
    >
      <div className="jp-ZarrBrowser-box">
        <searchIcon.react tag="span" className="jp-ZarrBrowser-boxIcon" />
        <input
          className="jp-ZarrBrowser-input jp-ZarrBrowser-filter"
          type="text"
          spellCheck={false}
          placeholder={trans.__('Filter')}
          aria-label={trans.__('Filter what is loaded by name')}
          value={shown}
          onChange={event => filter(event.target.value)}
          onKeyDown={event => {
            if (event.key === 'Escape' && model.filter !== '') {
              filter('');
              event.stopPropagation();
            } else if (event.key === 'ArrowDown' || event.key === 'Enter') {
              event.preventDefault();
              props.focusTree();
            }
          }}
        />
        {shown === '' ? null : (
          <IconButton
            icon={closeIcon}
            label={trans.__('Clear filter')}
            className="jp-ZarrBrowser-boxButton"
            onClick={() => filter('')}
          />
        )}
      </div>
      <IconButton
        icon={goToIcon}
        label={trans.__('Go to a URL or path')}
        isPressed={isGoToOpen}
        onClick={() => {
          state.isGoToOpen = !state.isGoToOpen;
        }}
      />
      <IconButton
        icon={refreshIcon}
        label={trans.__('Refresh all that is expanded')}
        isBusy={model.isRefreshing}
        onClick={() => void model.refresh()}
      />
      <IconButton
        icon={collapseAllIcon}
        label={trans.__('Collapse all')}
        onClick={() => model.collapseAll()}
      />
      <IconButton
        icon={detailsIcon}
        label={trans.__('Show details')}
        isPressed={areDetailsOpen}
        onClick={() => {
          state.areDetailsOpen = !state.areDetailsOpen;
        }}
      />
      <div className="jp-ZarrBrowser-live" role="status" aria-live="polite">
        {matches === null
          ? ''
          : trans._n('%2 match', '%2 matches', matches, formatCount(matches))}
      </div>
    </div>
  );
}
