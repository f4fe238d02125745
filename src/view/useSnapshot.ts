import type { ISignal } from '@lumino/signaling';
import { useCallback, useSyncExternalStore } from 'react';

/**
 * Draw again when a signal says so and what `get` returns is another value than before.
 */
export function useSnapshot<S, T>(
  signal: ISignal<S, unknown>,
  get: () => T
): T {
  const subscribe = useCallback(
    (notify: () => void) => {
      const slot = () => notify();
      signal.connect(slot);
      return () => {
        signal.disconnect(slot);
      };
    },
    [signal]
  );
  return useSyncExternalStore(subscribe, get);
}
