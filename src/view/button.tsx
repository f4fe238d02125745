import type { LabIcon } from '@jupyterlab/ui-components';
import React from 'react';

export interface IIconButtonProps {
  icon: LabIcon;
  label: string;
  onClick(): void;
  isPressed?: boolean;
  isDisabled?: boolean;
  isBusy?: boolean;
  className?: string;
}

/**
 * A button with an icon only; its label is its tooltip.
 */
export function IconButton(props: IIconButtonProps): React.JSX.Element {
  return (
    <button
      type="button"
      className={`jp-ZarrBrowser-iconButton ${props.className ?? ''}`}
      title={props.label}
      aria-label={props.label}
      aria-pressed={props.isPressed}
      aria-busy={props.isBusy}
      disabled={props.isDisabled}
      onClick={props.onClick}
    >
      <props.icon.react tag={null} />
    </button>
  );
}

export interface ITextButtonProps {
  label: string;
  onClick(): void;
  isPrimary?: boolean;
  icon?: LabIcon;
  /**
   * Not a stop of the tab key, and does not take the focus: for buttons in rows, whose row does the same by Enter.
   */
  isInRow?: boolean;
  isDisabled?: boolean;
  title?: string;
}

export function TextButton(props: ITextButtonProps): React.JSX.Element {
  return (
    <button
      type="button"
      className="jp-ZarrBrowser-button"
      data-primary={props.isPrimary || undefined}
      disabled={props.isDisabled}
      title={props.title}
      tabIndex={props.isInRow ? -1 : undefined}
      onPointerDown={
        props.isInRow ? event => event.stopPropagation() : undefined
      }
      onMouseDown={props.isInRow ? event => event.preventDefault() : undefined}
      onDoubleClick={
        props.isInRow ? event => event.stopPropagation() : undefined
      }
      onClick={event => {
        event.stopPropagation();
        props.onClick();
      }}
    >
      {props.icon ? <props.icon.react tag={null} /> : null}
      <span className="jp-ZarrBrowser-buttonLabel">{props.label}</span>
    </button>
  );
}
