import React from 'react';

import { addressOf } from '../../keep';
import { placeName } from '../../usageView';
import { useUsage } from './context';

/**
 * The way down to the place that is shown.
 */
export function Breadcrumb(): React.JSX.Element | null {
  const { model, view, trans } = useUsage();
  const { path, root } = view;
  if (path.length < 2 || !root) {
    return null;
  }
  const endpoint = model.endpoint(root.endpoint);
  const uri = endpoint ? addressOf(endpoint, '') : '';
  return (
    <nav className="jp-ZarrUsage-path" aria-label={trans.__('Place')}>
      <ol>
        {path.map((place, depth) => {
          const name = placeName(place, uri);
          const isLast = depth === path.length - 1;
          return (
            <li key={place.key}>
              {isLast ? (
                <span aria-current="location">{name}</span>
              ) : (
                <button
                  type="button"
                  className="jp-ZarrBrowser-link"
                  onClick={() => view.show(place)}
                >
                  {name}
                </button>
              )}
            </li>
          );
        })}
      </ol>
    </nav>
  );
}
