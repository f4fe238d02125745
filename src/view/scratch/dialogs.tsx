import { Dialog, showDialog } from '@jupyterlab/apputils';
import { ReactWidget } from '@jupyterlab/ui-components';
import type { TranslationBundle } from '@jupyterlab/translation';
import React from 'react';

import { addressOf, keepKey, keepProblem, typedKey } from '../../keep';
import { goesSentence, stateSentence, weightText } from '../../lifetime';
import type { IEndpoint, IProblem, IUsageRow } from '../../wire';

export interface IKeepChoice {
  readonly endpoint: string;
  readonly key: string;
  readonly deleteSource: boolean;
  /**
   * Whether a cell should copy it, on a cluster, instead of the server.
   */
  readonly asCell: boolean;
}

/**
 * Ask where to keep a row. Null where the user thinks better of it.
 */
export async function askKeep(options: {
  row: IUsageRow;
  /**
   * Where it lies; null where nothing is known of that.
   */
  from: IEndpoint | null;
  /**
   * The first is proposed.
   */
  places: readonly IEndpoint[];
  /**
   * Whether the scratch copy may be deleted afterwards.
   */
  canDelete: boolean;
  /**
   * Whether it is so large that a cluster had better copy it.
   */
  isLarge: boolean;
  trans: TranslationBundle;
}): Promise<IKeepChoice | null> {
  const { row, isLarge, trans } = options;
  const body = new KeepBody(options);
  const result = await showDialog<IKeepChoice | null>({
    title: trans.__('Keep “%1”', row.name),
    body,
    buttons: [
      Dialog.cancelButton({ label: trans.__('Cancel') }),
      // One of two is the main one: what is too large for a server is better left to a cell.
      Dialog.createButton({
        label: trans.__('Keep'),
        accept: !isLarge,
        actions: ['keep']
      }),
      ...(isLarge
        ? [
            Dialog.okButton({
              label: trans.__('Insert cell that copies it'),
              actions: ['cell']
            })
          ]
        : [])
    ],
    focusNodeSelector: 'input[type="text"]'
  });
  const [action] = result.button.actions;
  // JupyterLab asks the body only for what the main button accepts.
  const value = action === undefined ? null : body.getValue();
  return value && { ...value, asCell: action === 'cell' };
}

class KeepBody extends ReactWidget {
  constructor(private readonly _options: Parameters<typeof askKeep>[0]) {
    super();
    this.addClass('jp-ZarrUsage-dialog');
  }

  /**
   * What the dialog returns; null where it cannot be done.
   */
  getValue(): IKeepChoice | null {
    return this._value;
  }

  protected override render(): React.JSX.Element {
    return (
      <KeepForm
        {...this._options}
        onChange={value => {
          this._value = value;
        }}
      />
    );
  }

  private _value: IKeepChoice | null = null;
}

function KeepForm(
  props: Parameters<typeof askKeep>[0] & {
    onChange(value: IKeepChoice | null): void;
  }
): React.JSX.Element {
  const { row, from, places, canDelete, isLarge, trans, onChange } = props;
  const isContainer = row.key.endsWith('/');
  const [place, setPlace] = React.useState(places[0]!);
  const [text, setText] = React.useState(() => keepKey(place, row));
  const [deleteSource, setDeleteSource] = React.useState(false);
  const inputRef = React.useRef<HTMLInputElement>(null);
  const id = React.useId();
  const key = typedKey(text, isContainer);
  const wrong = keepProblem(place, key);
  const message = wrong === null ? '' : problemText(wrong, place, trans);

  React.useEffect(() => {
    onChange(
      wrong ? null : { endpoint: place.id, key, deleteSource, asCell: false }
    );
    validate(inputRef.current, message);
  });

  return (
    <div className="jp-ZarrUsage-form">
      <p>
        <strong>{weightText(row.objects, row.bytes, trans)}</strong>{' '}
        {trans.__(
          'to be copied. The copy is compared with the original before it counts as done.'
        )}
      </p>
      {row.damage !== null ||
      (row.chunks && row.chunks.verdict !== 'complete') ? (
        // The copy will lack them, too.
        <p className="jp-ZarrUsage-hint">{stateSentence(row, trans)}</p>
      ) : null}
      {isLarge ? (
        <p className="jp-ZarrUsage-hint">
          {trans.__(
            'That is much for one server. A cell that copies it on a Dask cluster is faster.'
          )}
        </p>
      ) : null}
      <label htmlFor={`${id}-place`}>{trans.__('Place')}</label>
      <select
        id={`${id}-place`}
        className="jp-mod-styled"
        value={place.id}
        onChange={event => {
          const chosen = places.find(each => each.id === event.target.value);
          if (chosen) {
            setPlace(chosen);
            setText(keepKey(chosen, row));
          }
        }}
      >
        {places.map(each => (
          <option key={each.id} value={each.id}>
            {each.title}
          </option>
        ))}
      </select>
      <label htmlFor={`${id}-key`}>{trans.__('Path and name there')}</label>
      <input
        id={`${id}-key`}
        ref={inputRef}
        type="text"
        className="jp-mod-styled"
        spellCheck={false}
        value={text}
        aria-describedby={`${id}-uri`}
        aria-invalid={wrong !== null}
        onChange={event => setText(event.target.value)}
      />
      <div id={`${id}-uri`} className="jp-ZarrUsage-formNote" role="status">
        {message ? (
          <span className="jp-ZarrUsage-wrong">{message}</span>
        ) : (
          <code>{addressOf(place, key)}</code>
        )}
      </div>
      {from && from.kind !== place.kind ? (
        <p className="jp-ZarrUsage-hint">
          {trans.__(
            '%1 is another kind of service: all bytes go through the Jupyter server.',
            place.title
          )}
        </p>
      ) : null}
      {canDelete ? (
        <label className="jp-ZarrUsage-check">
          <input
            type="checkbox"
            checked={deleteSource}
            onChange={event => setDeleteSource(event.target.checked)}
          />
          {trans.__('Then delete the scratch copy')}
        </label>
      ) : null}
    </div>
  );
}

