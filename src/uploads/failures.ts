import { ApiError, LOCAL_CODES, isAbort, toProblem } from '../api';
import type { IProblem } from '../wire';

/**
 * What to do about a request that failed: nothing (somebody gave it up), wait until the server can be reached, send it
 * again, let the user log in, or tell what is wrong with it.
 */
export type Failure = 'aborted' | 'lost' | 'again' | 'stopped' | 'final';

/**
 * Milliseconds before the first repetition, and the most before any.
 */
const FIRST_MS = 1000;
const LAST_MS = 60_000;

/**
 * Statuses by which hubs and proxies say that a server is not there, or not yet.
 */
const AWAY: ReadonlySet<number> = new Set([0, 424, 429, 502, 503, 504]);

export function failureOf(error: unknown): Failure {
  if (isAbort(error)) {
    return 'aborted';
  }
  if (!(error instanceof ApiError)) {
    return 'final';
  }
  switch (error.code) {
    case LOCAL_CODES.offline:
      return 'lost';
    case LOCAL_CODES.foreign:
      return AWAY.has(error.status)
        ? 'lost'
        : error.retryable
          ? 'again'
          : 'final';
    case LOCAL_CODES.login:
    case LOCAL_CODES.missing:
      return 'stopped';
    default:
      return error.retryable ? 'again' : 'final';
  }
}

/**
 * Milliseconds to wait before something is tried for another time. Not the same for all, so that they do not come back
 * at once.
 */
export function pauseOf(tries: number, random = Math.random()): number {
  const most = Math.min(LAST_MS, FIRST_MS * 2 ** Math.min(tries, 16));
  return most * (0.5 + random / 2);
}

/**
 * A file that the browser can read no more: it was moved, deleted or changed since it was chosen.
 */
export class UnreadableError extends Error implements IProblem {
  constructor(override readonly cause: unknown) {
    super(cause instanceof Error ? cause.message : String(cause));
    this.name = 'UnreadableError';
  }

  readonly code = 'client_unreadable';
  readonly hint = '';
  readonly retryable = false;
}

/**
 * Read of a file, whose failure is not that of a request.
 */
export async function reading<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    throw isAbort(error) ? error : new UnreadableError(error);
  }
}

export function problemOf(error: unknown): IProblem {
  if (error instanceof UnreadableError) {
    const { code, message, hint, retryable } = error;
    return { code, message, hint, retryable };
  }
  return toProblem(error);
}
