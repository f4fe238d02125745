import { Dialog, showDialog } from '@jupyterlab/apputils';
import { ReactWidget } from '@jupyterlab/ui-components';
import type { TranslationBundle } from '@jupyterlab/translation';
import type { ISignal } from '@lumino/signaling';
import React from 'react';

import { addressOf, keepKey, keepProblem, typedKey } from '../../keep';
import { weightText } from '../../lifetime';
import { nameOfKey } from '../../nodes';
import type { ILocation } from '../../nodes';
import { formatCount } from '../../text';
import type { IAnswer, IQuestion, IReplaced } from '../../uploads/uploads';
import type { IEndpoint, IJobProgress, IUsageRow } from '../../wire';
import { validate } from '../scratch/dialogs';
import { useSnapshot } from '../useSnapshot';

/**
 * Milliseconds before something that may be over at once is shown.
 */
const SHOWN_MS = 400;

/**
 * Names that a question lists.
 */
const LISTED = 5;

/**
 * What a dialog shows, and the value that it returns; null where it cannot be accepted.
 */
class Form<T> extends ReactWidget {
  constructor(
    private readonly _draw: (
      set: (value: T | null) => void
    ) => React.JSX.Element
  ) {
    super();
    this.addClass('jp-ZarrUsage-dialog');
  }

  getValue(): T | null {
    return this._value;
  }

  protected override render(): React.JSX.Element {
    return this._draw(value => {
      this._value = value;
    });
  }

  private _value: T | null = null;
}

// --- Counting ---

/**
 * Wait for the end of a count; what takes a while can be given up. Returns whether the end was waited for.
 */
export async function whileCounting(
  work: Promise<unknown>,
  options: {
    name: string;
    progress(): IJobProgress | null;
    changed: ISignal<unknown, unknown>;
    trans: TranslationBundle;
    signal?: AbortSignal;
  }
): Promise<boolean> {
  const { name, progress, changed, signal, trans } = options;
  let isOver = false;
  const end = work
    .catch(() => undefined)
    .then(() => {
      isOver = true;
    });
  await Promise.race([
    end,
    new Promise(resolve => setTimeout(resolve, SHOWN_MS))
  ]);
  if (isOver) {
    return true;
  }
  const dialog = new Dialog({
    title: trans.__('Counting what lies in “%1”', name),
    body: ReactWidget.create(
      <Counting progress={progress} changed={changed} trans={trans} />
    ),
    buttons: [Dialog.cancelButton({ label: trans.__('Cancel') })]
  });
  const close = () => dialog.resolve(0);
  void end.then(close);
  signal?.addEventListener('abort', close, { once: true });
  await dialog.launch();
  return isOver;
}

function Counting(props: {
  progress(): IJobProgress | null;
  changed: ISignal<unknown, unknown>;
  trans: TranslationBundle;
}): React.JSX.Element {
  const { progress, changed, trans } = props;
  const now = useSnapshot(changed, progress);
  return (
    <div className="jp-ZarrUsage-form" role="status">
      <p>
        {now
          ? trans.__('%1 so far', weightText(now.objects, now.bytes, trans))
          : trans.__('waiting for its turn')}
      </p>
    </div>
  );
}

// --- What is there already ---

/**
 * Ask, once for a whole drop, what to do about what lies there already.
 */
export async function askTaken(options: {
  question: IQuestion;
  weights: readonly (IReplaced & { readonly bytes: number })[];
  signal: AbortSignal;
  trans: TranslationBundle;
}): Promise<IAnswer> {
  const { question, weights, signal, trans } = options;
  const { container, files, stores, totalFiles } = question;
  const dialog = new Dialog({
    title: trans.__('Some of it is there already'),
    body: ReactWidget.create(
      <div className="jp-ZarrUsage-form">
        {files.length > 0 ? (
          <>
            <p>
              {trans._n(
                '%2 of %3 files would be replaced:',
                '%2 of %3 files would be replaced:',
                files.length,
                formatCount(files.length),
                formatCount(totalFiles)
              )}
            </p>
            <Names
              names={files.map(key => key.slice(container.length))}
              trans={trans}
            />
          </>
        ) : null}
        {stores.length > 0 ? (
          <>
            <p>
              {trans.__(
                'Zarr stores of the same name, which “Replace” deletes first, so that no chunk of theirs stays:'
              )}
            </p>
            <Names
              names={weights.map(({ key, objects, bytes }) =>
                trans.__(
                  '%1, %2',
                  key.slice(container.length, -1),
                  weightText(objects, bytes, trans)
                )
              )}
              trans={trans}
            />
          </>
        ) : null}
        <p className="jp-ZarrBrowser-quiet">
          {trans.__(
            '“Skip” uploads only what is not there. “Keep both” gives what comes another name.'
          )}
        </p>
      </div>
    ),
    buttons: [
      Dialog.cancelButton({ label: trans.__('Cancel') }),
      Dialog.okButton({ label: trans.__('Skip'), actions: ['skip'] }),
      Dialog.warnButton({ label: trans.__('Replace'), actions: ['replace'] }),
      Dialog.okButton({ label: trans.__('Keep both'), actions: ['keep'] })
    ],
    defaultButton: 3
  });
  signal.addEventListener('abort', () => dialog.reject(), { once: true });
  const { button } = await dialog.launch();
  const [action] = button.actions;
  const answer =
    button.accept &&
    (action === 'skip' || action === 'replace' || action === 'keep')
      ? action
      : 'cancel';
  return { answer, stores: weights };
}

