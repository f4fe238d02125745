import React from 'react';

import { problemIcon } from '../../icons';

/**
 * Stands before words that warn: colour alone would not tell everybody.
 */
export function Sign(): React.JSX.Element {
  return (
    <problemIcon.react tag="span" className="jp-ZarrUsage-sign" aria-hidden />
  );
}
