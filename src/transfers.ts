import { Signal } from '@lumino/signaling';
import type { ISignal } from '@lumino/signaling';

import type { Begun } from './begun';
import type { ILocation, TreeNode } from './nodes';
import type { IDropped } from './uploads/dropped';
import type { Drop, Uploads } from './uploads/uploads';
import type { UsageModel } from './usage';
import type { IJob, IUpload } from './wire';

/**
 * A row that was cut or copied.
 */
export interface IHeld {
  readonly node: TreeNode;
  /**
   * Whether it goes away from where it was.
   */
  readonly isCut: boolean;
}

/**
 * All that moves: uploads of this page, and what the server copies and deletes. No DOM.
 */
export class Transfers {
  /**
   * @param _make - What uploads; made when something is uploaded first.
   * @param begun - Large files that the server keeps parts of.
   */
  constructor(
    private readonly _usage: UsageModel,
    private readonly _make: () => Promise<Uploads>,
    readonly begun: Begun
  ) {
    _usage.changed.connect(this._touch, this);
  }

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /**
   * Grows with every change.
   */
  get version(): number {
    return this._version;
  }

  /**
   * Null before the first upload.
   */
  get uploads(): Uploads | null {
    return this._uploads;
  }

  /**
   * The latest first.
   */
  get drops(): readonly Drop[] {
    return this._uploads?.drops ?? [];
  }

  /**
   * Copies and deletions under way, the latest first.
   */
  get jobs(): readonly IJob[] {
    return this._usage.transfers;
  }

  /**
   * What `paste` puts somewhere.
   */
  get held(): IHeld | null {
    return this._held;
  }

  /**
   * Large files that an earlier load of this page has begun, and that nobody has gone on with.
   */
  get stopped(): readonly IUpload[] {
    return this._stopped.filter(
      ({ id }) =>
        this.begun.has(id) &&
        !this.drops.some(
          ({ isUnderWay, run }) => isUnderWay && run?.isSending(id)
        )
    );
  }

  setStopped(stopped: readonly IUpload[]): void {
    this._stopped = stopped;
    this._touch();
  }

  /**
   * Speak of a file that has stopped no more. It stays among what is unfinished.
   */
  dismiss({ id }: IUpload): void {
    this.begun.remove(id);
    this._touch();
  }

  /**
   * Lines that there are to show.
   */
  get count(): number {
    return this.drops.length + this.jobs.length + this.stopped.length;
  }

  hold(held: IHeld | null): void {
    this._held = held;
    this._touch();
  }

  /**
   * Upload files into a container.
   *
   * @param read - Reads what was dropped; called at once.
   */
  async upload(
    target: ILocation,
    uri: string,
    read: (signal: AbortSignal) => Promise<IDropped>
  ): Promise<Drop> {
    this._making ??= this._make().then(uploads => {
      this._uploads = uploads;
      uploads.changed.connect(this._touch, this);
      return uploads;
    });
    return (await this._making).start(target, uri, read);
  }

  dispose(): void {
    this._uploads?.dispose();
    Signal.clearData(this);
  }

  private _touch(): void {
    this._version++;
    this._changed.emit();
  }

  private readonly _changed = new Signal<this, void>(this);
  private _held: IHeld | null = null;
  private _making: Promise<Uploads> | null = null;
  private _stopped: readonly IUpload[] = [];
  private _uploads: Uploads | null = null;
  private _version = 0;
}
