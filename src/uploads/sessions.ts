import type { ILocation } from '../nodes';
import type { IUploadApi } from './client';
import { failureOf } from './failures';
import { TRIES } from './requests';

/**
 * Told of what is begun, and of what is over.
 */
export interface ISessionNotes {
  add(id: string, location: ILocation): void;
  remove(id: string): void;
}

/**
 * Large files that the server keeps parts of, by their ids, and how these are taken back.
 */
export class Sessions {
  /**
   * @param _pauseOf - Milliseconds before something is tried for another time.
   */
  constructor(
    private readonly _api: IUploadApi,
    private readonly _pauseOf: (tries: number) => number,
    private readonly _notes: ISessionNotes | null = null
  ) {}

  add(id: string, location: ILocation): void {
    this._ids.add(id);
    this._notes?.add(id, location);
  }

  /**
   * It has ended, or it is gone.
   */
  forget(id: string): void {
    this._ids.delete(id);
    this._notes?.remove(id);
  }

  has(id: string): boolean {
    return this._ids.has(id);
  }

  /**
   * Take back all parts of a file, as soon as the server can be reached.
   */
  remove(id: string): Promise<void> {
    this._notes?.remove(id);
    const work = (async () => {
      for (let tries = 0; tries < TRIES; tries++) {
        try {
          await this._api.removeUpload(id, new AbortController().signal);
          return;
        } catch (error) {
          const failure = failureOf(error);
          if (failure !== 'lost' && failure !== 'again') {
            // It is gone, or the server gives it up by itself.
            return;
          }
          await new Promise(resolve =>
            setTimeout(resolve, this._pauseOf(tries))
          );
        }
      }
    })();
    this._removing.push(work);
    return work;
  }

  removeAll(): void {
    for (const id of this._ids) {
      void this.remove(id);
    }
  }

  /**
   * Resolves once what is being taken back now has gone.
   */
  get removed(): Promise<unknown> {
    return Promise.all(this._removing);
  }

  private readonly _ids = new Set<string>();
  private readonly _removing: Promise<void>[] = [];
}
