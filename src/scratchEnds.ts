import type { JupyterFrontEnd } from '@jupyterlab/application';
import { Notification } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import type { IDisposable } from '@lumino/disposable';
import { Signal } from '@lumino/signaling';

import { toProblem } from './api';
import type { ZarrBrowser } from './browser';
import { CommandIDs } from './commands';
import { guarded, showProblem } from './failures';
import { objectsText } from './lifetime';
import { MY_FILES, ancestorKeys, idOf, nameOfKey } from './nodes';
import type { ILocation } from './nodes';
import { Replacing, overlap, targetOf } from './replacing';
import { uriOf } from './scratchRows';
import type { IPanelHandle } from './tokens';
import { isUsage, takesAway } from './usage';
import type { There } from './view/scratch/dialogs';
import { countAll } from './weighing';
import type { IJob, IJobRequest } from './wire';

/**
 * So long the news of a copy waits for what can be done with it.
 */
const ASK_MS = 2_000;

/**
 * Tells how copies and deletions have ended, asks what to do where something was there already, and shows in the tree what
 * has changed.
 */
export class JobEnds implements IDisposable {
  constructor(private readonly _options: JobEnds.IOptions) {
    const { usage } = _options.browser;
    this._replacing = new Replacing(usage);
    usage.ended.connect(this._onEnded, this);
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  dispose(): void {
    this._isDisposed = true;
    Signal.clearData(this);
  }

  private _onEnded(_: unknown, job: IJob): void {
    void guarded(async () => {
      if (
        !(await this._replacing.goOn(job)) &&
        !(await this._askedAgain(job))
      ) {
        await Promise.all([this._tell(job), this._refreshTree(job)]);
      }
    });
  }

  /**
   * Whether a copy failed because something was there, and that was talked about.
   */
  private async _askedAgain({ error, kind, request }: IJob): Promise<boolean> {
    const { browser, trans } = this._options;
    if (kind !== 'copy' || error?.code !== 'exists') {
      return false;
    }
    const { askConflict } = await import('./view/scratch/dialogs');
    const there = await this._thereOf(request);
    const ifExists = there && (await askConflict(error, there, trans));
    if (ifExists === 'replace' && typeof there === 'object' && there) {
      await this._replacing.start(request, there.objects);
    } else if (ifExists) {
      await browser.usage.start({ ...request, ifExists });
    }
    return true;
  }

  /**
   * What lies where a copy would go: a store is counted, since it has to be deleted first. Null where the user did not want
   * to wait for that.
   */
  private async _thereOf(copy: IJobRequest): Promise<There | null> {
    const { browser, trans } = this._options;
    const { usage } = browser;
    const target = targetOf(copy);
    const places = [target, { endpoint: copy.endpoint, key: copy.key }];
    if (!target.key.endsWith('/') || target.endpoint === MY_FILES) {
      return 'files';
    }
    const isStore =
      places.some(({ key }) => key.endsWith('.zarr/')) ||
      (await Promise.all(places.map(each => this._canOpen(each)))).some(
        Boolean
      );
    if (!isStore) {
      return 'files';
    }
    const [to, from] = places.map(each => uriOf(browser, each));
    if (!usage.isWritable(target) || overlap(to!, from!)) {
      return 'fixed';
    }
    const counts = await countAll([target], usage, trans);
    return counts && counts[0]!;
  }

  private async _tell(job: IJob): Promise<void> {
    const { app, trans } = this._options;
    const name = nameOfKey(job.key);
    const isCopy = job.kind === 'copy';
    switch (job.state) {
      case 'done': {
        const { result } = job;
        if (!isCopy || !result || isUsage(result)) {
          const count = objectsText(job.progress.objects, trans);
          Notification.success(
            job.kind === 'renew'
              ? trans.__('The clock of “%1” was reset: %2.', name, count)
              : trans.__('Deleted “%1”: %2.', name, count),
            { autoClose: 5_000 }
          );
          break;
        }
        const target = { endpoint: result.endpoint, key: result.key };
        const uri = uriOf(this._options.browser, target);
        const canOpen = await this._canOpen(target);
        Notification.success(
          copiedText(job.request, this._isInScratch(job), uri, trans),
          {
            autoClose: 6_000,
            // What lies among one's files is for the file browser to show.
            actions:
              target.endpoint === MY_FILES
                ? []
                : [
                    {
                      label: trans.__('Show in browser'),
                      callback: () => {
                        this._options.panel?.reveal();
                        void guarded(() =>
                          this._options.browser.model.revealAt(target)
                        );
                      }
                    },
                    ...(canOpen
                      ? [
                          {
                            label: trans.__('Insert cell'),
                            callback: () =>
                              void app.commands.execute(
                                CommandIDs.ofAction('insert'),
                                target
                              )
                          }
                        ]
                      : [])
                  ]
          }
        );
        break;
      }
      case 'cancelled':
        Notification.info(
          isCopy
            ? trans.__(
                'Copying “%1” was cancelled. What was copied stays: %2.',
                name,
                objectsText(job.progress.objects, trans)
              )
            : job.kind === 'renew'
              ? trans.__(
                  'Resetting the clock of “%1” was cancelled. It was reset for %2.',
                  name,
                  objectsText(job.progress.objects, trans)
                )
              : trans.__(
                  'Deleting “%1” was cancelled. What was deleted is gone: %2.',
                  name,
                  objectsText(job.progress.objects, trans)
                ),
          { autoClose: 10_000 }
        );
        break;
      default:
        showProblem(
          job.error ?? toProblem(new Error(trans.__('The job failed.')))
        );
    }
  }

  private _isInScratch(job: IJob): boolean {
    return this._options.browser.usage.scratchOf(job) !== null;
  }

  /**
   * Whether there is code that opens it, as far as that is found out soon: a plain folder has none.
   */
  private async _canOpen(target: ILocation): Promise<boolean> {
    const { model } = this._options.browser;
    const found = await Promise.race([
      model.snippets(target).catch(() => []),
      new Promise<[]>(resolve => setTimeout(resolve, ASK_MS, []))
    ]);
    return found.length > 0;
  }

  private async _refreshTree(job: IJob): Promise<void> {
    const { model } = this._options.browser;
    const { request } = job;
    const changed: ILocation[] = [];
    if (takesAway(job)) {
      changed.push(job);
    }
    if (job.result && !isUsage(job.result)) {
      changed.push(job.result);
    } else if (request.toKey) {
      const endpoint = request.toEndpoint ?? job.endpoint;
      changed.push({ endpoint, key: request.toKey });
    }
    const containers = new Map(
      changed.map(({ endpoint, key }) => {
        const location = { endpoint, key: ancestorKeys(key).pop() ?? '' };
        return [idOf(location), location] as const;
      })
    );
    await Promise.all(
      [...containers.values()].map(location => model.refresh(location))
    );
  }

  private _isDisposed = false;
  private readonly _replacing: Replacing;
}

export namespace JobEnds {
  export interface IOptions {
    app: JupyterFrontEnd;
    browser: ZarrBrowser;
    panel: IPanelHandle | null;
    trans: TranslationBundle;
  }
}

/**
 * What a copy has done.
 */
function copiedText(
  { deleteSource, toEndpoint }: IJobRequest,
  isFromScratch: boolean,
  uri: string,
  trans: TranslationBundle
): string {
  if (toEndpoint === MY_FILES) {
    return deleteSource
      ? trans.__('Moved to your files: %1', uri)
      : trans.__('Copied to your files: %1', uri);
  }
  if (isFromScratch) {
    return deleteSource
      ? trans.__('Kept as %1, and deleted from the scratch.', uri)
      : trans.__('Kept as %1.', uri);
  }
  return deleteSource
    ? trans.__('Moved to %1.', uri)
    : trans.__('Copied to %1.', uri);
}
