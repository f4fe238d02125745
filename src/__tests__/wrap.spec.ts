import { lineCount } from '../wrap';

/**
 * Every character is ten pixels wide.
 */
const measure = (text: string) => text.length * 10;

describe('lineCount', () => {
  it.each([
    ['nothing', '', 0],
    ['blanks', ' \n ', 0],
    ['what just fits', 'aaaa bbbbb', 1],
    ['one character more', 'aaaa bbbbbb', 2],
    ['several words', 'aaa bbb ccc ddd eee', 3],
    ['line breaks are blanks', 'aa\nbb\n cc', 1],
    ['a word wider than a line, after another', 'a bbbbbbbbbbbbbbb c', 3],
    ['a word of whole lines', 'aaaaaaaaaabbbbbbbbbb', 2],
    ['after a hyphen', 'aaaaaa bb-cccc', 2],
    ['not after a hyphen that ends a word', 'aaaaaaaa - b', 2],
    ['not after a slash', 'aaaa bb/cccc dddd', 3]
  ])('%s', (_, text, expected) => {
    expect(lineCount(text, 100, measure, 99)).toBe(expected);
  });

  it('counts no further than it has to', () => {
    expect(lineCount('a'.repeat(500), 100, measure, 8)).toBe(8);
    expect(lineCount('aaaaaaaaa '.repeat(50), 100, measure, 8)).toBe(8);
  });

  it('ends where not even one character fits', () => {
    expect(lineCount('abc', 1, measure, 99)).toBe(3);
  });
});
