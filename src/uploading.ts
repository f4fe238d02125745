import type { JupyterFrontEnd } from '@jupyterlab/application';
import { Notification } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';

import { isAbort } from './api';
import type { ServerApi } from './api';
import type { ZarrBrowser } from './browser';
import { CommandIDs } from './commands';
import { guarded, showProblem } from './failures';
import { ancestorKeys, idOf, nameOfKey } from './nodes';
import type { ILocation } from './nodes';
import { knownAbove } from './rights';
import { formatCount } from './text';
import type { Transfers } from './transfers';
import type { IUploadApi } from './uploads/client';
import { FILES_MAX, readInput, readTaken } from './uploads/dropped';
import type { IDropped, ITaken } from './uploads/dropped';
import type { Drop, IAnswer, IQuestion, Uploads } from './uploads/uploads';
import { countAll } from './weighing';
import type { IJob, IJobRequest, IUpload } from './wire';

export interface IUploadingOptions {
  readonly api: ServerApi;
  readonly app: JupyterFrontEnd;
  readonly browser: ZarrBrowser;
  readonly client: IUploadApi;
  readonly transfers: Transfers;
  readonly trans: TranslationBundle;
  /**
   * Throws where nothing can be put into a container.
   */
  check(container: ILocation): void;
  /**
   * Address of a place, as other tools understand it.
   */
  uriOf(location: ILocation): string;
  /**
   * Whether the user sees how uploads go.
   */
  isSeen(): boolean;
  /**
   * Show the panel.
   */
  reveal(): void;
}

/**
 * Uploads and the user: where files come from, what is asked about them, and what is told at the end.
 */
export class Uploading {
  constructor(private readonly _options: IUploadingOptions) {}

  /**
   * Let the user choose files, or a folder, of the computer.
   */
  choose(container: ILocation, what: 'files' | 'folder'): void {
    const input = document.createElement('input');
    input.type = 'file';
    input.multiple = true;
    input.webkitdirectory = what === 'folder';
    input.hidden = true;
    input.setAttribute('aria-hidden', 'true');
    input.dataset.zarrbrowser = what;
    // In the page until it has an answer: some browsers forget it else.
    document.body.append(input);
    input.addEventListener('cancel', () => input.remove());
    input.addEventListener('change', () => {
      const dropped = readInput(input.files ?? []);
      input.remove();
      void this._upload(container, async () => dropped);
    });
    input.click();
  }

  /**
   * Upload what was dropped or pasted.
   */
  drop(container: ILocation, taken: ITaken): void {
    void this._upload(container, signal => readTaken(taken, signal));
  }

  cancel(drop: Drop): void {
    void this._options.transfers.uploads?.cancel(drop);
  }

  /**
   * Show what was uploaded.
   */
  show(drop: Drop): void {
    void guarded(() =>
      this._options.browser.model.revealAt({
        endpoint: drop.target.endpoint,
        key: drop.onlyKey ?? drop.target.key
      })
    );
  }

  /**
   * Insert the cell that opens a store that was uploaded.
   */
  insert(drop: Drop): void {
    const { app } = this._options;
    if (drop.storeKey !== null) {
      void app.commands.execute(CommandIDs.ofAction('insert'), {
        endpoint: drop.target.endpoint,
        key: drop.storeKey
      });
    }
  }

  /**
   * Find out which of the large files that this page had begun before it was loaded again are still to be gone on with.
   */
  async findStopped(): Promise<void> {
    const { client, transfers } = this._options;
    const { begun } = transfers;
    const found: IUpload[] = [];
    for (const { id, endpoint, key } of begun.all) {
      try {
        const { uploads, isTruncated } = await client.unfinished(
          { endpoint, key: ancestorKeys(key).pop() ?? '' },
          new AbortController().signal
        );
        const upload = uploads.find(each => each.id === id);
        if (upload) {
          found.push(upload);
        } else if (!isTruncated) {
          begun.remove(id);
        }
      } catch {
        // It is said at the next load of the page, or among what is unfinished.
      }
    }
    if (found.length > 0) {
      transfers.setStopped(found);
    }
  }

  /**
   * Let the user choose the file again that a reload of the page has stopped.
   */
  chooseAgain(upload: IUpload): void {
    const { trans } = this._options;
    const input = document.createElement('input');
    input.type = 'file';
    input.addEventListener('change', () => {
      const [file] = input.files ?? [];
      if (file && file.size !== upload.sizeBytes) {
        showProblem({
          message: trans.__('That is another file: it has another size.'),
          hint: ''
        });
      } else if (file) {
        void this._goOn(upload, file);
      }
    });
    input.click();
  }

