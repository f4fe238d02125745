import { FIRST_LAYOUT, flatten } from './flatten';
import type { ILayout, ITreeState } from './flatten';
import { settle } from './rows';
import type { IRow, Rows } from './rows';

interface IActive {
  readonly row: IRow;
  readonly index: number;
  /**
   * Ids of the rows above it, innermost first.
   */
  readonly ancestors: readonly string[];
}

/**
 * The rows as the state is now, and which of them is active.
 */
export class ShownRows {
  constructor(private readonly _state: ITreeState) {}

  /**
   * Tell that the rows may differ.
   */
  invalidate(): void {
    this._rows = null;
  }

  /**
   * Returns whether messages may have another height now.
   */
  setLayout(layout: ILayout): boolean {
    // Coarse, so that dragging the sidebar's edge does not compute the rows for every pixel; never more than there is.
    const widthPx = Math.floor(layout.widthPx / 4) * 4;
    if (
      widthPx === this._layout.widthPx &&
      layout.rowPx === this._layout.rowPx &&
      layout.measure === this._layout.measure
    ) {
      return false;
    }
    this._layout = { ...layout, widthPx };
    return true;
  }

  get rows(): Rows {
    this._rows ??= flatten(this._state, this._layout);
    return this._rows;
  }

  /**
   * Index of the active row, -1 where none is.
   */
  get activeIndex(): number {
    const active = this._active;
    return active
      ? settle(this.rows, active.row, active.index, active.ancestors)
      : -1;
  }

  get activeRow(): IRow | null {
    return this.rows.list[this.activeIndex] ?? null;
  }

  /**
   * Id of the row that was made active, be it there or not.
   */
  get activatedId(): string | null {
    return this._active?.row.id ?? null;
  }

  /**
   * Returns whether there is such a row.
   */
  activate(index: number): boolean {
    const rows = this.rows;
    const row = rows.list[index];
    if (!row) {
      return false;
    }
    const ancestors: string[] = [];
    for (let id = row.parent; id !== null;) {
      ancestors.push(id);
      id = rows.list[rows.indexOf(id)]?.parent ?? null;
    }
    this._active = { row, index, ancestors };
    return true;
  }

  private _active: IActive | null = null;
  private _layout = FIRST_LAYOUT;
  private _rows: Rows | null = null;
}
