import { EventLines } from '../events';

describe('EventLines', () => {
  it.each([
    ['one event', ['data: a\n\n'], ['a']],
    ['two in one piece', ['data: a\n\ndata: b\n\n'], ['a', 'b']],
    ['one in many pieces', ['da', 'ta: ', 'a', '\n', '\n'], ['a']],
    ['several lines', ['data: a\ndata: b\n\n'], ['a\nb']],
    ['line ends of Windows', ['data: a\r\n\r\n'], ['a']],
    ['no space', ['data:a\n\n'], ['a']],
    ['comments and other fields', [': hi\nid: 1\ndata: a\n\n: ho\n\n'], ['a']],
    ['what has no end yet', ['data: a\n\ndata: b\n'], ['a']]
  ])('reads %s', (_, pieces, expected) => {
    const lines = new EventLines();
    expect(pieces.flatMap(piece => lines.take(piece))).toEqual(expected);
  });
});
