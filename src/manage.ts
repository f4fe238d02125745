import type { JupyterFrontEnd } from '@jupyterlab/application';
import { Notification } from '@jupyterlab/apputils';
import type { IDefaultFileBrowser } from '@jupyterlab/filebrowser';
import { PathExt } from '@jupyterlab/coreutils';
import type { IStatusBar } from '@jupyterlab/statusbar';
import type { TranslationBundle } from '@jupyterlab/translation';
import { DisposableSet } from '@lumino/disposable';
import type { IDisposable } from '@lumino/disposable';
import { Signal } from '@lumino/signaling';

import { ApiError, isAbort, isUnderWay } from './api';
import type { ServerApi } from './api';
import type { ZarrBrowser } from './browser';
import { CommandIDs } from './commands';
import { guarded } from './failures';
import { addressOf } from './keep';
import {
  MY_FILES,
  ancestorKeys,
  containerOf,
  idOf,
  isContainer,
  isZarr,
  locationOf,
  nameOfKey
} from './nodes';
import type { ILocation, TreeNode } from './nodes';
import { endpointOf, refusalOf, refusalText } from './rights';
import { formatCount } from './text';
import type { ICodePlacer, IManage } from './tokens';
import { Transfers } from './transfers';
import { UploadClient } from './uploads/client';
import { FILES_MAX, readInput, readTaken } from './uploads/dropped';
import type { IDropped, ITaken } from './uploads/dropped';
import type { Drop, IAnswer, IQuestion, Uploads } from './uploads/uploads';
import { UploadStatus } from './view/uploadStatus';
import type { IJob, IJobRequest, ISnippet, IUpload, IUsageRow } from './wire';

/**
 * Files that a cell can write as Zarr.
 */
const CONVERTIBLE = /\.(?:nc|nc4|cdf|h5|hdf5|tiff?)$/i;

/**
 * Uploads, copies, moves, renames and deletes: asks what has to be asked, and tells how it ended.
 */
export class Manage implements IManage, IDisposable {
  constructor(private readonly _options: Manage.IOptions) {
    const { api, browser, statusBar, trans } = _options;
    this._client = new UploadClient(api);
    this.transfers = new Transfers(browser.usage, () => this._makeUploads());
    this.transfers.changed.connect(this._updateStatus, this);
    browser.usage.ended.connect(this._onJobEnded, this);
    if (statusBar) {
      this._parts.add(
        statusBar.registerStatusItem('jupyterlab_zarrbrowser:uploads', {
          item: new UploadStatus({
            transfers: this.transfers,
            trans,
            open: () => this._reveal()
          }),
          align: 'left',
          rank: 21,
          isActive: () => this._isStatusActive,
          activeStateChanged: this._statusChanged
        })
      );
    }
  }

  readonly transfers: Transfers;

  /**
   * Whether the user sees how uploads go.
   */
  isPanelVisible = () => false;

  get isDisposed(): boolean {
    return this._parts.isDisposed;
  }

  dispose(): void {
    this._parts.dispose();
    this.transfers.dispose();
    Signal.clearData(this);
  }

  get held(): IManage['held'] {
    return this.transfers.held;
  }

  hold(node: TreeNode, isCut: boolean): void {
    this.transfers.hold({ node, isCut });
  }

  /**
   * Address of a place, as other tools understand it.
   */
  uriOf(location: ILocation): string {
    const { model } = this._options.browser;
    const info = endpointOf(model, location);
    return (
      model.find(location)?.uri ||
      (info ? addressOf(info, location.key) : location.key)
    );
  }

  // --- Uploads ---

