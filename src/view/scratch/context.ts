import type { TranslationBundle } from '@jupyterlab/translation';
import { createContext, useContext } from 'react';

import type { UsageModel } from '../../usage';
import type { UsageView } from '../../usageView';
import type { IJob } from '../../wire';

/**
 * What the parts of a tab work with.
 */
export interface IUsageContext {
  readonly model: UsageModel;
  readonly view: UsageView;
  readonly trans: TranslationBundle;
  copy(text: string): void;
  cancel(job: IJob): void;
  /**
   * Run a command on the active row.
   */
  run(command: UsageCommand): void;
  /**
   * Whether a command can be run on the active row.
   */
  can(command: UsageCommand): boolean;
}

export type UsageCommand =
  'look' | 'insert' | 'reveal' | 'copy-uri' | 'keep' | 'renew' | 'delete';

const Context = createContext<IUsageContext | null>(null);

export const UsageContextProvider = Context.Provider;

export function useUsage(): IUsageContext {
  const context = useContext(Context);
  if (!context) {
    throw new Error('Used outside of the scratch view.');
  }
  return context;
}
