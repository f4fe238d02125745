import { Dialog, showDialog } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import React from 'react';

import { addressOf, keepKey, keepProblem, typedKey } from '../../keep';
import { weightText } from '../../lifetime';
import { nameOfKey } from '../../nodes';
import type { ILocation } from '../../nodes';
import { nextName } from '../../uploads/conflicts';
import type { IEndpoint, IUsageRow } from '../../wire';
import { validate } from '../scratch/dialogs';
import { Form } from './form';

export interface IPlaceChoice extends ILocation {
  /**
   * Whether a cell should copy it, on a cluster, instead of the server.
   */
  readonly asCell: boolean;
}

interface IPlaceOptions {
  row: IUsageRow;
  places: readonly IEndpoint[];
  from: ILocation;
  /**
   * Addresses of folders to choose from.
   */
  folders: readonly string[];
  isMove: boolean;
  /**
   * Whether it is so large that a cluster had better copy it.
   */
  isLarge: boolean;
  trans: TranslationBundle;
}

/**
 * Ask where to copy or move something. Null where the user thinks better of it.
 */
export async function askPlace(
  options: IPlaceOptions
): Promise<IPlaceChoice | null> {
  const { row, isMove, isLarge, trans } = options;
  const result = await showDialog<ILocation | null>({
    title: isMove
      ? trans.__('Move “%1”', row.name)
      : trans.__('Copy “%1”', row.name),
    body: new Form<ILocation>(set => <PlaceForm {...options} onChange={set} />),
    buttons: [
      Dialog.cancelButton({ label: trans.__('Cancel') }),
      ...(isLarge
        ? [
            Dialog.okButton({
              label: trans.__('Insert cell that copies it'),
              actions: ['cell']
            })
          ]
        : []),
      Dialog.okButton({ label: isMove ? trans.__('Move') : trans.__('Copy') })
    ],
    focusNodeSelector: 'input[type="text"]'
  });
  const { button, value } = result;
  return button.accept && value
    ? { ...value, asCell: button.actions.includes('cell') }
    : null;
}

function PlaceForm(
  props: IPlaceOptions & { onChange(value: ILocation | null): void }
): React.JSX.Element {
  const { row, places, from, folders, isMove, isLarge, trans, onChange } =
    props;
  const isFolder = row.key.endsWith('/');
  const own = places.find(({ id }) => id === from.endpoint);
  const above = row.key.slice(0, -row.name.length - (isFolder ? 1 : 0));
  const [text, setText] = React.useState(() => {
    const place = own ?? places[0]!;
    const isAllowed =
      own &&
      (!own.writablePrefixes ||
        own.writablePrefixes.some(prefix => above.startsWith(prefix)));
    return addressOf(place, isAllowed ? above : keepFolder(place, row));
  });
  const [name, setName] = React.useState(() =>
    // Beside the original, a copy needs another name.
    !isMove && own && text === addressOf(own, above)
      ? nextName(row.name, isFolder)
      : row.name
  );
  const inputRef = React.useRef<HTMLInputElement>(null);
  const id = React.useId();
  const place = placeOf(places, text);
  const folder = place
    ? typedKey(text.trim().slice(place.url.length), true)
    : '';
  const key = name === '' ? '' : `${folder}${name}${isFolder ? '/' : ''}`;
  const problem = place && keepProblem(place, key);
  const isSame = place?.id === from.endpoint && key === from.key;
  const wrong = !place
    ? trans.__('Begin with one of: %1', places.map(({ url }) => url).join(', '))
    : name === '' || name.includes('/')
      ? trans.__('Type a name.')
      : problem === 'forbidden'
        ? trans.__(
            'You may write below %1.',
            place
              .writablePrefixes!.map(each => addressOf(place, each))
              .join(', ')
          )
        : problem
          ? trans.__('Name a bucket: %1bucket/', place.url)
          : isSame
            ? trans.__('It lies there already.')
            : isFolder && place.id === from.endpoint && key.startsWith(row.key)
              ? trans.__('That is inside of it.')
              : '';

  React.useEffect(() => {
    onChange(wrong === '' ? { endpoint: place!.id, key } : null);
    validate(inputRef.current, wrong);
  });

  return (
    <div className="jp-ZarrUsage-form">
      <p>
        <strong>{weightText(row.objects, row.bytes, trans)}</strong>{' '}
        {isMove
          ? trans.__('to be copied, compared, and then deleted here.')
          : trans.__('to be copied, and compared with the original.')}
      </p>
      {isLarge ? (
        <p className="jp-ZarrUsage-hint">
          {trans.__(
            'That is much for one server. A cell that copies it on a Dask cluster is faster.'
          )}
        </p>
      ) : null}
      <label htmlFor={`${id}-folder`}>{trans.__('Folder')}</label>
      <input
        id={`${id}-folder`}
        ref={inputRef}
        type="text"
        className="jp-mod-styled"
        spellCheck={false}
        autoComplete="off"
        list={`${id}-folders`}
        value={text}
        aria-describedby={`${id}-uri`}
        aria-invalid={wrong !== ''}
        onChange={event => setText(event.target.value)}
      />
      <datalist id={`${id}-folders`}>
        {[
          ...new Set([...folders, ...places.map(each => addressOf(each, ''))])
        ].map(address => (
          <option key={address} value={address} />
        ))}
      </datalist>
      <label htmlFor={`${id}-name`}>{trans.__('Name there')}</label>
      <input
        id={`${id}-name`}
        type="text"
        className="jp-mod-styled"
        spellCheck={false}
        autoComplete="off"
        value={name}
        onChange={event => setName(event.target.value)}
      />
      <div id={`${id}-uri`} className="jp-ZarrUsage-formNote" role="status">
        {wrong !== '' ? (
          <span className={isSame ? undefined : 'jp-ZarrUsage-wrong'}>
            {wrong}
          </span>
        ) : (
          <code>{addressOf(place!, key)}</code>
        )}
      </div>
    </div>
  );
}

/**
 * The folder in which something lies if the user says nothing else.
 */
function keepFolder(place: IEndpoint, row: IUsageRow): string {
  const key = keepKey(place, row);
  return key.slice(
    0,
    key.length - nameOfKey(row.key).length - (row.key.endsWith('/') ? 1 : 0)
  );
}

/**
 * The endpoint in which an address lies: the one whose root is most of it.
 */
function placeOf(
  places: readonly IEndpoint[],
  address: string
): IEndpoint | null {
  const text = address.trim();
  return (
    places
      .filter(({ url }) => {
        const root = url.replace(/\/$/, '');
        return (
          text === root || text.startsWith(url.endsWith('/') ? url : `${url}/`)
        );
      })
      .sort((one, other) => other.url.length - one.url.length)[0] ?? null
  );
}
