/**
 * A change of a text: what stands from `start` to before `end` becomes `text`.
 */
export interface IEdit {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/**
 * Puts code into a text as lines of its own: in the place of a blank line; before the line at whose beginning the
 * offset is; below any other line.
 */
export function asLines(source: string, offset: number, code: string): IEdit {
  const text = code.replace(/\n+$/, '');
  const start = offset === 0 ? 0 : source.lastIndexOf('\n', offset - 1) + 1;
  const next = source.indexOf('\n', offset);
  const end = next === -1 ? source.length : next;
  if (source.slice(start, end).trim() === '') {
    return { start, end, text };
  }
  return offset === start
    ? { start, end: start, text: `${text}\n` }
    : { start: end, end, text: `\n${text}` };
}

/**
 * Whether a text file is one that Python code belongs into: what is open as Python, and plain text.
 */
export function isForPython(path: string, mimeType: string): boolean {
  const name = path.slice(path.lastIndexOf('/') + 1);
  return (
    /^text\/x-i?python$/.test(mimeType) ||
    /\.(?:py|pyw|pyi|ipy)$/i.test(name) ||
    (mimeType === 'text/plain' && /^[^.]*$|\.txt$/i.test(name))
  );
}
