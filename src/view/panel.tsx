import { ReactWidget } from '@jupyterlab/ui-components';
import type { TranslationBundle } from '@jupyterlab/translation';
import type { Message } from '@lumino/messaging';
import { Signal } from '@lumino/signaling';
import type { ISignal } from '@lumino/signaling';
import React from 'react';

import { sayCopied } from '../copied';
import { panelIcon } from '../icons';
import type { Manage } from '../manage';
import type { BrowserModel } from '../model';
import { idOf } from '../nodes';
import type { ILocation, TreeNode } from '../nodes';
import type { IPanelHandle } from '../tokens';
import { PanelContextProvider, usePanel } from './context';
import type { IPanelContext } from './context';
import { GoTo } from './goto';
import { PanelState } from './panelState';
import { Splitter } from './splitter';
import { Toolbar } from './toolbar';
import { Tree } from './tree';
import { useSnapshot } from './useSnapshot';

const Details = React.lazy(() => import('./details'));
const TransferList = React.lazy(() => import('./transfers'));

/**
 * The sidebar.
 */
export class ZarrBrowserPanel extends ReactWidget implements IPanelHandle {
  constructor(private readonly _options: ZarrBrowserPanel.IOptions) {
    super();
    const { trans } = _options;
    this.id = 'jp-zarrbrowser-panel';
    this.addClass('jp-ZarrBrowser');
    this.title.icon = panelIcon;
    this.title.caption = trans.__('Zarr Browser');
    this.node.setAttribute('role', 'region');
    this.node.setAttribute('aria-label', trans.__('Zarr Browser'));
  }

  readonly state = new PanelState();

  get menuOpening(): ISignal<this, TreeNode> {
    return this._menuOpening;
  }

  override dispose(): void {
    if (!this.isDisposed) {
      this.state.dispose();
      super.dispose();
    }
  }

  reveal(): void {
    this._options.activate(this.id);
  }

  focusTree(): void {
    const tree = this._treeRef.current;
    if (tree && !tree.hidden) {
      tree.focus({ preventScroll: true });
    } else {
      this.focusFilter();
    }
  }

  focusFilter(): void {
    this.node.querySelector<HTMLInputElement>('input')?.focus();
  }

  showGoTo(): void {
    this.reveal();
    if (this.state.isGoToOpen) {
      this.node
        .querySelector<HTMLInputElement>('.jp-ZarrBrowser-goTo input')
        ?.focus();
    }
    this.state.isGoToOpen = true;
  }

  showDetails(): void {
    this.reveal();
    this.state.areDetailsOpen = true;
  }

  toggleDetails(): void {
    this.reveal();
    this.state.areDetailsOpen = !this.state.areDetailsOpen;
  }

  collapseAll(): void {
    this._options.model.collapseAll();
  }

  filterByPrefix(location: ILocation): void {
    this.reveal();
    void this._options.model.setPrefix(idOf(location), '');
  }

  showUsage(location: ILocation): void {
    this._options.showUsage(location);
  }

  protected override render(): React.JSX.Element {
    const { manage, model, trans } = this._options;
    const context: IPanelContext = {
      model,
      manage,
      state: this.state,
      trans,
      run: this._options.run,
      copy: text => {
        this._options.copy(text);
        sayCopied(text, trans);
      },
      drop: this._options.drop,
      menuOpening: node => this._menuOpening.emit(node)
    };
    return (
      <PanelContextProvider value={context}>
        <Panel treeRef={this._treeRef} focusTree={() => this.focusTree()} />
      </PanelContextProvider>
    );
  }

  protected override onActivateRequest(msg: Message): void {
    super.onActivateRequest(msg);
    if (!this.node.contains(document.activeElement)) {
      this.focusTree();
    }
  }

  protected override onAfterShow(msg: Message): void {
    super.onAfterShow(msg);
    this._options.model.setVisible(true);
  }

  protected override onAfterAttach(msg: Message): void {
    super.onAfterAttach(msg);
    this._options.model.setVisible(this.isVisible);
  }

  protected override onAfterHide(msg: Message): void {
    super.onAfterHide(msg);
    this._options.model.setVisible(false);
  }

  private readonly _menuOpening = new Signal<this, TreeNode>(this);
  private readonly _treeRef = React.createRef<HTMLDivElement>();
}

export namespace ZarrBrowserPanel {
  export interface IOptions {
    model: BrowserModel;
    manage: Manage;
    trans: TranslationBundle;
    /**
     * Bring the widget with an id to the front.
     */
    activate(id: string): void;
    run(action: string, node: TreeNode, snippet?: string): void;
    showUsage(location: ILocation): void;
    copy(text: string): void;
    drop: IPanelContext['drop'];
  }
}

function Panel(props: {
  treeRef: React.RefObject<HTMLDivElement>;
  focusTree(): void;
}): React.JSX.Element {
  const { manage, model, state } = usePanel();
  const { transfers } = manage;
  const hasTransfers = useSnapshot(
    transfers.changed,
    () => transfers.count > 0
  );
  const areDetailsOpen = useSnapshot(state.changed, () => state.areDetailsOpen);
  const detailsPx = useSnapshot(state.changed, () => state.detailsPx);
  const isGoToOpen = useSnapshot(state.changed, () => state.isGoToOpen);
  const hasTree = useSnapshot(
    model.changed,
    () => model.endpointIds.length > 0
  );
  return (
    <>
      <Toolbar focusTree={props.focusTree} />
      {isGoToOpen ? <GoTo focusTree={props.focusTree} /> : null}
      <div className="jp-ZarrBrowser-main">
        <Tree treeRef={props.treeRef} />
        {areDetailsOpen && hasTree ? (
          <>
            <Splitter />
            <div
              className="jp-ZarrBrowser-detailsPane"
              style={{ height: detailsPx }}
            >
              <React.Suspense fallback={null}>
                <Details />
              </React.Suspense>
            </div>
          </>
        ) : null}
      </div>
      {hasTransfers ? (
        <React.Suspense fallback={null}>
          <TransferList />
        </React.Suspense>
      ) : null}
    </>
  );
}
