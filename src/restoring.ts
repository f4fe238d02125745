import { idOf, isBelow } from './nodes';
import type { ISavedTree } from './saved';

export interface IRestoringOptions {
  /**
   * Called with a container that was expanded and is here now.
   */
  expand(id: string): void;
  /**
   * Called with the node that was selected and is here now.
   */
  select(id: string): void;
}

/**
 * What an earlier page had open, taken up as its parts come into sight.
 */
export class Restoring {
  constructor(private readonly _options: IRestoringOptions) {}

  /**
   * Ids that are still to be expanded.
   */
  get expanded(): readonly string[] {
    return [...this._expanded];
  }

  /**
   * Id that is still to be selected.
   */
  get selected(): string | null {
    return this._selected;
  }

  begin({ expanded, selected }: ISavedTree): void {
    for (const location of expanded) {
      this._expanded.add(idOf(location));
    }
    this._selected = selected ? idOf(selected) : null;
  }

  /**
   * Tell which nodes have just come into sight, and whether they are all that a container holds: what else was expanded
   * there is gone.
   */
  arrived(
    ids: readonly string[],
    container: string | null = null,
    isComplete = false
  ): void {
    const present = new Set(ids);
    for (const id of ids) {
      if (this._expanded.delete(id)) {
        this._options.expand(id);
      }
    }
    if (container !== null && isComplete) {
      this.giveUp(container, present);
    }
    if (this._selected !== null && present.has(this._selected)) {
      this._options.select(this._selected);
    }
  }

  /**
   * Give up what lies in a container, except in the children that are there.
   */
  giveUp(container: string, present: ReadonlySet<string> = new Set()): void {
    for (const id of [...this._expanded]) {
      if (isBelow(id, container)) {
        const rest = id.slice(container.length);
        const child = container + rest.slice(0, rest.indexOf('/') + 1);
        if (!present.has(child)) {
          this._expanded.delete(id);
        }
      }
    }
  }

  /**
   * Give up what lies at none of these endpoints.
   */
  giveUpElsewhere(endpointIds: readonly string[]): void {
    for (const id of [...this._expanded]) {
      if (!endpointIds.some(top => id.startsWith(top))) {
        this._expanded.delete(id);
      }
    }
  }

  /**
   * Expand nothing more.
   */
  giveUpExpanding(): void {
    this._expanded.clear();
  }

  /**
   * Select nothing: someone chose.
   */
  giveUpSelecting(): void {
    this._selected = null;
  }

  private readonly _expanded = new Set<string>();
  private _selected: string | null = null;
}