function Names(props: {
  names: readonly string[];
  trans: TranslationBundle;
}): React.JSX.Element {
  const { names, trans } = props;
  const more = names.length - LISTED;
  return (
    <ul className="jp-ZarrUpload-names">
      {names.slice(0, LISTED).map(name => (
        <li key={name}>{name}</li>
      ))}
      {more > 0 ? (
        <li className="jp-ZarrBrowser-quiet">
          {trans._n('and %2 more', 'and %2 more', more, formatCount(more))}
        </li>
      ) : null}
    </ul>
  );
}

/**
 * What to do with a file that a cell could write as Zarr. Null where nothing is to be done.
 */
export async function askConvert(
  name: string,
  trans: TranslationBundle
): Promise<'file' | 'cell' | null> {
  const { button } = await showDialog({
    title: trans.__('Upload “%1”', name),
    body: (
      <div className="jp-ZarrUsage-form">
        <p>
          {trans.__(
            'As it is, it can be downloaded again. As Zarr, it can be read in pieces from here; a cell in your notebook writes that, and you run it.'
          )}
        </p>
      </div>
    ),
    buttons: [
      Dialog.cancelButton({ label: trans.__('Cancel') }),
      Dialog.okButton({
        label: trans.__('Insert cell that writes it as Zarr'),
        actions: ['cell']
      }),
      Dialog.okButton({
        label: trans.__('Upload as it is'),
        actions: ['file']
      })
    ],
    defaultButton: 2
  });
  const [action] = button.actions;
  return button.accept && (action === 'file' || action === 'cell')
    ? action
    : null;
}

// --- Names ---

interface INameOptions {
  title: string;
  label: string;
  accept: string;
  /**
   * The whole address that a name makes.
   */
  address(name: string): string;
  first?: string;
  /**
   * What is to be known first.
   */
  lead?: React.ReactNode;
  note?: string;
  pattern?: RegExp;
  trans: TranslationBundle;
}

/**
 * Ask for a name. Null where the user thinks better of it.
 */
export async function askName(options: INameOptions): Promise<string | null> {
  const { title, accept, trans } = options;
  const result = await showDialog<string | null>({
    title,
    body: new Form<string>(set => <NameForm {...options} onChange={set} />),
    buttons: [
      Dialog.cancelButton({ label: trans.__('Cancel') }),
      Dialog.okButton({ label: accept })
    ],
    focusNodeSelector: 'input[type="text"]'
  });
  return result.button.accept ? (result.value ?? null) : null;
}

function NameForm(
  props: INameOptions & { onChange(name: string | null): void }
): React.JSX.Element {
  const { label, address, first, lead, note, pattern, trans, onChange } = props;
  const [text, setText] = React.useState(first ?? '');
  const inputRef = React.useRef<HTMLInputElement>(null);
  const id = React.useId();
  const isSame = first !== undefined && text === first;
  const wrong =
    text === '' || text === '.' || text === '..'
      ? trans.__('Type a name.')
      : text.includes('/')
        ? trans.__('A name has no “/”.')
        : pattern && !pattern.test(text)
          ? trans.__('The service takes no such name.')
          : isSame
            ? trans.__('Type another name.')
            : '';

  React.useEffect(() => {
    onChange(wrong === '' ? text : null);
    validate(inputRef.current, wrong);
  });

  React.useEffect(() => {
    // All but the ending, which mostly stays.
    const input = inputRef.current;
    const dot = (first ?? '').lastIndexOf('.');
    requestAnimationFrame(() =>
      input?.setSelectionRange(0, dot > 0 ? dot : (first ?? '').length)
    );
  }, [first]);

  return (
    <div className="jp-ZarrUsage-form">
      {lead}
      <label htmlFor={id}>{label}</label>
      <input
        id={id}
        ref={inputRef}
        type="text"
        className="jp-mod-styled"
        spellCheck={false}
        autoComplete="off"
        value={text}
        aria-describedby={`${id}-address`}
        aria-invalid={wrong !== ''}
        onChange={event => setText(event.target.value)}
      />
      <div id={`${id}-address`} className="jp-ZarrUsage-formNote" role="status">
        {wrong !== '' ? (
          text === '' || isSame ? (
            <span>{wrong}</span>
          ) : (
            <span className="jp-ZarrUsage-wrong">{wrong}</span>
          )
        ) : (
          <code>{address(text)}</code>
        )}
      </div>
      {note ? <p className="jp-ZarrBrowser-quiet">{note}</p> : null}
    </div>
  );
}

/**
 * Ask for another name, and say what that costs.
 */
export function askRename(options: {
  row: IUsageRow;
  address(name: string): string;
  isLocal: boolean;
  trans: TranslationBundle;
}): Promise<string | null> {
  const { row, address, isLocal, trans } = options;
  return askName({
    title: trans.__('Rename “%1”', row.name),
    label: trans.__('New name'),
    accept: trans.__('Rename'),
    first: row.name,
    address,
    lead: (
      <p>
        <strong>{weightText(row.objects, row.bytes, trans)}</strong>{' '}
        {isLocal
          ? trans.__('to be copied, compared, and then deleted here.')
          : trans.__(
              'to be copied, compared, and then deleted here: object stores cannot rename.'
            )}
      </p>
    ),
    trans
  });
}

// --- Places ---

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
  const [text, setText] = React.useState(() => {
    const place = own ?? places[0]!;
    const above = row.key.slice(0, -row.name.length - (isFolder ? 1 : 0));
    const isAllowed =
      own &&
      (!own.writablePrefixes ||
        own.writablePrefixes.some(prefix => above.startsWith(prefix)));
    return addressOf(place, isAllowed ? above : keepFolder(place, row));
  });
  const [name, setName] = React.useState(row.name);
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
export function placeOf(
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
