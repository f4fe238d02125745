/**
 * Leaves out of Python code those imports that stand above it already.
 *
 * It knows lines, not Python: only complete imports in one line at the left margin count, on both sides, and a name
 * that was assigned or deleted since counts as not imported. In doubt an import is repeated, which does no harm.
 */
export function withoutKnownImports(
  code: string,
  above: readonly string[]
): string {
  const bound = new Map<string, string>();
  for (const source of above) {
    for (const { line } of topLevelLines(source)) {
      const imported = parseImport(line);
      if (imported) {
        for (const name of imported.names) {
          bound.set(name, imported.line);
        }
      } else {
        for (const name of unbound(line)) {
          bound.delete(name);
        }
      }
    }
  }
  const known = new Set<number>();
  for (const { line, index } of topLevelLines(code)) {
    const imported = parseImport(line);
    if (imported?.names.every(name => bound.get(name) === imported.line)) {
      known.add(index);
    }
  }
  const lines = code.split('\n');
  const kept = lines.filter((_, index) => !known.has(index));
  if (kept.length === lines.length || kept.every(line => line.trim() === '')) {
    return code;
  }
  return kept.join('\n').replace(/^\s*\n/, '');
}

/**
 * Lines at the left margin, without those inside of strings that span lines. None for a cell magic's cell.
 */
function topLevelLines(source: string): { line: string; index: number }[] {
  if (/^\s*%%/.test(source)) {
    return [];
  }
  const found: { line: string; index: number }[] = [];
  let quote: string | null = null;
  for (const [index, line] of source.split('\n').entries()) {
    if (quote === null && /^[A-Za-z_]/.test(line)) {
      found.push({ line, index });
    }
    for (const mark of line.match(/"""|'''/g) ?? []) {
      quote = quote === null ? mark : quote === mark ? null : quote;
    }
  }
  return found;
}

interface IImport {
  /**
   * In one spelling, for comparing.
   */
  readonly line: string;
  readonly names: readonly string[];
}

function parseImport(text: string): IImport | null {
  const line = text.replace(/#.*$/, '').trim().replace(/\s+/g, ' ');
  const match =
    /^(?:from [\w.]+ )?import ([\w.]+(?: as \w+)?(?:, ?[\w.]+(?: as \w+)?)*)$/.exec(
      line
    );
  if (!match) {
    return null;
  }
  const names = match[1]!
    .split(',')
    .map(part => part.trim().replace(/^.* as /, ''));
  return { line, names };
}

/**
 * Names that a line assigns or deletes.
 */
function unbound(line: string): string[] {
  const deleted = /^del\s+(.+)$/.exec(line);
  const assigned = /^([\w\s,]+?)\s*(?::[^=]*)?=(?!=)/.exec(line);
  const defined = /^(?:def|class)\s+(\w+)/.exec(line);
  const names = deleted?.[1] ?? assigned?.[1] ?? defined?.[1];
  return names ? names.split(/[\s,]+/).filter(name => name !== '') : [];
}
