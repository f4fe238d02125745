import { pauseOf } from './failures';

/**
 * Requests in flight, of all drops together: a browser opens six connections to a server, and the page needs some.
 */
export const SLOTS = 4;

/**
 * Something that can be done now. Never rejects.
 */
export type Task = () => Promise<void>;

/**
 * Gives out what it has to do, one request at a time.
 */
export interface IRunning {
  /**
   * What can be done now; null where there is nothing, or not yet.
   */
  next(): Task | null;
}

/**
 * Keeps a few requests in flight as long as there is something to send, and waits while the server cannot be reached.
 */
export class UploadQueue {
  /**
   * @param _changed - Called when the connection is lost or found again.
   */
  constructor(
    private readonly _changed: () => void,
    private readonly _slots = SLOTS,
    private readonly _pauseOf = pauseOf
  ) {
    window.addEventListener('online', this._onOnline);
  }

  /**
   * Whether the server could not be reached the last time.
   */
  get isLost(): boolean {
    return this._lost > 0;
  }

  add(running: IRunning): void {
    this._all.push(running);
    this.pump();
  }

  remove(running: IRunning): void {
    this._all = this._all.filter(each => each !== running);
  }

  /**
   * Begin what can be begun. To be called whenever there may be more to do.
   */
  pump(): void {
    while (
      this._underWay < (this._lost > 0 ? 1 : this._slots) &&
      this._timer === undefined
    ) {
      const task = this._next();
      if (!task) {
        return;
      }
      this._underWay++;
      void task().finally(() => {
        this._underWay--;
        this.pump();
      });
    }
  }

  /**
   * Tell that the server could not be reached. Nothing is sent for a while, then one request, to see.
   */
  lost(): void {
    if (this._timer === undefined) {
      this._timer = setTimeout(this._onOnline, this._pauseOf(this._lost));
      this._lost++;
      this._changed();
    }
  }

  /**
   * Tell that the server answers.
   */
  found(): void {
    if (this._lost > 0) {
      this._lost = 0;
      clearTimeout(this._timer);
      this._timer = undefined;
      this._changed();
      this.pump();
    }
  }

  dispose(): void {
    clearTimeout(this._timer);
    window.removeEventListener('online', this._onOnline);
    this._all = [];
  }

  /**
   * In turn, so that a drop of many files does not hold up all others.
   */
  private _next(): Task | null {
    for (let tried = 0; tried < this._all.length; tried++) {
      const running = this._all.shift()!;
      this._all.push(running);
      const task = running.next();
      if (task) {
        return task;
      }
    }
    return null;
  }

  private readonly _onOnline = () => {
    clearTimeout(this._timer);
    this._timer = undefined;
    this.pump();
  };

  private _all: IRunning[] = [];
  private _lost = 0;
  private _timer: ReturnType<typeof setTimeout> | undefined;
  private _underWay = 0;
}
