import { Dialog } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import type { ISignal } from '@lumino/signaling';
import React from 'react';

import { weightText } from '../../lifetime';
import type { IJobProgress } from '../../wire';
import { useSnapshot } from '../useSnapshot';
import { bodyOf } from './form';

/**
 * Milliseconds before something that may be over at once is shown.
 */
const SHOWN_MS = 400;

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
    body: bodyOf(
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
