/**
 * Width of a text in one line, in pixels.
 */
export type Measure = (text: string) => number;

/**
 * A part of a word after which browsers begin a new line where they have to.
 */
const PIECE = /.+?(?:[-?–—…](?=[\p{L}\p{N}])|$)/gu;

/**
 * Number of lines that a text takes, at most `most`: broken between words, and within a word that is wider than a line.
 */
export function lineCount(
  text: string,
  widthPx: number,
  measure: Measure,
  most: number
): number {
  const words = text.split(/\s+/).filter(word => word !== '');
  let lines = words.length === 0 ? 0 : 1;
  let line = '';
  for (const word of words) {
    let gap = line === '' ? '' : ' ';
    for (const piece of word.match(PIECE) ?? []) {
      if (measure(line + gap + piece) <= widthPx) {
        line += gap + piece;
      } else {
        lines += line === '' ? 0 : 1;
        line = piece;
        while (lines < most && line.length > 1 && measure(line) > widthPx) {
          line = line.slice(fitting(line, widthPx, measure));
          lines++;
        }
      }
      if (lines >= most) {
        return most;
      }
      gap = '';
    }
  }
  return lines;
}

/**
 * Number of characters that fit into a line, at least one.
 */
function fitting(text: string, widthPx: number, measure: Measure): number {
  let low = 1;
  let high = text.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (measure(text.slice(0, middle)) <= widthPx) {
      low = middle;
    } else {
      high = middle - 1;
    }
  }
  return low;
}
