import type { Rows } from './rows';

export interface IKey {
  readonly key: string;
  readonly shiftKey: boolean;
  readonly ctrlKey: boolean;
  readonly altKey: boolean;
  readonly metaKey: boolean;
}

export type Intent =
  | { readonly do: 'move'; readonly to: number }
  | {
      readonly do: 'expand' | 'collapse' | 'activate' | 'select' | 'menu';
      readonly at: number;
    }
  | { readonly do: 'expandAll'; readonly ids: readonly string[] }
  | { readonly do: 'type'; readonly text: string };

/**
 * How many siblings `*` expands at most: each is a request.
 */
export const EXPAND_SIBLINGS_MAX = 20;

/**
 * What a key means, by the tree pattern of the ARIA Authoring Practices; null where it is not ours.
 */
export function intentOf(
  rows: Rows,
  active: number,
  pressed: IKey,
  pageRows: number
): Intent | null {
  const { key } = pressed;
  if (key === 'ContextMenu' || (key === 'F10' && pressed.shiftKey)) {
    return active >= 0 ? { do: 'menu', at: active } : null;
  }
  if (
    pressed.ctrlKey ||
    pressed.altKey ||
    pressed.metaKey ||
    rows.length === 0
  ) {
    return null;
  }
  const last = rows.length - 1;
  const move = (to: number): Intent => ({
    do: 'move',
    to: Math.min(last, Math.max(0, to))
  });
  const row = rows.list[active];
  switch (key) {
    case 'ArrowDown':
      return move(active + 1);
    case 'ArrowUp':
      return move(active - 1);
    case 'Home':
      return move(0);
    case 'End':
      return move(last);
    case 'PageDown':
      return move(active + Math.max(1, pageRows));
    case 'PageUp':
      return move(active - Math.max(1, pageRows));
  }
  if (!row) {
    return null;
  }
  switch (key) {
    case 'ArrowRight':
      if (row.expanded === false) {
        return { do: 'expand', at: active };
      }
      return row.expanded && rows.list[active + 1]?.parent === row.id
        ? move(active + 1)
        : null;
    case 'ArrowLeft': {
      if (row.expanded) {
        return { do: 'collapse', at: active };
      }
      const parent = rows.indexOf(row.parent);
      return parent === -1 ? null : move(parent);
    }
    case 'Enter':
      return { do: 'activate', at: active };
    case ' ':
      return { do: 'select', at: active };
    case '*':
      return {
        do: 'expandAll',
        ids: rows.list
          .filter(
            other => other.parent === row.parent && other.expanded === false
          )
          .slice(0, EXPAND_SIBLINGS_MAX)
          .map(other => other.target)
      };
  }
  // No name begins with a slash: it is a shortcut.
  return key.length === 1 && key !== '/' ? { do: 'type', text: key } : null;
}

/**
 * Next row whose name begins with what was typed, going round; -1 where there is none.
 *
 * One letter, also repeated, goes on from the active row; several look at the active row first.
 */
export function typeahead(
  rows: Rows,
  active: number,
  typed: string,
  nameOf: (id: string) => string | undefined
): number {
  const text = typed.toLocaleLowerCase();
  const isOneLetter = [...text].every(letter => letter === text[0]);
  const wanted = isOneLetter ? text.slice(0, 1) : text;
  const from = isOneLetter ? active + 1 : Math.max(0, active);
  for (let step = 0; step < rows.length; step++) {
    const index = (from + step) % rows.length;
    const row = rows.list[index]!;
    if (
      row.kind === 'node' &&
      nameOf(row.target)?.toLocaleLowerCase().startsWith(wanted)
    ) {
      return index;
    }
  }
  return -1;
}
