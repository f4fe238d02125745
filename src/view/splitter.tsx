import React from 'react';

import { usePanel } from './context';
import { DETAILS_MIN } from './panelState';
import { useSnapshot } from './useSnapshot';

/**
 * Pixels that one press of an arrow key moves, and that the tree keeps.
 */
const STEP_PX = 24;
const TREE_MIN_PX = 120;

/**
 * Bar between the tree and the details, moved by pointer or arrow keys.
 */
export function Splitter(): React.JSX.Element {
  const { state, trans } = usePanel();
  const heightPx = useSnapshot(state.changed, () => state.detailsPx);
  const press = React.useRef<{ y: number; heightPx: number } | null>(null);

  const resize = (element: HTMLElement, to: number) => {
    const room = element.parentElement?.clientHeight ?? 0;
    state.detailsPx = Math.max(
      DETAILS_MIN,
      room > 0 ? Math.min(to, room - TREE_MIN_PX) : to
    );
  };

  return (
    <div
      className="jp-ZarrBrowser-splitter"
      role="separator"
      tabIndex={0}
      aria-orientation="horizontal"
      aria-label={trans.__('Height of the details')}
      aria-valuenow={heightPx}
      aria-valuemin={DETAILS_MIN}
      onPointerDown={event => {
        if (event.button === 0) {
          press.current = { y: event.clientY, heightPx };
          event.currentTarget.setPointerCapture(event.pointerId);
        }
      }}
      onPointerMove={event => {
        if (press.current) {
          const { y, heightPx: from } = press.current;
          resize(event.currentTarget, from + y - event.clientY);
        }
      }}
      onPointerUp={() => {
        press.current = null;
      }}
      onPointerCancel={() => {
        press.current = null;
      }}
      onKeyDown={event => {
        const step =
          event.key === 'ArrowUp'
            ? STEP_PX
            : event.key === 'ArrowDown'
              ? -STEP_PX
              : 0;
        if (step !== 0) {
          event.preventDefault();
          resize(event.currentTarget, heightPx + step);
        }
      }}
    />
  );
}
