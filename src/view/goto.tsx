import { closeIcon } from '@jupyterlab/ui-components';
import React from 'react';

import { isAbort, toProblem } from '../api';
import { goToIcon, problemIcon } from '../icons';
import { bareAddress } from '../text';
import type { IProblem } from '../wire';
import { IconButton } from './button';
import { usePanel } from './context';

/**
 * Box that takes a URL or a path and goes there; says why where the server refuses.
 */
export function GoTo(props: { focusTree(): void }): React.JSX.Element {
  const { model, state, trans } = usePanel();
  const [text, setText] = React.useState('');
  const [problem, setProblem] = React.useState<IProblem | null>(null);
  const [request, setRequest] = React.useState<AbortController | null>(null);
  const input = React.useRef<HTMLInputElement>(null);
  const id = React.useId();

  React.useEffect(() => input.current?.focus(), []);
  React.useEffect(() => () => request?.abort(), [request]);

  const close = () => {
    state.isGoToOpen = false;
    props.focusTree();
  };

  const go = async () => {
    if (bareAddress(text) === '') {
      return;
    }
    const controller = new AbortController();
    setRequest(controller);
    setProblem(null);
    try {
      await model.goTo(text, controller.signal);
      close();
    } catch (error) {
      if (!isAbort(error)) {
        setProblem(toProblem(error));
        setRequest(null);
      }
    }
  };

  return (
    <form
      className="jp-ZarrBrowser-goTo"
      onSubmit={event => {
        event.preventDefault();
        void go();
      }}
      onKeyDown={event => {
        if (event.key === 'Escape') {
          event.stopPropagation();
          close();
        }
      }}
    >
      <div className="jp-ZarrBrowser-box" data-invalid={problem !== null}>
        <input
          ref={input}
          className="jp-ZarrBrowser-input"
          type="text"
          spellCheck={false}
          autoComplete="off"
          placeholder={trans.__('s3://bucket/path, https://…, or a path')}
          aria-label={trans.__('URL, or path inside the current endpoint')}
          aria-invalid={problem !== null}
          aria-describedby={problem ? id : undefined}
          value={text}
          onChange={event => {
            setText(event.target.value);
            setProblem(null);
          }}
        />
        <button
          type="submit"
          className="jp-ZarrBrowser-iconButton jp-ZarrBrowser-boxButton"
          title={trans.__('Go')}
          aria-label={trans.__('Go')}
          aria-busy={request !== null}
        >
          <goToIcon.react tag={null} />
        </button>
      </div>
      <IconButton icon={closeIcon} label={trans.__('Close')} onClick={close} />
      {problem ? (
        <div id={id} className="jp-ZarrBrowser-goToProblem" role="alert">
          <problemIcon.react
            tag="span"
            className="jp-ZarrBrowser-problemIcon"
          />
          <div>
            {problem.message}
            {problem.hint ? (
              <div className="jp-ZarrBrowser-problemHint">{problem.hint}</div>
            ) : null}
          </div>
        </div>
      ) : null}
    </form>
  );
}
