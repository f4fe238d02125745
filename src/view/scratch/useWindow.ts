import React from 'react';

import { ROW_PX } from './cells';

const HEADER_PX = 30;

/**
 * Rows that are drawn beyond the edges of what is visible.
 */
const OVERSCAN = 12;

/**
 * Width of the table, and the rows in the page: until it was measured.
 */
const AT_FIRST = { widthPx: 800, start: 0, end: 60 };

export interface IWindowOptions {
  /**
   * What scrolls: the table, and what stands above it.
   */
  scrollRef: React.RefObject<HTMLElement>;
  rowsRef: React.RefObject<HTMLElement>;
  /**
   * -1 where no row is active.
   */
  activeIndex: number;
  activeKey: string | undefined;
}

/**
 * How wide the rows are and which of them can be seen (`end` is exclusive), with some beyond the edges. Scrolls to a row
 * that becomes active.
 */
export function useWindow(options: IWindowOptions): typeof AT_FIRST {
  const { scrollRef, rowsRef, activeIndex, activeKey } = options;
  const shownRef = React.useRef(AT_FIRST);
  const [shown, setShown] = React.useState(AT_FIRST);

  const measure = React.useCallback(() => {
    const scroll = scrollRef.current;
    const list = rowsRef.current;
    if (!scroll || !list || scroll.clientHeight === 0) {
      return;
    }
    const top = scroll.scrollTop - list.offsetTop;
    const now = {
      widthPx: list.clientWidth,
      start: Math.max(0, Math.floor(top / ROW_PX) - OVERSCAN),
      end: Math.ceil((top + scroll.clientHeight) / ROW_PX) + OVERSCAN
    };
    const { current: before } = shownRef;
    if (
      before.widthPx !== now.widthPx ||
      before.start !== now.start ||
      before.end !== now.end
    ) {
      shownRef.current = now;
      setShown(now);
    }
  }, [rowsRef, scrollRef]);

  // Scrolls where another row becomes active or the view gets lower: else the user may scroll away from it.
  const activeRef = React.useRef(activeIndex);
  const bringActive = React.useCallback(() => {
    const scroll = scrollRef.current;
    const list = rowsRef.current;
    if (!scroll || !list || activeRef.current === -1) {
      return;
    }
    const top = list.offsetTop + activeRef.current * ROW_PX;
    if (top < scroll.scrollTop + HEADER_PX) {
      scroll.scrollTop = top - HEADER_PX;
    } else if (top + ROW_PX > scroll.scrollTop + scroll.clientHeight) {
      scroll.scrollTop = top + ROW_PX - scroll.clientHeight;
    }
  }, [rowsRef, scrollRef]);
  React.useLayoutEffect(() => {
    activeRef.current = activeIndex;
  });

  // What stands above the rows comes and goes.
  React.useLayoutEffect(measure);

  React.useEffect(() => {
    const scroll = scrollRef.current;
    if (!scroll) {
      return;
    }
    let frame = 0;
    const later = () => {
      cancelAnimationFrame(frame);
      frame = requestAnimationFrame(measure);
    };
    let heightPx = scroll.clientHeight;
    const observer = new ResizeObserver(() => {
      later();
      if (scroll.clientHeight < heightPx) {
        bringActive();
      }
      heightPx = scroll.clientHeight;
    });
    observer.observe(scroll);
    scroll.addEventListener('scroll', later, { passive: true });
    return () => {
      cancelAnimationFrame(frame);
      observer.disconnect();
      scroll.removeEventListener('scroll', later);
    };
  }, [bringActive, measure, scrollRef]);

  React.useLayoutEffect(bringActive, [activeKey, bringActive]);

  return shown;
}