  async showUnfinished(container: ILocation): Promise<void> {
    const { client, transfers, trans, uriOf } = this._options;
    const { showUnfinished } = await import('./view/manage/unfinished');
    const { endpoint, key } = container;
    await showUnfinished({
      uri: uriOf(container),
      load: signal => client.unfinished({ endpoint, key }, signal),
      remove: (id, signal) => client.removeUpload(id, signal),
      resume: (upload, file) => this._goOn(upload, file),
      isUnderWay: upload =>
        transfers.drops.some(
          ({ run, target, isUnderWay }) =>
            isUnderWay &&
            target.endpoint === upload.endpoint &&
            run?.isSending(upload.id)
        ),
      trans
    });
  }

  /**
   * Load what uploads.
   */
  async make(): Promise<Uploads> {
    const { Uploads: Made } = await import('./uploads/uploads');
    const { client, transfers, trans } = this._options;
    const uploads = new Made({
      api: client,
      notes: transfers.begun,
      ask: (question, signal) => this.ask(question, signal),
      run: (request, signal) => this.run(request, signal),
      words: {
        tooMany: trans.__(
          'More than %1 files at once: that is better done by a program, from the server.',
          formatCount(FILES_MAX)
        ),
        nothing: trans.__('There is no file in it.'),
        unreadable: trans.__('The browser cannot read:'),
        jobFailed: trans.__('It could not be deleted.')
      }
    });
    uploads.ended.connect((_, drop) => void this._onEnded(drop));
    return uploads;
  }

  private async _upload(
    container: ILocation,
    read: (signal: AbortSignal) => Promise<IDropped>
  ): Promise<void> {
    const { browser, check, transfers, uriOf } = this._options;
    await guarded(async () => {
      // What nobody has looked into may be a store.
      await browser.model.recognised(idOf(container));
      check(container);
      await transfers.upload(container, uriOf(container), read);
    });
  }

  /**
   * Go on with a file that was begun earlier, once it was chosen again.
   */
  private async _goOn(upload: IUpload, file: File): Promise<void> {
    const { endpoint, key } = upload;
    const container = { endpoint, key: ancestorKeys(key).pop() ?? '' };
    await this._upload(container, async () => ({
      files: [{ path: [nameOfKey(key)], file }],
      isTooMany: false,
      unreadable: []
    }));
  }

  /**
   * Ask once about all that is there already. Stores are counted first, since “Replace” deletes them.
   */
  async ask(question: IQuestion, signal: AbortSignal): Promise<IAnswer> {
    const { browser, trans } = this._options;
    const { endpoint, stores } = question;
    const counts = await countAll(
      stores.map(key => ({ endpoint, key })),
      browser.usage,
      trans,
      signal
    );
    if (!counts) {
      return { answer: 'cancel', stores: [] };
    }
    const weights = stores.map((key, at) => {
      const { objects, bytes } = counts[at]!;
      return { key, objects, bytes };
    });
    const { askTaken } = await import('./view/manage/questions');
    return askTaken({ question, weights, signal, trans });
  }

  /**
   * Have a job done, to its end.
   */
  async run(request: IJobRequest, signal: AbortSignal): Promise<IJob> {
    const { api } = this._options;
    const job = await api.startJob(request, signal);
    try {
      return await api.watchJob(job.id, () => undefined, signal);
    } catch (error) {
      if (isAbort(error)) {
        // Whoever cancels the upload wants no more of this either.
        void api
          .cancelJob(job.id, new AbortController().signal)
          .catch(() => undefined);
      }
      throw error;
    }
  }

  private async _onEnded(drop: Drop): Promise<void> {
    const { browser, isSeen, reveal, trans } = this._options;
    const { model } = browser;
    const { target } = drop;
    const only = drop.onlyKey;
    const before = model.activeRow?.target;
    if (drop.run) {
      await model.refresh(knownAbove(model, target));
    }
    if (drop.state !== 'done') {
      return;
    }
    if (
      only !== null &&
      before === idOf(target) &&
      model.activeRow?.target === before
    ) {
      // Nobody has gone anywhere else meanwhile.
      model.select({ endpoint: target.endpoint, key: only });
    }
    if (!isSeen()) {
      Notification.success(
        trans._n(
          'Uploaded %2 file to %3.',
          'Uploaded %2 files to %3.',
          drop.progress.files,
          formatCount(drop.progress.files),
          drop.uri
        ),
        {
          autoClose: 6_000,
          actions: [
            {
              label: trans.__('Show'),
              callback: () => {
                reveal();
                this.show(drop);
              }
            }
          ]
        }
      );
    }
  }
}
