import type { JupyterFrontEnd } from '@jupyterlab/application';
import type { IDefaultFileBrowser } from '@jupyterlab/filebrowser';
import { PathExt } from '@jupyterlab/coreutils';
import type { IStatusBar } from '@jupyterlab/statusbar';
import type { TranslationBundle } from '@jupyterlab/translation';
import { DisposableSet } from '@lumino/disposable';
import type { IDisposable } from '@lumino/disposable';
import { Signal } from '@lumino/signaling';

import { ApiError } from './api';
import type { ServerApi } from './api';
import { Begun, tabStorage } from './begun';
import type { ZarrBrowser } from './browser';
import { CommandIDs } from './commands';
import { guarded } from './failures';
import { addressOf } from './keep';
import {
  MY_FILES,
  containerOf,
  idOf,
  isContainer,
  isZarr,
  locationOf,
  nameOfKey
} from './nodes';
import type { ILocation, TreeNode } from './nodes';
import { ifExistsOf } from './replacing';
import {
  endpointOf,
  knownAbove,
  placeFor,
  refusalOf,
  refusalText
} from './rights';
import type { ICodePlacer, IManage } from './tokens';
import { Transfers } from './transfers';
import { Uploading } from './uploading';
import { UploadClient } from './uploads/client';
import type { Answer } from './uploads/uploads';
import { UploadStatus } from './view/uploadStatus';
import { weigh } from './weighing';
import type { IJob, IJobRequest, ISnippet } from './wire';

/**
 * Files that a cell can write as Zarr.
 */
const CONVERTIBLE = /\.(?:nc|nc4|cdf|h5|hdf5|tiff?)$/i;

/**
 * Something among one's files, and where it goes.
 */
interface ICopied {
  readonly source: ILocation;
  readonly toKey: string;
}

/**
 * Uploads, copies, moves, renames and deletes: asks what has to be asked, and tells how it ended.
 */
