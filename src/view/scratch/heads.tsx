import { caretDownIcon, caretUpIcon } from '@jupyterlab/ui-components';
import React from 'react';

import type { IColumn } from '../../usageColumns';
import type { Column } from '../../usageView';
import { useUsage } from './context';

/**
 * The head of a column: what it shows, and a button that sorts by it.
 */
export function Head(props: { column: IColumn }): React.JSX.Element {
  const { view, trans } = useUsage();
  const { id, isShort } = props.column;
  const labels: { [each in IColumn['id']]: string } = {
    name: trans.__('Name'),
    bytes: trans.__('Size'),
    share: trans.__('Share'),
    objects: trans.__('Objects'),
    oldest: trans.__('Oldest'),
    newest: trans.__('Newest'),
    goes: trans.__('Deleted after'),
    chunks: trans.__('Chunks')
  };
  const by: Column = id === 'share' ? 'bytes' : id;
  const isSorted = id !== 'share' && view.sort.by === by;
  const Caret = view.sort.isDescending ? caretDownIcon : caretUpIcon;
  return (
    <div
      role="columnheader"
      className="jp-ZarrUsage-head"
      data-column={id}
      aria-sort={
        isSorted
          ? view.sort.isDescending
            ? 'descending'
            : 'ascending'
          : undefined
      }
    >
      <button
        type="button"
        title={trans.__('Sort by %1', labels[by])}
        onClick={() => view.sortBy(by)}
      >
        <span className="jp-ZarrUsage-headLabel">
          {isShort && id === 'goes' ? trans.__('Deleted') : labels[id]}
        </span>
        {isSorted ? <Caret.react tag="span" aria-hidden /> : null}
      </button>
    </div>
  );
}
