import { Notification } from '@jupyterlab/apputils';

import { isAbort, toProblem } from './api';

const FAILURE_MS = 15_000;

/**
 * Show a failure instead of throwing it.
 */
export async function guarded(work: () => Promise<unknown>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (!isAbort(error)) {
      showProblem(toProblem(error));
    }
  }
}

export function showProblem(problem: { message: string; hint: string }): void {
  const { message, hint } = problem;
  Notification.error(hint ? `${message}\n\n${hint}` : message, {
    autoClose: FAILURE_MS
  });
}
