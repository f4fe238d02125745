import { Dialog, showDialog } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import React from 'react';

import { weightText } from '../../lifetime';
import { formatCount } from '../../text';
import type { IAnswer, IQuestion, IReplaced } from '../../uploads/uploads';
import { bodyOf } from './form';

/**
 * Names that a question lists.
 */
const LISTED = 5;

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
  const names = files.map(key => key.slice(container.length));
  const dialog = new Dialog({
    title:
      totalFiles === 1
        ? trans.__('It is there already')
        : trans.__('Some of it is there already'),
    body: bodyOf(
      <div className="jp-ZarrUsage-form">
        {files.length > 0 ? (
          <>
            <p>
              {names.length === 1
                ? trans.__('“%1” is there already.', names[0])
                : trans.__(
                    '%1 of %2 are there already:',
                    formatCount(names.length),
                    formatCount(totalFiles)
                  )}
            </p>
            {names.length === 1 ? null : <Names names={names} trans={trans} />}
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
      // No accepting one by its looks: of several, one is loud.
      Dialog.cancelButton({ label: trans.__('Skip'), actions: ['skip'] }),
      Dialog.warnButton({ label: trans.__('Replace'), actions: ['replace'] }),
      Dialog.okButton({ label: trans.__('Keep both'), actions: ['keep'] })
    ],
    defaultButton: 3
  });
  signal.addEventListener('abort', () => dialog.reject(), { once: true });
  const { button } = await dialog.launch();
  const [action] = button.actions;
  const answer =
    action === 'skip' || action === 'replace' || action === 'keep'
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
