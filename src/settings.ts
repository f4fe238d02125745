import type { ISettingRegistry } from '@jupyterlab/settingregistry';

import type { BrowserModel } from './model';
import type { PanelState } from './view/panelState';

/**
 * Keep the model and the panel in step with the user's settings. Resolves to those that matter once.
 */
export async function followSettings(
  registry: ISettingRegistry,
  pluginId: string,
  model: BrowserModel,
  state: PanelState
): Promise<{ restoreExpanded: boolean }> {
  try {
    const settings = await registry.load(pluginId);
    const apply = () => {
      const { pageSize, doubleClick, menuWaitMs } = settings.composite;
      if (typeof pageSize === 'number') {
        model.pageSize = pageSize;
      }
      if (doubleClick === 'insert' || doubleClick === 'expand') {
        state.doubleClick = doubleClick;
      }
      if (typeof menuWaitMs === 'number') {
        state.menuWaitMs = menuWaitMs;
      }
    };
    apply();
    settings.changed.connect(apply);
    // What the user last did with the details, if anything, is restored after this.
    state.areDetailsOpen = settings.composite.showDetails !== false;
    return { restoreExpanded: settings.composite.restoreExpanded !== false };
  } catch (error) {
    console.warn('Zarr Browser uses its default settings.', error);
    return { restoreExpanded: true };
  }
}
