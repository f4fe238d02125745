import { spreadsheetIcon } from '@jupyterlab/ui-components';
import React from 'react';

import { iconOfKind, twistyIcon } from '../../icons';
import { numberFormat } from '../../intl';
import {
  formatDay,
  formatShare,
  goesSentence,
  goesText,
  isDamaged,
  stateSentence,
  stateText,
  urgencyOf
} from '../../lifetime';
import { formatBytes, formatCount, formatDate } from '../../text';
import type { IColumn } from '../../usageColumns';
import type { IUsageRow } from '../../wire';
import { useUsage } from './context';
import { Sign } from './sign';
import { isTable, kindName } from './words';

/**
 * Height of a row.
 */
export const ROW_PX = 28;

interface ITableRowProps {
  row: IUsageRow;
  domId: string;
  index: number;
  isActive: boolean;
  columns: readonly IColumn[];
  total: number;
}

/**
 * One child of the place. Drawn again only where what it shows has changed.
 */
export const TableRow = React.memo(
  function TableRow(props: ITableRowProps): React.JSX.Element {
    const { row, index, isActive, columns } = props;
    return (
      <div
        id={props.domId}
        className="jp-ZarrUsage-row"
        role="row"
        aria-rowindex={index + 2}
        aria-selected={isActive}
        data-index={index}
        data-key={row.key}
        data-kind={row.kind}
        style={{ top: index * ROW_PX }}
      >
        {columns.map(({ id, isShort }) => (
          <div
            key={id}
            role="gridcell"
            className="jp-ZarrUsage-cell"
            data-column={id}
          >
            <Cell {...props} id={id} isShort={isShort} />
          </div>
        ))}
      </div>
    );
  },
  (one, other) =>
    one.row === other.row &&
    one.index === other.index &&
    one.domId === other.domId &&
    one.isActive === other.isActive &&
    one.total === other.total &&
    one.columns.length === other.columns.length &&
    one.columns.every(
      ({ id, isShort }, at) =>
        id === other.columns[at]!.id && isShort === other.columns[at]!.isShort
    )
);

function Cell(
  props: ITableRowProps & Pick<IColumn, 'id' | 'isShort'>
): React.JSX.Element | null {
  const { row, total, columns } = props;
  const { view, trans } = useUsage();
  const now = Date.now();
  const state = stateText(row, trans);
  switch (props.id) {
    case 'name':
      return (
        <NameCell
          row={row}
          isDamageShown={!columns.some(({ id }) => id === 'chunks')}
          isUrgencyShown={!columns.some(({ id }) => id === 'goes')}
          onLook={() => view.enter(row)}
        />
      );
    case 'bytes':
      return <span title={sizeTitle(row)}>{formatBytes(row.bytes)}</span>;
    case 'share': {
      const share = total > 0 ? row.bytes / total : 0;
      return (
        <>
          <span className="jp-ZarrUsage-bar" aria-hidden>
            <span
              className="jp-ZarrUsage-barFill"
              style={{ width: `${share * 100}%` }}
            />
          </span>
          <span>{formatShare(share)}</span>
        </>
      );
    }
    case 'objects':
      return <span>{formatCount(row.objects)}</span>;
    case 'oldest':
    case 'newest': {
      const at = props.id === 'oldest' ? row.oldestAt : row.newestAt;
      return at === null ? (
        <span className="jp-ZarrBrowser-quiet">–</span>
      ) : (
        <span title={formatDate(at)}>{formatDay(at, now)}</span>
      );
    }
    case 'goes': {
      const urgency = urgencyOf(row, now);
      return (
        <span
          className="jp-ZarrUsage-goes"
          data-urgency={urgency}
          title={goesSentence(row, now, trans)}
        >
          {urgency === 'none' ? null : <Sign />}
          <span>{goesText(row.expiresAt, now, trans, props.isShort)}</span>
        </span>
      );
    }
    case 'chunks':
      return state !== null ? (
        <span
          className="jp-ZarrUsage-chunks"
          data-verdict={isDamaged(row) ? 'deleted' : row.chunks?.verdict}
          title={stateSentence(row, trans) ?? undefined}
        >
          {isDamaged(row) ? <Sign /> : null}
          <span>{state}</span>
        </span>
      ) : null;
  }
}

function NameCell(props: {
  row: IUsageRow;
  isDamageShown: boolean;
  isUrgencyShown: boolean;
  onLook(): void;
}): React.JSX.Element {
  const { row, onLook } = props;
  const { trans } = useUsage();
  const Icon = isTable(row) ? spreadsheetIcon : iconOfKind(row.kind);
  const kind = kindName(row, trans);
  const now = Date.now();
  const isUrgent = props.isUrgencyShown && urgencyOf(row, now) !== 'none';
  return (
    <>
      <Icon.react
        tag="span"
        className="jp-ZarrBrowser-icon"
        title={kind}
        aria-hidden
      />
      <span className="jp-ZarrUsage-name" title={row.name}>
        {row.name}
      </span>
      <span className="jp-ZarrBrowser-live">{kind}</span>
      {isUrgent ? (
        <span
          className="jp-ZarrUsage-goes"
          title={goesSentence(row, now, trans)}
        >
          <Sign />
          <span className="jp-ZarrBrowser-live">
            {goesText(row.expiresAt, now, trans)}
          </span>
        </span>
      ) : null}
      {props.isDamageShown && isDamaged(row) ? (
        <span
          className="jp-ZarrUsage-chunks"
          data-verdict="deleted"
          title={stateSentence(row, trans) ?? undefined}
        >
          <Sign />
          <span className="jp-ZarrBrowser-live">{stateText(row, trans)}</span>
        </span>
      ) : null}
      {row.key.endsWith('/') ? (
        <button
          type="button"
          className="jp-ZarrUsage-look"
          tabIndex={-1}
          title={trans.__('Look inside')}
          aria-label={trans.__('Look inside %1', row.name)}
          onMouseDown={event => event.preventDefault()}
          onDoubleClick={event => event.stopPropagation()}
          onClick={onLook}
        >
          <twistyIcon.react tag={null} />
        </button>
      ) : null}
    </>
  );
}

function sizeTitle(row: IUsageRow): string {
  return numberFormat(undefined, {
    style: 'unit',
    unit: 'byte',
    unitDisplay: 'long'
  }).format(row.bytes);
}
