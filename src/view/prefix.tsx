import type { TranslationBundle } from '@jupyterlab/translation';
import { closeIcon } from '@jupyterlab/ui-components';
import React from 'react';

import { funnelIcon } from '../icons';
import { IconButton } from './button';
import { usePanel } from './context';

/**
 * Milliseconds after the last key before the server is asked.
 */
const DEBOUNCE_MS = 250;

/**
 * Box in a row of its own that filters the children of one container on the server.
 */
export function PrefixBox(props: {
  id: string;
  value: string;
  trans: TranslationBundle;
  onLeave(to: 'container' | 'next'): void;
}): React.JSX.Element {
  const { id, trans, onLeave } = props;
  const { model } = usePanel();
  const [text, setText] = React.useState(props.value);
  const input = React.useRef<HTMLInputElement>(null);
  const timer = React.useRef<ReturnType<typeof setTimeout>>();

  React.useEffect(() => {
    input.current?.focus({ preventScroll: true });
    return () => clearTimeout(timer.current);
  }, []);

  const ask = (value: string, delayMs: number) => {
    setText(value);
    clearTimeout(timer.current);
    timer.current = setTimeout(() => void model.setPrefix(id, value), delayMs);
  };

  const end = () => {
    clearTimeout(timer.current);
    onLeave('container');
    void model.setPrefix(id, null);
  };

  return (
    <span
      className="jp-ZarrBrowser-box jp-ZarrBrowser-prefix"
      onPointerDown={event => event.stopPropagation()}
      onDoubleClick={event => event.stopPropagation()}
    >
      <funnelIcon.react tag="span" className="jp-ZarrBrowser-boxIcon" />
      <input
        ref={input}
        className="jp-ZarrBrowser-input"
        type="text"
        spellCheck={false}
        placeholder={trans.__('Names that begin with…')}
        aria-label={trans.__('Show only names that begin with this text')}
        value={text}
        onChange={event => ask(event.target.value, DEBOUNCE_MS)}
        onKeyDown={event => {
          event.stopPropagation();
          if (event.key === 'Escape') {
            end();
          } else if (event.key === 'Enter') {
            ask(text, 0);
          } else if (event.key === 'ArrowDown') {
            event.preventDefault();
            onLeave('next');
          } else if (event.key === 'ArrowUp') {
            event.preventDefault();
            onLeave('container');
          }
        }}
      />
      <IconButton
        icon={closeIcon}
        label={trans.__('End the filter')}
        className="jp-ZarrBrowser-boxButton"
        onClick={end}
      />
    </span>
  );
}
