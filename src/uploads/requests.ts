import { ApiError } from '../api';
import type { IProblem } from '../wire';
import { failureOf, pauseOf, problemOf } from './failures';

/**
 * Times that something is sent again before it counts as failed.
 */
export const TRIES = 10;

/**
 * Milliseconds that what is in flight has to end after a pause: what was sent of it would be sent again.
 */
const DRAIN_MS = 15_000;

export interface IRequestsOptions {
  /**
   * The server could not be reached, or answered.
   */
  lost(): void;
  found(): void;
  /**
   * There may be more to do.
   */
  wake(): void;
  /**
   * Something is different.
   */
  changed(): void;
  pauseOf?(tries: number): number;
}

/**
 * What follows from a failure.
 */
export interface IFollowing {
  /**
   * Try it again after a while.
   */
  again(error: unknown): void;
  /**
   * Do it once that is possible again.
   */
  back(wasSent: boolean): void;
  fail(problem: IProblem, signal: AbortSignal): Promise<void> | void;
}

/**
 * The requests of one drop that are under way, and those that wait to be repeated.
 */
export class Requests {
  /**
   * @param _stop - Called where the user has to do something first.
   */
  constructor(
    private readonly _options: IRequestsOptions,
    private readonly _stop: (problem: IProblem) => void
  ) {}

  get isIdle(): boolean {
    return this._tasks.size === 0 && this._timers.size === 0;
  }

  /**
   * Whether anything is in flight.
   */
  get isSending(): boolean {
    return this._tasks.size > 0;
  }

  /**
   * Why something is being sent again; null where nothing is, or where that has gone well.
   */
  get trouble(): IProblem | null {
    return this._trouble;
  }

  get isCancelled(): boolean {
    return this._isCancelled;
  }

  /**
   * Bytes in flight that count, as far as the browser has handed them on.
   */
  get sendingBytes(): number {
    return this._sendingBytes;
  }

  changed(): void {
    this._options.changed();
  }

  /**
   * Do something that may fail, and what follows from it.
   *
   * @param isCounted - Whether its bytes in flight count.
   */
  async guard(
    work: (signal: AbortSignal, sent: (bytes: number) => void) => Promise<void>,
    then: IFollowing,
    isCounted = true
  ): Promise<void> {
    const controller = new AbortController();
    const { signal } = controller;
    this._tasks.add(controller);
    let loaded = 0;
    const sent = (bytes: number) => {
      this._sendingBytes += isCounted ? bytes - loaded : 0;
      loaded = bytes;
      this._options.changed();
    };
    const settle = async (error: unknown): Promise<void> => {
      if (this._isCancelled) {
        return;
      }
      const failure = failureOf(error);
      switch (failure) {
        case 'aborted':
          then.back(loaded > 0);
          break;
        case 'lost':
          then.back(true);
          this._options.lost();
          break;
        case 'stopped':
          then.back(true);
          this._stop(problemOf(error));
          break;
        case 'again':
          if (error instanceof ApiError) {
            this._options.found();
          }
          then.again(error);
          break;
        case 'final':
          if (error instanceof ApiError) {
            this._options.found();
          }
          await then.fail(problemOf(error), signal);
          break;
      }
    };
    try {
      await work(signal, sent);
      this._options.found();
      if (this._timers.size === 0) {
        this._trouble = null;
      }
    } catch (error) {
      try {
        await settle(error);
      } catch (second) {
        // What was asked to understand the failure failed itself: then all of it is tried again.
        if (failureOf(second) === 'final') {
          await then.fail(problemOf(second), signal);
        } else if (!this._isCancelled) {
          then.back(true);
          if (failureOf(second) === 'lost') {
            this._options.lost();
          }
        }
      }
    } finally {
      sent(0);
      this._tasks.delete(controller);
      this._options.changed();
    }
  }

  /**
   * Do something after a pause that is the longer the more often it failed.
   */
  later(tries: number, problem: IProblem, work: () => void): void {
    if (this._isCancelled) {
      return;
    }
    this._trouble = problem;
    const timer = setTimeout(() => {
      this._timers.delete(timer);
      work();
      this._options.changed();
      this._options.wake();
    }, this.pauseOf(tries));
    this._timers.add(timer);
  }

  pauseOf(tries: number): number {
    return (this._options.pauseOf ?? pauseOf)(tries);
  }

  /**
   * Let what is in flight end, and give up what takes long.
   */
  drain(): void {
    clearTimeout(this._draining);
    this._draining = setTimeout(() => this._abort(), DRAIN_MS);
  }

  /**
   * Give up nothing any more.
   */
  keep(): void {
    clearTimeout(this._draining);
  }

  /**
   * Give up everything, for good.
   */
  cancel(): void {
    this._isCancelled = true;
    for (const timer of this._timers) {
      clearTimeout(timer);
    }
    this._timers.clear();
    this.keep();
    this._abort();
  }

  private _abort(): void {
    for (const controller of [...this._tasks]) {
      controller.abort();
    }
  }

  private _draining: ReturnType<typeof setTimeout> | undefined;
  private _isCancelled = false;
  private _sendingBytes = 0;
  private readonly _tasks = new Set<AbortController>();
  private _trouble: IProblem | null = null;
  private readonly _timers = new Set<ReturnType<typeof setTimeout>>();
}

export function throwIfAborted(signal: AbortSignal): void {
  if (signal.aborted) {
    throw new DOMException('Aborted', 'AbortError');
  }
}
