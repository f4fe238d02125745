import { asLines, isForPython } from '../lines';

function put(source: string, offset: number, code = 'x\ny\n'): string {
  const { start, end, text } = asLines(source, offset, code);
  return source.slice(0, start) + text + source.slice(end);
}

describe('asLines', () => {
  it.each([
    ['an empty text', '', 0, 'x\ny'],
    ['the end of a line', 'one\ntwo\n', 3, 'one\nx\ny\ntwo\n'],
    ['within a line', 'one\ntwo\n', 5, 'one\ntwo\nx\ny\n'],
    ['the beginning of a line', 'one\ntwo\n', 4, 'one\nx\ny\ntwo\n'],
    ['the beginning of the text', 'one\n', 0, 'x\ny\none\n'],
    ['a last line without a break', 'one', 3, 'one\nx\ny'],
    ['a blank last line', 'one\n', 4, 'one\nx\ny'],
    ['a blank line between others', 'one\n\ntwo', 4, 'one\nx\ny\ntwo'],
    ['a blank first line', '\none', 0, 'x\ny\none'],
    ['a line of spaces', 'if a:\n    \ntwo', 8, 'if a:\nx\ny\ntwo']
  ])('%s', (_, source, offset, expected) => {
    expect(put(source, offset)).toBe(expected);
  });
});

describe('isForPython', () => {
  it.each([
    ['a/script.py', 'text/x-python', true],
    ['stubs.pyi', 'text/plain', true],
    ['untitled.txt', 'text/plain', true],
    ['a.b/notes', 'text/plain', true],
    // As somebody chose it by hand.
    ['notes.md', 'text/x-python', true],
    ['README.md', 'text/x-ipythongfm', false],
    ['Makefile', 'text/x-cmake', false],
    ['run.log', 'text/plain', false],
    ['plot.R', 'text/x-rsrc', false]
  ])('%s, %s', (path, mimeType, expected) => {
    expect(isForPython(path, mimeType)).toBe(expected);
  });
});
