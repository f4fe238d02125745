import { Dialog, showDialog } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import React from 'react';

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