function problemText(
  wrong: NonNullable<ReturnType<typeof keepProblem>>,
  place: IEndpoint,
  trans: TranslationBundle
): string {
  switch (wrong) {
    case 'empty':
      return trans.__('Say where the copy should lie.');
    case 'bucket':
      return trans.__('Begin with the name of a bucket: bucket/path.');
    case 'forbidden':
      return trans.__(
        'You may write below %1.',
        place.writablePrefixes!.map(each => addressOf(place, each)).join(', ')
      );
  }
}

/**
 * Tell the dialog whether it may be accepted: it looks for invalid inputs whenever something is typed.
 */
export function validate(
  input: HTMLInputElement | null,
  message: string
): void {
  if (input && input.validationMessage !== message) {
    input.setCustomValidity(message);
    input.dispatchEvent(new Event('input', { bubbles: true }));
  }
}

/**
 * What lies where a copy would go: files to be written over; a store that cannot be taken away; a store, which is deleted
 * before another one takes its place, with what it weighs.
 */
export type There =
  'files' | 'fixed' | { readonly objects: number; readonly bytes: number };

/**
 * Ask what to do about something that is there already. Null where nothing is to be done.
 */
export async function askConflict(
  problem: IProblem,
  there: There,
  trans: TranslationBundle
): Promise<'replace' | 'rename' | null> {
  const result = await showDialog({
    title: trans.__('It is there already'),
    body: (
      <div className="jp-ZarrUsage-form">
        <p>{problem.message}</p>
        {typeof there === 'object' ? (
          <p>
            {trans.__(
              '“Replace” first deletes what lies there, so that no chunk of it stays:'
            )}{' '}
            <strong>{weightText(there.objects, there.bytes, trans)}</strong>.
          </p>
        ) : null}
        <p className="jp-ZarrBrowser-quiet">
          {there === 'files'
            ? trans.__(
                '“Replace” writes over what has the same name; other objects there stay. “Keep both” gives the copy another name.'
              )
            : there === 'fixed'
              ? trans.__(
                  'It cannot be replaced from here: chunks of two versions would mix. “Keep both” gives the copy another name.'
                )
              : trans.__('“Keep both” gives the copy another name.')}
        </p>
      </div>
    ),
    buttons: [
      Dialog.cancelButton({ label: trans.__('Cancel') }),
      ...(there === 'fixed'
        ? []
        : [
            Dialog.warnButton({
              label: trans.__('Replace'),
              actions: ['replace']
            })
          ]),
      Dialog.okButton({ label: trans.__('Keep both'), actions: ['rename'] })
    ]
  });
  const [action] = result.button.actions;
  return result.button.accept && (action === 'replace' || action === 'rename')
    ? action
    : null;
}

/**
 * Whether a row should really be deleted, by the server or by a cell; null where not. The name of what is more than a file
 * has to be typed.
 */