  chooseFiles(container: ILocation, what: 'files' | 'folder'): void {
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
  dropFiles(container: ILocation, taken: ITaken): void {
    void this._upload(container, signal => readTaken(taken, signal));
  }

  /**
   * Copy what was dragged from JupyterLab's file browser, inside of the server.
   */
  async dropContents(
    container: ILocation,
    paths: readonly string[]
  ): Promise<void> {
    const { app, browser, trans } = this._options;
    const { contents } = app.serviceManager;
    await guarded(async () => {
      await browser.model.recognised(idOf(container));
      this._check(container);
      for (const path of paths) {
        if (!/^(?:RTC)?$/.test(contents.driveName(path))) {
          throw new Error(
            trans.__('“%1” is not among the files of this server.', path)
          );
        }
        const { type, name } = await contents.get(path, { content: false });
        const slash = type === 'directory' ? '/' : '';
        const source = {
          endpoint: MY_FILES,
          key: `${contents.localPath(path)}${slash}`
        };
        if (CONVERTIBLE.test(name) && slash === '') {
          const { askConvert } = await import('./view/manage/dialogs');
          const choice = await askConvert(name, trans);
          if (choice === null) {
            continue;
          }
          if (choice === 'cell') {
            const stem = name.replace(CONVERTIBLE, '');
            await this._insertCell(source, {
              endpoint: container.endpoint,
              key: `${container.key}${stem}.zarr/`
            });
            continue;
          }
        }
        await this._start({
          kind: 'copy',
          ...source,
          toEndpoint: container.endpoint,
          toKey: `${container.key}${name}${slash}`,
          ifExists: 'fail'
        });
      }
    });
  }

  cancelDrop(drop: Drop): void {
    void this.transfers.uploads?.cancel(drop);
  }

  cancelJob(job: IJob): void {
    void guarded(() => this._options.browser.usage.cancel(job));
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

  async showUnfinished(container: ILocation): Promise<void> {
    const { trans } = this._options;
    const { showUnfinished } = await import('./view/manage/unfinished');
    const { endpoint, key } = container;
    await showUnfinished({
      uri: this.uriOf(container),
      load: signal => this._client.unfinished({ endpoint, key }, signal),
      remove: (id, signal) => this._client.removeUpload(id, signal),
      resume: (upload, file) => this._goOn(upload, file),
      isUnderWay: upload =>
        this.transfers.drops.some(
          ({ run, target, isUnderWay }) =>
            isUnderWay &&
            target.endpoint === upload.endpoint &&
            run?.isSending(upload.id)
        ),
      trans
    });
  }

  // --- Making ---

  async makeFolder(container: ILocation): Promise<void> {
    const { browser, trans } = this._options;
    this._check(container);
    const { askName } = await import('./view/manage/dialogs');
    const { endpoint } = container;
    const name = await askName({
      title: trans.__('New folder'),
      label: trans.__('Name'),
      accept: trans.__('Create'),
      address: text => this.uriOf(container) + text + '/',
      note:
        endpointOf(browser.model, container)?.kind === 'local'
          ? undefined
          : trans.__(
              'Object stores know no folders: a small object that stands for it is written. Uploading a folder needs none.'
            ),
      trans
    });
    if (name !== null) {
      await this._create({ endpoint, key: `${container.key}${name}/` });
    }
  }

  async makeBucket({ endpoint }: ILocation): Promise<void> {
    const { trans } = this._options;
    const { askName } = await import('./view/manage/dialogs');
    const name = await askName({
      title: trans.__('New bucket'),
      label: trans.__('Name'),
      accept: trans.__('Create'),
      address: text => `${this.uriOf({ endpoint, key: '' })}${text}/`,
      note: trans.__(
        '3 to 63 small letters, digits, dots and hyphens. Others on this service may have taken the name.'
      ),
      pattern: /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/,
      trans
    });
    if (name !== null) {
      await this._create({ endpoint, key: `${name}/` });
    }
  }

  // --- Changing ---

  async remove(node: TreeNode): Promise<void> {
    const { browser, trans } = this._options;
    const row = await this._weigh(node);
    if (!row) {
      return;
    }
    const { usage } = browser;
    await usage.load();
    const { askDelete } = await import('./view/scratch/dialogs');
    const choice = await askDelete({
      row,
      uri: node.uri,
      isLarge: row.key.endsWith('/') && row.bytes >= usage.clusterBytes,
      trans
    });
    if (choice === 'cell') {
      await this._place(await usage.deleteSnippet(node));
    } else if (choice === 'server') {
      await this._start({
        kind: 'delete',
        endpoint: node.endpoint,
        key: node.key,
        maxObjects: row.objects
      });
    }
  }

  async rename(node: TreeNode): Promise<void> {
    const { browser, trans } = this._options;
    const row = await this._weigh(node);
    const container = containerOf(node);
    if (!row || !container) {
      return;
    }
    const { askRename } = await import('./view/manage/dialogs');
    const name = await askRename({
      row,
      address: text => this.uriOf(container) + text,
      isLocal: endpointOf(browser.model, node)?.kind === 'local',
      trans
    });
    if (name !== null) {
      const slash = node.key.endsWith('/') ? '/' : '';
      await this._start({
        kind: 'copy',
        endpoint: node.endpoint,
        key: node.key,
        toEndpoint: node.endpoint,
        toKey: `${container.key}${name}${slash}`,
        ifExists: 'fail',
        deleteSource: true
      });
    }
  }

  async copy(node: TreeNode, isMove: boolean): Promise<void> {
    const { browser, trans } = this._options;
    const { model, usage } = browser;
    const row = await this._weigh(node);
    const places = model.endpointIds.flatMap(id => {
      const info = endpointOf(model, locationOf(id));
      return info?.writable ? [info] : [];
    });
    if (!row) {
      return;
    }
    if (places.length === 0) {
      throw new Error(trans.__('There is no endpoint that you may write to.'));
    }
    const { askPlace } = await import('./view/manage/dialogs');
    await usage.load();
    const choice = await askPlace({
      row,
      places,
      from: node,
      folders: this._folders(),
      isMove,
      isLarge: row.key.endsWith('/') && row.bytes >= usage.clusterBytes,
      trans
    });
    if (choice?.asCell) {
      await this._insertCell(node, choice);
    } else if (choice) {
      await this._start({
        kind: 'copy',
        endpoint: node.endpoint,
        key: node.key,
        toEndpoint: choice.endpoint,
        toKey: choice.key,
        ifExists: 'fail',
        deleteSource: isMove
      });
    }
  }

  async copyToFiles(node: TreeNode): Promise<void> {
    const { app, files, trans } = this._options;
    const path = files?.model.path ?? '';
    const { contents } = app.serviceManager;
    if (!/^(?:RTC)?$/.test(contents.driveName(path))) {
      throw new Error(
        trans.__('The file browser does not show the files of this server.')
      );
    }
    const slash = node.key.endsWith('/') ? '/' : '';
    const folder = contents.localPath(path);
    await this._start({
      kind: 'copy',
      endpoint: node.endpoint,
      key: node.key,
      toEndpoint: MY_FILES,
      toKey: PathExt.join(folder, nameOfKey(node.key)) + slash,
      ifExists: 'fail'
    });
  }

  /**
   * The same for a key, whose failure nobody else shows.
   */
  pasteHeld(container: ILocation): Promise<void> {
    return guarded(() => this.paste(container));
  }

  async paste(container: ILocation): Promise<void> {
    const { held } = this;
    if (!held) {
      return;
    }
    this._check(container);
    const { node, isCut } = held;
    const slash = node.key.endsWith('/') ? '/' : '';
    const isSame =
      idOf(containerOf(node) ?? node) ===
      idOf({ endpoint: container.endpoint, key: container.key });
    if (isCut && isSame) {
      return;
    }
    await this._start({
      kind: 'copy',
      endpoint: node.endpoint,
      key: node.key,
      toEndpoint: container.endpoint,
      toKey: `${container.key}${nameOfKey(node.key)}${slash}`,
      // Beside the original, it is a second one that is wanted.
      ifExists: isSame ? 'rename' : 'fail',
      deleteSource: isCut
    });
    if (isCut) {
      this.transfers.hold(null);
    }
  }

  // --- Private ---

  private async _upload(
    container: ILocation,
    read: (signal: AbortSignal) => Promise<IDropped>
  ): Promise<void> {
    await guarded(async () => {
      // What nobody has looked into may be a store.
      await this._options.browser.model.recognised(idOf(container));
      this._check(container);
      await this.transfers.upload(container, this.uriOf(container), read);
    });
  }

  /**
   * Begin a copy or a deletion. Its end is told as that of all jobs.
   */
  private async _start(request: IJobRequest): Promise<void> {
    const { usage } = this._options.browser;
    if (usage.status === 'idle') {
      // What endpoints are called.
      await usage.load();
    }
    await usage.start(request);
  }

  /**
   * @throws Error where nothing can be put into a container.
   */
  private _check(container: ILocation): void {
    const { browser, trans } = this._options;
    const refusal = refusalOf(browser.model, container);
    if (refusal) {
      throw new Error(
        `${refusalText(refusal, browser.model, container, trans)}.`
      );
    }
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

  private async _create(location: ILocation): Promise<void> {
    const { model } = this._options.browser;
    const node = await this._client.createContainer(
      location,
      new AbortController().signal
    );
    await model.refresh(containerOf(location) ?? location);
    model.reveal(node);
  }

  private async _insertCell(
    source: ILocation,
    target: ILocation
  ): Promise<void> {
    const { usage } = this._options.browser;
    await this._place(await usage.copySnippet(source, target));
  }

  private async _place(snippet: ISnippet | null): Promise<void> {
    const { placer, trans } = this._options;
    if (!snippet) {
      throw new Error(trans.__('There is no cell for that.'));
    }
    await placer?.place(snippet.code, { language: snippet.language });
  }

  /**
   * What a node weighs, counted now. Null where the user did not want to wait.
   */
  private async _weigh(node: TreeNode): Promise<IUsageRow | null> {
    const { browser, trans } = this._options;
    const { usage } = browser;
    const { endpoint, key } = node;
    const base: IUsageRow = {
      key,
      name: nameOfKey(key),
      kind: isZarr(node) ? node.kind : key.endsWith('/') ? 'folder' : 'object',
      objects: 1,
      bytes: node.sizeBytes ?? 0,
      oldestAt: null,
      newestAt: null,
      expiresAt: null,
      goneAt: null,
      expiringObjects: 0,
      expiringBytes: 0,
      chunks: null
    };
    if (!key.endsWith('/')) {
      return base;
    }
    const place = { endpoint, key };
    const { whileCounting } = await import('./view/manage/dialogs');
    const isWanted = await whileCounting(usage.count(place), {
      name: base.name,
      progress: () => usage.place(place).job?.progress ?? null,
      changed: usage.changed,
      trans
    });
    const { job, problem, usage: counted } = usage.place(place);
    if (!isWanted) {
      if (job && isUnderWay(job)) {
        await usage.cancel(job);
      }
      return null;
    }
    if (problem || !counted) {
      throw problem
        ? new ApiError(problem)
        : new Error(trans.__('It could not be counted.'));
    }
    const { objects, bytes, expiresAt } = counted;
    return { ...base, objects, bytes, expiresAt };
  }

  /**
   * Addresses of the folders that the tree shows, to choose from.
   */
  private _folders(): string[] {
    const { model } = this._options.browser;
    return model.rows.list.flatMap(({ kind, target }) => {
      const node = kind === 'node' ? model.node(target) : undefined;
      return node &&
        isContainer(node) &&
        !isZarr(node) &&
        refusalOf(model, node) === null
        ? [this.uriOf(node)]
        : [];
    });
  }

  private async _makeUploads(): Promise<Uploads> {
    const { Uploads: Made } = await import('./uploads/uploads');
    const { trans } = this._options;
    const uploads = new Made({
      api: this._client,
      ask: (question, signal) => this._ask(question, signal),
      run: (request, signal) => this._run(request, signal),
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

  private async _ask(
    question: IQuestion,
    signal: AbortSignal
  ): Promise<IAnswer> {
    const { browser, trans } = this._options;
    const { usage } = browser;
    const { endpoint, stores } = question;
    const { askTaken, whileCounting } = await import('./view/manage/dialogs');
    const counts = Promise.all(
      stores.map(key => usage.count({ endpoint, key }))
    );
    const place = (key: string) => usage.place({ endpoint, key });
    const isWanted = await whileCounting(counts, {
      name: stores.map(nameOfKey).join(', '),
      progress: () =>
        stores.map(key => place(key).job?.progress).find(Boolean) ?? null,
      changed: usage.changed,
      signal,
      trans
    });
    if (!isWanted) {
      return { answer: 'cancel', stores: [] };
    }
    const weights = stores.map(key => {
      const { usage: counted, problem } = place(key);
      if (problem || !counted) {
        throw problem
          ? new ApiError(problem)
          : new Error(trans.__('It could not be counted.'));
      }
      const { objects, bytes } = counted;
      return { key, objects, bytes };
    });
    return askTaken({ question, weights, signal, trans });
  }

  /**
   * Have a job done, to its end.
   */
  private async _run(request: IJobRequest, signal: AbortSignal): Promise<IJob> {
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
    const { browser, trans } = this._options;
    const { model } = browser;
    const { target } = drop;
    const only = drop.onlyKey;
    const before = model.activeRow?.target;
    if (drop.run) {
      await model.refresh(target);
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
    if (!this.isPanelVisible()) {
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
                this._reveal();
                this.show(drop);
              }
            }
          ]
        }
      );
    }
  }

  private _onJobEnded(_: unknown, { request }: IJob): void {
    if (request.toEndpoint === MY_FILES) {
      void this._options.files?.model.refresh();
    }
  }

  private _reveal(): void {
    void this._options.app.commands.execute(CommandIDs.open);
  }

  private _updateStatus(): void {
    const isActive =
      (this.transfers.uploads?.share ?? null) !== null ||
      this.transfers.jobs.length > 0;
    if (isActive !== this._isStatusActive) {
      this._isStatusActive = isActive;
      this._statusChanged.emit();
    }
  }

  private readonly _client: UploadClient;
  private _isStatusActive = false;
  private readonly _parts = new DisposableSet();
  private readonly _statusChanged = new Signal<this, void>(this);
}

export namespace Manage {
  export interface IOptions {
    api: ServerApi;
    app: JupyterFrontEnd;
    browser: ZarrBrowser;
    files: IDefaultFileBrowser | null;
    placer: ICodePlacer | null;
    statusBar: IStatusBar | null;
    trans: TranslationBundle;
  }
}
