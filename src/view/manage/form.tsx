import { ReactWidget } from '@jupyterlab/ui-components';
import type React from 'react';

/**
 * What a dialog shows, and the value that it returns; null where it cannot be accepted.
 */
export class Form<T> extends ReactWidget {
  constructor(
    private readonly _draw: (
      set: (value: T | null) => void
    ) => React.JSX.Element
  ) {
    super();
    this.addClass('jp-ZarrUsage-dialog');
  }

  getValue(): T | null {
    return this._value;
  }

  protected override render(): React.JSX.Element {
    return this._draw(value => {
      this._value = value;
    });
  }

  private _value: T | null = null;
}

/**
 * What a dialog shows that returns no value.
 */
export function bodyOf(element: React.ReactElement): ReactWidget {
  const widget = ReactWidget.create(element);
  widget.addClass('jp-ZarrUsage-dialog');
  return widget;
}