export async function askDelete(options: {
  row: IUsageRow;
  uri: string;
  /**
   * Whether it is so large that a cluster had better delete it.
   */
  isLarge: boolean;
  trans: TranslationBundle;
}): Promise<'server' | 'cell' | null> {
  const { row, isLarge, trans } = options;
  const body = new DeleteBody(options);
  const result = await showDialog<boolean>({
    title: trans.__('Delete “%1”?', row.name),
    body,
    buttons: [
      Dialog.cancelButton({ label: trans.__('Cancel') }),
      ...(isLarge
        ? [
            Dialog.okButton({
              label: trans.__('Insert cell that deletes it'),
              actions: ['cell']
            })
          ]
        : []),
      Dialog.warnButton({ label: trans.__('Delete') })
    ],
    defaultButton: row.key.endsWith('/') ? (isLarge ? 2 : 1) : 0,
    focusNodeSelector: row.key.endsWith('/') ? 'input' : undefined
  });
  if (!result.button.accept || result.value !== true) {
    return null;
  }
  return result.button.actions.includes('cell') ? 'cell' : 'server';
}

class DeleteBody extends ReactWidget {
  constructor(private readonly _options: Parameters<typeof askDelete>[0]) {
    super();
    this.addClass('jp-ZarrUsage-dialog');
    this._isSure = !_options.row.key.endsWith('/');
  }

  getValue(): boolean {
    return this._isSure;
  }

  protected override render(): React.JSX.Element {
    return (
      <DeleteForm
        {...this._options}
        onChange={isSure => {
          this._isSure = isSure;
        }}
      />
    );
  }

  private _isSure: boolean;
}

function DeleteForm(
  props: Parameters<typeof askDelete>[0] & { onChange(isSure: boolean): void }
): React.JSX.Element {
  const { row, uri, isLarge, trans, onChange } = props;
  const isContainer = row.key.endsWith('/');
  const [text, setText] = React.useState('');
  const inputRef = React.useRef<HTMLInputElement>(null);
  const id = React.useId();
  const isSure = !isContainer || text.trim() === row.name;

  React.useEffect(() => {
    onChange(isSure);
    validate(inputRef.current, isSure ? '' : trans.__('This is not its name.'));
  });

  return (
    <div className="jp-ZarrUsage-form">
      <p>
        <strong>{weightText(row.objects, row.bytes, trans)}</strong>{' '}
        {trans.__('to be deleted for good. Nobody can bring them back.')}
      </p>
      <p>
        <code>{uri}</code>
      </p>
      {isLarge ? (
        <p className="jp-ZarrUsage-hint">
          {trans.__(
            'That is much for one server. A cell that deletes it on a Dask cluster is faster.'
          )}
        </p>
      ) : null}
      {row.expiresAt !== null ? (
        <p className="jp-ZarrBrowser-quiet">
          {trans.__('If nobody does anything:')}{' '}
          {goesSentence(row, Date.now(), trans)}
        </p>
      ) : null}
      {isContainer ? (
        <>
          <label htmlFor={id}>
            {trans.__('Type its name, %1, to go on', row.name)}
          </label>
          <input
            id={id}
            ref={inputRef}
            type="text"
            className="jp-mod-styled"
            spellCheck={false}
            autoComplete="off"
            value={text}
            onChange={event => setText(event.target.value)}
          />
        </>
      ) : null}
    </div>
  );
}

/**
 * Whether objects should be rewritten, so that they live on as if they were new.
 */
export async function askRenew(options: {
  row: IUsageRow;
  lifetimeDays: number | null;
  trans: TranslationBundle;
}): Promise<boolean> {
  const { row, lifetimeDays, trans } = options;
  const result = await showDialog({
    title: trans.__('Reset the clock of “%1”?', row.name),
    body: (
      <div className="jp-ZarrUsage-form">
        <p>
          <strong>{weightText(row.objects, row.bytes, trans)}</strong>{' '}
          {trans.__(
            'to be rewritten where they are, one request for each object. Their age begins anew.'
          )}
        </p>
        {lifetimeDays === null ? null : (
          <p>
            {trans._n(
              'They are then deleted after about %1 day from now.',
              'They are then deleted after about %1 days from now.',
              lifetimeDays
            )}
          </p>
        )}
        {row.damage !== null ||
        (row.chunks && row.chunks.verdict !== 'complete') ? (
          <p>{stateSentence(row, trans)}</p>
        ) : null}
      </div>
    ),
    buttons: [
      Dialog.cancelButton({ label: trans.__('Cancel') }),
      Dialog.okButton({ label: trans.__('Reset the clock') })
    ]
  });
  return result.button.accept;
}
