import { Notification } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';

const SHOWN_MS = 2000;

/**
 * Say for a moment what is on the clipboard now.
 */
export function sayCopied(text: string, trans: TranslationBundle): void {
  const words = text.includes('\n')
    ? trans.__('Copied to the clipboard')
    : trans.__('Copied %1', text);
  const id = Notification.success(words, { autoClose: SHOWN_MS });
  // It is not worth a place among the notifications that are kept.
  setTimeout(() => Notification.dismiss(id), 2 * SHOWN_MS);
}
