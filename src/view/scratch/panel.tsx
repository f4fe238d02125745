import { ReactWidget } from '@jupyterlab/ui-components';
import type { Message } from '@lumino/messaging';
import React from 'react';

import { weightText } from '../../lifetime';
import type { UsageView } from '../../usageView';
import { useSnapshot } from '../useSnapshot';
import { ActionBar } from './actions';
import { Breadcrumb } from './breadcrumb';
import { UsageContextProvider, useUsage } from './context';
import type { IUsageContext } from './context';
import { Header } from './header';
import { JobList } from './jobs';
import { CountState, NoScratch, Starting } from './states';
import { Summary } from './summary';
import { Table } from './table';
import { Treemap } from './treemap';

/**
 * What a scratch, or any container, holds and weighs.
 */
export class UsagePanel extends ReactWidget {
  constructor(
    private readonly _context: Omit<IUsageContext, 'view'>,
    readonly view: UsageView
  ) {
    super();
    this.addClass('jp-ZarrUsage');
    // Takes the focus where nothing in it does.
    this.node.tabIndex = -1;
  }

  override dispose(): void {
    if (!this.isDisposed) {
      this.view.dispose();
      super.dispose();
    }
  }

  protected override render(): React.JSX.Element {
    return (
      <UsageContextProvider value={{ ...this._context, view: this.view }}>
        <Usage />
      </UsageContextProvider>
    );
  }

  protected override onActivateRequest(msg: Message): void {
    super.onActivateRequest(msg);
    this.focusTable();
  }

  /**
   * Put the focus into the table, or into what stands in its place.
   */
  focusTable(): void {
    if (!this.node.contains(document.activeElement)) {
      (
        this.node.querySelector<HTMLElement>('[role="grid"]') ??
        this.node.querySelector<HTMLElement>(
          'button.jp-ZarrBrowser-button[data-primary]'
        ) ??
        this.node
      ).focus({ preventScroll: true });
    }
  }
}

function Usage(): React.JSX.Element {
  const { model, view, trans } = useUsage();
  useSnapshot(view.changed, () => view.version);
  const scrollRef = React.useRef<HTMLDivElement>(null);
  useHeldFocus(scrollRef);
  const { place } = view;
  const state = place && model.place(place);
  const usage = state?.usage ?? null;
  return (
    <>
      <div
        className="jp-ZarrUsage-scroll"
        ref={scrollRef}
        tabIndex={-1}
        onKeyDown={event => {
          if (
            event.target === event.currentTarget &&
            (event.key === 'Backspace' || event.key === 'ArrowLeft') &&
            view.leave()
          ) {
            event.preventDefault();
          }
        }}
      >
        {!place || !state ? (
          model.status === 'ready' ? (
            <NoScratch />
          ) : (
            <Starting />
          )
        ) : (
          <>
            <Header usage={usage} />
            <JobList />
            <Breadcrumb />
            <CountState place={place} state={state} />
            {usage ? (
              <>
                <Summary place={place} usage={usage} state={state} />
                {usage.rows.length > 0 ? (
                  <>
                    {view.showsMap ? <Treemap usage={usage} /> : null}
                    <Table usage={usage} scrollRef={scrollRef} />
                  </>
                ) : null}
              </>
            ) : null}
          </>
        )}
      </div>
      <ActionBar />
      <div className="jp-ZarrBrowser-live" role="status" aria-live="polite">
        {state?.isCounting
          ? trans.__('Counting')
          : usage
            ? trans.__(
                'Counted: %1',
                weightText(usage.objects, usage.bytes, trans)
              )
            : ''}
      </div>
    </>
  );
}

/**
 * Where what has the focus goes away, because another place is shown, the focus stays here: on the table that comes, and
 * until then on what scrolls.
 */
function useHeldFocus(scrollRef: React.RefObject<HTMLDivElement>): void {
  const isHeld = React.useRef(false);
  React.useEffect(() => {
    const scroll = scrollRef.current;
    if (!scroll) {
      return;
    }
    const take = () => {
      isHeld.current = true;
    };
    const leave = (event: FocusEvent) => {
      const to = event.relatedTarget;
      if (to instanceof Node && !scroll.contains(to)) {
        isHeld.current = false;
      }
    };
    const press = (event: PointerEvent) => {
      if (event.target instanceof Node && !scroll.contains(event.target)) {
        isHeld.current = false;
      }
    };
    scroll.addEventListener('focusin', take);
    scroll.addEventListener('focusout', leave);
    document.addEventListener('pointerdown', press, true);
    return () => {
      scroll.removeEventListener('focusin', take);
      scroll.removeEventListener('focusout', leave);
      document.removeEventListener('pointerdown', press, true);
    };
  }, [scrollRef]);
  React.useEffect(() => {
    const scroll = scrollRef.current;
    const { activeElement } = document;
    if (
      scroll &&
      ((isHeld.current &&
        (activeElement === document.body || activeElement === scroll)) ||
        // The tab was opened before there was a table.
        activeElement === scroll.parentElement)
    ) {
      const grid = scroll.querySelector<HTMLElement>('[role="grid"]');
      (grid ?? scroll).focus({ preventScroll: true });
    }
  });
}
