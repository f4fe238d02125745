import { Dialog } from '@jupyterlab/apputils';
import { ReactWidget, refreshIcon } from '@jupyterlab/ui-components';
import type { TranslationBundle } from '@jupyterlab/translation';
import React from 'react';

import { isAbort, toProblem } from '../../api';
import { formatShare } from '../../lifetime';
import { nameOfKey } from '../../nodes';
import { formatAge, formatBytes } from '../../text';
import type { IProblem, IUpload, IUploads } from '../../wire';
import { IconButton, TextButton } from '../button';

interface IOptions {
  uri: string;
  load(signal: AbortSignal): Promise<IUploads>;
  remove(id: string, signal: AbortSignal): Promise<void>;
  resume(upload: IUpload, file: File): Promise<void>;
  /**
   * Whether this page is sending it.
   */
  isUnderWay(upload: IUpload): boolean;
  trans: TranslationBundle;
}

/**
 * Show what was begun to be uploaded and not ended. Resolves when the list is closed.
 */
export async function showUnfinished(options: IOptions): Promise<void> {
  const { trans } = options;
  const body = ReactWidget.create(
    <Unfinished {...options} close={() => dialog.resolve(0)} />
  );
  body.addClass('jp-ZarrUsage-dialog');
  const dialog = new Dialog({
    title: trans.__('Unfinished uploads'),
    body,
    buttons: [Dialog.cancelButton({ label: trans.__('Close') })]
  });
  await dialog.launch();
}

function Unfinished(
  props: IOptions & {
    close(): void;
  }
): React.JSX.Element {
  const { uri, load, remove, resume, isUnderWay, close, trans } = props;
  const [answer, setAnswer] = React.useState<IUploads | null>(null);
  const [problem, setProblem] = React.useState<IProblem | null>(null);
  const [asked, setAsked] = React.useState(0);
  const latest = React.useRef(load);
  const bodyRef = React.useRef<HTMLDivElement>(null);
  // Place in the list of what was removed last.
  const removedRef = React.useRef<number | null>(null);

  React.useEffect(() => {
    // The button that had the focus has gone with its row: without any, no key would reach the dialog.
    const at = removedRef.current;
    const body = bodyRef.current;
    if (at === null || !body) {
      return;
    }
    removedRef.current = null;
    const rows = body.querySelectorAll('li');
    const next = rows[Math.min(at, rows.length - 1)];
    const buttons = next?.querySelectorAll('button');
    const close = body
      .closest('.jp-Dialog')
      ?.querySelector<HTMLButtonElement>('.jp-Dialog-footer button');
    (buttons?.[buttons.length - 1] ?? close)?.focus();
  }, [answer]);

  React.useEffect(() => {
    const controller = new AbortController();
    latest.current(controller.signal).then(
      found => {
        setAnswer(found);
        setProblem(null);
      },
      (error: unknown) => {
        if (!isAbort(error)) {
          setProblem(toProblem(error));
        }
      }
    );
    return () => controller.abort();
  }, [asked]);

  const guard = async (work: Promise<void>) => {
    try {
      await work;
      setAsked(count => count + 1);
    } catch (error) {
      setProblem(toProblem(error));
    }
  };

  const choose = (upload: IUpload) => {
    const input = document.createElement('input');
    input.type = 'file';
    input.addEventListener('change', () => {
      const [file] = input.files ?? [];
      if (file && file.size !== upload.sizeBytes) {
        setProblem({
          code: 'client_other_file',
          message: trans.__('That is another file: it has another size.'),
          hint: '',
          retryable: false
        });
      } else if (file) {
        close();
        void resume(upload, file);
      }
    });
    input.click();
  };

  return (
    <div ref={bodyRef} className="jp-ZarrUsage-form jp-ZarrUpload-unfinished">
      <p>
        <code>{uri}</code>{' '}
        <IconButton
          icon={refreshIcon}
          label={trans.__('Look again')}
          onClick={() => setAsked(count => count + 1)}
        />
      </p>
      {problem ? (
        <p className="jp-ZarrUsage-wrong" role="alert">
          {problem.message} {problem.hint}
        </p>
      ) : null}
      {answer === null ? (
        problem ? null : (
          <p role="status">{trans.__('Loading…')}</p>
        )
      ) : answer.uploads.length === 0 ? (
        <p role="status">{trans.__('Nothing was left half uploaded here.')}</p>
      ) : (
        <ul aria-label={trans.__('Unfinished uploads')}>
          {answer.uploads.map((upload, at) => (
            <li key={upload.id}>
              <div className="jp-ZarrUpload-unfinishedText">
                <strong title={upload.key}>{nameOfKey(upload.key)}</strong>
                <div className="jp-ZarrBrowser-quiet">
                  {aboutText(upload, isUnderWay(upload), trans)}
                </div>
              </div>
              {upload.partSizeBytes > 0 && !isUnderWay(upload) ? (
                <TextButton
                  label={trans.__('Resume…')}
                  title={trans.__('Choose the same file again')}
                  onClick={() => choose(upload)}
                />
              ) : null}
              {isUnderWay(upload) ? null : (
                <TextButton
                  label={trans.__('Remove')}
                  onClick={() =>
                    void guard(
                      remove(upload.id, new AbortController().signal).then(
                        () => {
                          removedRef.current = at;
                        }
                      )
                    )
                  }
                />
              )}
            </li>
          ))}
        </ul>
      )}
      {answer?.isTruncated ? (
        <p className="jp-ZarrBrowser-quiet">{trans.__('There are more.')}</p>
      ) : null}
    </div>
  );
}

/**
 * `4.0 GB, 62% there, begun 2 hours ago, given up in 22 hours`.
 */
function aboutText(
  upload: IUpload,
  isUnderWay: boolean,
  trans: TranslationBundle
): string {
  const { sizeBytes, partSizeBytes, partsDone, startedAt, expiresAt } = upload;
  const now = Date.now();
  const parts: string[] = [];
  if (sizeBytes !== null) {
    parts.push(formatBytes(sizeBytes));
  }
  if (sizeBytes && partSizeBytes > 0) {
    const done = Math.min(sizeBytes, partsDone.length * partSizeBytes);
    parts.push(trans.__('%1 there', formatShare(done / sizeBytes)));
  }
  if (partSizeBytes === 0) {
    parts.push(trans.__('by another program'));
  }
  parts.push(trans.__('begun %1', formatAge(startedAt, now)));
  if (isUnderWay) {
    parts.push(trans.__('under way'));
  } else if (expiresAt !== null) {
    parts.push(trans.__('given up %1', formatAge(expiresAt, now)));
  }
  return parts.join(trans.__(', '));
}