export class Manage implements IManage, IDisposable {
  constructor(private readonly _options: Manage.IOptions) {
    const { api, browser, statusBar, trans } = _options;
    this._client = new UploadClient(api);
    this.transfers = new Transfers(
      browser.usage,
      () => this.uploading.make(),
      new Begun(tabStorage(), api.base)
    );
    this.uploading = new Uploading({
      ..._options,
      client: this._client,
      transfers: this.transfers,
      check: container => this._check(container),
      uriOf: location => this.uriOf(location),
      isSeen: () => this.isPanelVisible(),
      reveal: () => this._reveal()
    });
    this.transfers.changed.connect(this._updateStatus, this);
    void this.uploading.findStopped();
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
  readonly uploading: Uploading;

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

  // --- Putting ---

  chooseFiles(container: ILocation, what: 'files' | 'folder'): void {
    this.uploading.choose(this._placeFor(container), what);
  }

  showUnfinished(container: ILocation): Promise<void> {
    return this.uploading.showUnfinished(this._placeFor(container));
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
      const copies: ICopied[] = [];
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
          const { askConvert } = await import('./view/manage/questions');
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
        copies.push({ source, toKey: `${container.key}${name}${slash}` });
      }
      await this._copyAll(container, copies);
    });
  }

  /**
   * Copy several things into a container, and ask once about all that is there already.
   */
  private async _copyAll(
    container: ILocation,
    copies: readonly ICopied[]
  ): Promise<void> {
    if (copies.length === 0) {
      return;
    }
    const { endpoint } = container;
    const { signal } = new AbortController();
    const found = await this._client.taken(
      { endpoint, keys: copies.map(({ toKey }) => toKey) },
      signal
    );
    const taken = new Set(found.taken.map(({ key }) => key));
    let answer: Answer = 'skip';
    if (taken.size > 0) {
      const stores = await this._storesOf(endpoint, [...taken]);
      const given = await this.uploading.ask(
        {
          endpoint,
          container: container.key,
          files: [...taken].filter(key => !stores.includes(key)),
          stores,
          totalFiles: copies.length
        },
        signal
      );
      answer = given.answer;
      if (answer === 'cancel') {
        return;
      }
      if (answer === 'replace') {
        for (const { key, objects } of given.stores) {
          const job = await this.uploading.run(
            { kind: 'delete', endpoint, key, maxObjects: objects },
            signal
          );
          if (job.state !== 'done') {
            throw job.error
              ? new ApiError(job.error, 0)
              : new Error(this._options.trans.__('It could not be deleted.'));
          }
          // What comes to lie there meanwhile is asked about again.
          taken.delete(key);
        }
      }
    }
    for (const { source, toKey } of copies) {
      const ifExists = ifExistsOf(taken.has(toKey), answer);
      if (ifExists !== null) {
        await this._start({
          kind: 'copy',
          ...source,
          toEndpoint: endpoint,
          toKey,
          ifExists
        });
      }
    }
  }

  /**
   * Those of some keys that are Zarr stores: one cannot be written over another, their chunks would mix.
   */
  private async _storesOf(
    endpoint: string,
    keys: readonly string[]
  ): Promise<string[]> {
    const { model } = this._options.browser;
    const are = await Promise.all(
      keys.map(
        async key =>
          key.endsWith('.zarr/') ||
          (key.endsWith('/') &&
            (await model.snippets({ endpoint, key })).length > 0)
      )
    );
    return keys.filter((_, at) => are[at]);
  }

  cancelJob(job: IJob): void {
    void guarded(() => this._options.browser.usage.cancel(job));
  }

  // --- Making ---

  async makeFolder(above: ILocation): Promise<void> {
    const { browser, trans } = this._options;
    const container = this._placeFor(above);
    this._check(container);
    const { askName } = await import('./view/manage/names');
    const { endpoint } = container;
    await askName({
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
      submit: name =>
        this._create({ endpoint, key: `${container.key}${name}/` }),
      trans
    });
  }

  async makeBucket({ endpoint }: ILocation): Promise<void> {
    const { trans } = this._options;
    const { askName } = await import('./view/manage/names');
    await askName({
      title: trans.__('New bucket'),
      label: trans.__('Name'),
      accept: trans.__('Create'),
      address: text => `${this.uriOf({ endpoint, key: '' })}${text}/`,
      note: trans.__(
        '3 to 63 small letters, digits, dots and hyphens. Others on this service may have taken the name.'
      ),
      pattern: /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/,
      submit: name => this._create({ endpoint, key: `${name}/` }),
      trans
    });
  }

  // --- Changing ---

  async remove(node: TreeNode): Promise<void> {
    const { browser, trans } = this._options;
    const row = await weigh(node, browser.usage, trans);
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
    const row = await weigh(node, browser.usage, trans);
    const container = containerOf(node);
    if (!row || !container) {
      return;
    }
    const { askRename } = await import('./view/manage/names');
    const name = await askRename({
      row,
      address: text => this.uriOf(container) + text,
      isLocal: endpointOf(browser.model, node)?.kind === 'local',
      trans
    });
    if (name !== null) {
      const slash = node.key.endsWith('/') ? '/' : '';
      const toKey = `${container.key}${name}${slash}`;
      this._renamed.set(idOf({ endpoint: node.endpoint, key: toKey }), node);
      await this._start({
        kind: 'copy',
        endpoint: node.endpoint,
        key: node.key,
        toEndpoint: node.endpoint,
        toKey,
        ifExists: 'fail',
        deleteSource: true
      });
    }
  }

  async copy(node: TreeNode, isMove: boolean): Promise<void> {
    const { browser, trans } = this._options;
    const { model, usage } = browser;
    const row = await weigh(node, browser.usage, trans);
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
    const { askPlace } = await import('./view/manage/places');
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

  async paste(into: ILocation): Promise<void> {
    const { held } = this;
    const container = this._placeFor(into);
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

  private _placeFor(container: ILocation): ILocation {
    return placeFor(this._options.browser.model, container);
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

  private async _create(location: ILocation): Promise<void> {
    const { model } = this._options.browser;
    const node = await this._client.createContainer(
      location,
      new AbortController().signal
    );
    const above = containerOf(location) ?? location;
    await model.refresh(knownAbove(model, above));
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

  private _onJobEnded(_: unknown, job: IJob): void {
    const { toEndpoint, toKey } = job.request;
    if (toEndpoint === MY_FILES) {
      void this._options.files?.model.refresh();
    } else if (toEndpoint && toKey) {
      const target = { endpoint: toEndpoint, key: toKey };
      const source = this._renamed.get(idOf(target));
      this._renamed.delete(idOf(target));
      if (source && job.state === 'done') {
        void guarded(() => this._follow(source, target));
      }
    }
  }

  /**
   * Go where something went that was renamed, unless the user has gone anywhere else meanwhile.
   */
  private async _follow(source: ILocation, target: ILocation): Promise<void> {
    const { model } = this._options.browser;
    const container = containerOf(source);
    const active = model.activeRow?.target;
    const isHere = (id: string | undefined) =>
      id === undefined ||
      id === idOf(source) ||
      (container !== null && id === idOf(container));
    if (isHere(active)) {
      await model.refresh(container ?? source);
      const now = model.activeRow?.target;
      if (isHere(now) || now !== active) {
        model.select(target);
      }
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
  /**
   * What is being renamed, by the id that it gets.
   */
  private readonly _renamed = new Map<string, ILocation>();
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
