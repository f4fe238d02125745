import { Dialog } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import { Signal } from '@lumino/signaling';
import type { ISignal } from '@lumino/signaling';
import React from 'react';

import { toProblem } from '../../api';
import { weightText } from '../../lifetime';
import type { IUsageRow } from '../../wire';
import { validate } from '../scratch/dialogs';
import { Form } from './form';

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
  /**
   * Do what the name is for. Where that fails, the dialog stays, and says why.
   */
  submit?(name: string): Promise<void>;
  trans: TranslationBundle;
}

/**
 * Ask for a name. Null where the user thinks better of it.
 */
export async function askName(options: INameOptions): Promise<string | null> {
  const { title, accept, submit, trans } = options;
  const failed = new Signal<object, string>({});
  const body = new Form<string>(set => (
    <NameForm {...options} failed={failed} onChange={set} />
  ));
  const dialog = new NameDialog(body, submit, text => failed.emit(text), {
    title,
    body,
    buttons: [
      Dialog.cancelButton({ label: trans.__('Cancel') }),
      Dialog.okButton({ label: accept })
    ],
    focusNodeSelector: 'input[type="text"]'
  });
  const result = await dialog.launch();
  return result.button.accept ? (result.value ?? null) : null;
}

/**
 * A dialog that closes once what it was for is done.
 */
class NameDialog extends Dialog<string | null> {
  constructor(
    private readonly _form: Form<string>,
    private readonly _submit: INameOptions['submit'],
    private readonly _failed: (text: string) => void,
    options: Partial<Dialog.IOptions<string | null>>
  ) {
    super(options);
  }

  /**
   * @param index - Of the button: the first one cancels, the other one, which is the default, accepts.
   */
  override resolve(index?: number): void {
    const name = this._form.getValue();
    if (index === 0 || name === null || !this._submit) {
      super.resolve(index);
    } else if (!this._isBusy) {
      this._isBusy = true;
      this._submit(name).then(
        () => super.resolve(index),
        (error: unknown) => {
          this._isBusy = false;
          const { message, hint } = toProblem(error);
          this._failed([message, hint].filter(Boolean).join(' '));
        }
      );
    }
  }

  private _isBusy = false;
}

function NameForm(
  props: INameOptions & {
    /**
     * Emits why a name could not be used.
     */
    failed: ISignal<object, string>;
    onChange(name: string | null): void;
  }
): React.JSX.Element {
  const { label, address, failed, first, lead, note, pattern, trans } = props;
  const { onChange } = props;
  const [text, setText] = React.useState(first ?? '');
  const [problem, setProblem] = React.useState('');
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
    const show = (_: object, why: string) => {
      setProblem(why);
      inputRef.current?.focus();
    };
    failed.connect(show);
    return () => {
      failed.disconnect(show);
    };
  }, [failed]);

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
        aria-invalid={wrong !== '' || problem !== ''}
        onChange={event => {
          setText(event.target.value);
          setProblem('');
        }}
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
      {problem === '' ? null : (
        <p className="jp-ZarrUsage-wrong" role="alert">
          {problem}
        </p>
      )}
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
