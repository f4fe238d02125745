import { flatten, noteSlots } from '../flatten';
import type { IListing, ITreeState } from '../flatten';
import { EXPAND_SIBLINGS_MAX, intentOf, typeahead } from '../keys';
import type { IKey } from '../keys';
import { endpointNode, idOf } from '../nodes';
import type { TreeNode } from '../nodes';
import { scrollFor, settle, windowOf } from '../rows';
import type { Rows } from '../rows';
import type { INode } from '../wire';
import { FORBIDDEN, array, dataset, endpoint, folder, object } from './fakeApi';

const ROOT = idOf({ endpoint: 'lab', key: '' });
const LAYOUT = {
  widthPx: 300,
  rowPx: 24,
  measure: (text: string) => text.length * 7
};
const UNLISTED = {
  code: 'list_unsupported',
  message: 'It does not list.',
  hint: 'Use Go to.',
  retryable: false
};

const at = (key: string) => idOf({ endpoint: 'lab', key });

interface IPlan {
  children?: { [container: string]: INode[] };
  listings?: { [container: string]: Partial<IListing> };
  expanded?: string[];
  shut?: string[];
  pins?: { [container: string]: INode[] };
  prefixes?: { [container: string]: string };
  filter?: string;
  endpoints?: ReturnType<typeof endpoint>[];
}

function stateOf(plan: IPlan): ITreeState {
  const endpoints = plan.endpoints ?? [endpoint('lab')];
  const nodes = new Map<string, TreeNode>();
  for (const info of endpoints) {
    nodes.set(idOf({ endpoint: info.id, key: '' }), endpointNode(info));
  }
  for (const group of [plan.children, plan.pins]) {
    for (const node of Object.values(group ?? {}).flat()) {
      nodes.set(idOf(node), node);
    }
  }
  return {
    endpointIds: endpoints.map(info => idOf({ endpoint: info.id, key: '' })),
    filter: plan.filter ?? '',
    node: id => nodes.get(id),
    listing: id => {
      const key = id.slice(id.indexOf('\n') + 1);
      const items = plan.children?.[key]?.map(idOf);
      const more = plan.listings?.[key];
      return items || more
        ? {
            items: items ?? [],
            nextCursor: null,
            totalCount: null,
            problem: null,
            error: null,
            failed: null,
            isLoaded: items !== undefined,
            ...more
          }
        : undefined;
    },
    pins: id => (plan.pins?.[id.slice(id.indexOf('\n') + 1)] ?? []).map(idOf),
    isExpanded: id => (plan.expanded ?? []).some(key => at(key) === id),
    isShut: id => (plan.shut ?? []).some(key => at(key) === id),
    prefix: id => plan.prefixes?.[id.slice(id.indexOf('\n') + 1)] ?? null
  };
}

/**
 * Rows as text: indent, kind, name.
 */
function drawn(plan: IPlan): string[] {
  const state = stateOf(plan);
  return flatten(state, LAYOUT).list.map(row => {
    const what =
      row.kind === 'node' ? state.node(row.target)?.name : `<${row.kind}>`;
    const sign = row.expanded === null ? ' ' : row.expanded ? 'v' : '>';
    return `${'  '.repeat(row.level - 1)}${sign}${what}`;
  });
}

const TREE = {
  '': [folder('a/'), folder('b/'), object('c.txt')],
  'a/': [dataset('a/x.zarr/'), object('a/y.bin')],
  'a/x.zarr/': [array('a/x.zarr/t/')]
};

describe('flatten', () => {
  it.each<[string, IPlan, string[]]>([
    ['nothing open', {}, ['>lab']],
    [
      'levels',
      { children: TREE, expanded: ['', 'a/', 'a/x.zarr/'] },
      [
        'vlab',
        '  va',
        '    vx.zarr',
        '       t',
        '     y.bin',
        '  >b',
        '   c.txt'
      ]
    ],
    [
      'below what is closed nothing shows',
      { children: TREE, expanded: ['a/'] },
      ['>lab']
    ],
    [
      'a container that is loading has no rows yet',
      { children: { '': [] }, expanded: ['', 'a/'], listings: {} },
      ['vlab', '   <empty>']
    ],
    [
      'more pages',
      {
        children: { '': [object('o')] },
        listings: { '': { nextCursor: '1' } },
        expanded: ['']
      },
      ['vlab', '   o', '   <more>']
    ],
    [
      'a page without items that is not the last is not empty',
      {
        children: { '': [] },
        listings: { '': { nextCursor: '1' } },
        expanded: ['']
      },
      ['vlab', '   <more>']
    ],
    [
      'a failure',
      {
        listings: { '': { error: FORBIDDEN, failed: 'first' } },
        expanded: ['']
      },
      ['vlab', '   <error>']
    ],
    [
      'a failed next page keeps what is there',
      {
        children: { '': [object('o')] },
        listings: {
          '': { nextCursor: '1', error: FORBIDDEN, failed: 'more' }
        },
        expanded: ['']
      },
      ['vlab', '   o', '   <error>']
    ],
    [
      'members unknown is not empty',
      {
        children: { '': [] },
        listings: { '': { problem: FORBIDDEN } },
        expanded: ['']
      },
      ['vlab', '   <unknown>']
    ],
    [
      'a node that says so itself, too',
      {
        children: {
          '': [dataset('h.zarr/', { membersUnknown: true })],
          'h.zarr/': []
        },
        expanded: ['', 'h.zarr/']
      },
      ['vlab', '  vh.zarr', '     <unknown>']
    ],
    [
      'pins show beside a failure and only once',
      {
        children: { 'a/': [dataset('a/x.zarr/')] },
        listings: { '': { error: FORBIDDEN, failed: 'first' } },
        pins: { '': [folder('a/')], 'a/': [dataset('a/x.zarr/')] },
        expanded: ['', 'a/']
      },
      ['vlab', '   <error>', '  va', '    >x.zarr']
    ],
    [
      'a filter box on the server comes first',
      { children: TREE, prefixes: { '': 'a' }, expanded: [''] },
      ['vlab', '   <prefix>', '  >a', '  >b', '   c.txt']
    ],
    [
      'the problem of an endpoint',
      {
        endpoints: [
          endpoint('lab', { status: 'problem', problem: FORBIDDEN }),
          endpoint('other')
        ]
      },
      ['>lab', '   <note>', '>other']
    ],
    [
      'which is not said twice',
      {
        endpoints: [endpoint('lab', { status: 'problem', problem: FORBIDDEN })],
        listings: { '': { error: FORBIDDEN, failed: 'first' } },
        expanded: ['']
      },
      ['vlab', '   <error>']
    ],
    [
      'what cannot be listed is a note, not a failure',
      {
        endpoints: [endpoint('lab', { status: 'problem', problem: UNLISTED })],
        listings: { '': { error: UNLISTED, failed: 'first' } },
        expanded: ['']
      },
      ['vlab', '   <note>']
    ],
    [
      'a filter keeps what matches and what it lies in',
      { children: TREE, expanded: ['', 'a/'], filter: 'Y.B' },
      ['vlab', '  va', '     y.bin']
    ],
    [
      'a filter looks into what is loaded and closed',
      { children: TREE, filter: 'x.z' },
      ['vlab', '  va', '    >x.zarr']
    ],
    [
      'unless it was closed meanwhile',
      { children: TREE, expanded: [''], shut: ['a/'], filter: 'x.z' },
      []
    ]
  ])('%s', (_, plan, expected) => {
    expect(drawn(plan)).toEqual(expected);
  });

  it('counts matches', () => {
    const plan = { children: TREE, expanded: [''], filter: 'a' };
    // lab, a, x.zarr; not y.bin, b, c.txt
    expect(flatten(stateOf(plan)).matches).toBe(3);
    expect(flatten(stateOf({ children: TREE })).matches).toBeNull();
  });

  it('numbers siblings, and does not claim to know how many there are', () => {
    const rows = flatten(
      stateOf({ children: TREE, expanded: ['', 'a/'] })
    ).list;
    const b = rows.find(row => row.target === at('b/'));
    expect([b?.level, b?.position, b?.setSize]).toEqual([2, 2, 3]);
    const partial = flatten(
      stateOf({
        children: { '': [object('o')] },
        listings: { '': { nextCursor: '1' } },
        expanded: ['']
      })
    ).list;
    expect(partial[1]?.setSize).toBe(-1);
    const counted = flatten(
      stateOf({
        children: { '': [object('o')] },
        listings: { '': { nextCursor: '1', totalCount: 70 } },
        expanded: ['']
      })
    ).list;
    expect(counted[1]?.setSize).toBe(70);
  });

  it('has unique ids although a key may look like a note', () => {
    const odd = { '': [folder('a/'), object('a/\nmore'), object('\nempty')] };
    const rows = flatten(stateOf({ children: odd, expanded: [''] })).list;
    expect(new Set(rows.map(row => row.id)).size).toBe(rows.length);
  });

  it('is fast enough for 100,000 rows', () => {
    const many = {
      '': Array.from({ length: 100_000 }, (_, i) => object(`o${i}`))
    };
    const state = stateOf({ children: many, expanded: [''] });
    const listing = state.listing(ROOT);
    const start = performance.now();
    const rows = flatten({ ...state, listing: () => listing });
    expect(rows.length).toBe(100_001);
    expect(performance.now() - start).toBeLessThan(1000);
  });
});

function withNotes(): Rows {
  // lab, error of several slots, a, b
  return flatten(
    stateOf({
      listings: { '': { error: FORBIDDEN, failed: 'first' } },
      pins: { '': [folder('a/'), folder('b/')] },
      expanded: ['']
    }),
    LAYOUT
  );
}

describe('places', () => {
  it('puts rows below tall ones', () => {
    const rows = withNotes();
    const tall = rows.list[1]!.slots;
    expect(tall).toBeGreaterThan(1);
    expect([0, 1, 2, 3, 4].map(index => rows.offsetOf(index))).toEqual([
      0,
      1,
      1 + tall,
      2 + tall,
      3 + tall
    ]);
    expect(rows.slots).toBe(3 + tall);
  });

  it('finds the row at every place', () => {
    const rows = withNotes();
    for (let slot = 0; slot < rows.slots; slot++) {
      const index = rows.at(slot);
      expect(rows.offsetOf(index)).toBeLessThanOrEqual(slot);
      expect(rows.offsetOf(index + 1)).toBeGreaterThan(slot);
    }
  });

  it.each([
    ['top', 0, { start: 0, end: 18 }],
    ['middle', 1200, { start: 42, end: 68 }],
    ['bottom', 99 * 24, { start: 91, end: 101 }]
  ])('draws a window at the %s', (_, scroll, expected) => {
    const many = Array.from({ length: 100 }, (_, i) => object(`o${i}`));
    const rows = flatten(stateOf({ children: { '': many }, expanded: [''] }));
    expect(windowOf(rows, scroll, 240, 24)).toEqual(expected);
  });

  it('draws nothing where nothing is visible', () => {
    expect(windowOf(withNotes(), 0, 0, 24)).toEqual({ start: 0, end: 0 });
  });

  it.each([
    ['stays for what is visible', 5, 48, 48],
    ['goes up', 1, 48, 24],
    ['goes down as little as needed', 15, 48, 16 * 24 - 240]
  ])('scrolling %s', (_, index, from, to) => {
    const many = Array.from({ length: 100 }, (_, i) => object(`o${i}`));
    const rows = flatten(stateOf({ children: { '': many }, expanded: [''] }));
    expect(scrollFor(rows, index, from, 240, 24)).toBe(to);
  });

  it.each([
    // A line has 300 - 52 - 12 = 236 px: 33 characters. A row has 24 px, a line 17, the padding 6, the button 26.
    ['one line', 'a'.repeat(33), '', false, 1],
    ['two lines', 'a'.repeat(34), '', false, 2],
    ['message and hint', 'one', 'two', false, 2],
    ['three lines', 'a'.repeat(34), 'two', false, 3],
    ['with a button', 'one', 'two', true, 3],
    ['no more than twelve lines', 'a'.repeat(2000), 'two', false, 9]
  ])(
    'a message takes as many rows as it needs: %s',
    (_, message, hint, hasButton, expected) => {
      const problem = { ...FORBIDDEN, message, hint };
      expect(noteSlots(problem, 2, LAYOUT, hasButton)).toBe(expected);
    }
  );

  it('gives longer messages, and narrower trees, more room', () => {
    const long = { ...FORBIDDEN, message: 'word '.repeat(30) };
    const wide = { ...LAYOUT, widthPx: 600 };
    const narrow = { ...LAYOUT, widthPx: 220 };
    expect(noteSlots(long, 2, wide, true)).toBeGreaterThan(
      noteSlots(FORBIDDEN, 2, wide, true)
    );
    expect(noteSlots(long, 2, narrow, true)).toBeGreaterThan(
      noteSlots(long, 2, wide, true)
    );
  });
});

describe('settle', () => {
  const before = flatten(stateOf({ children: TREE, expanded: ['', 'a/'] }));
  const index = before.indexOf(at('a/y.bin'));
  const row = before.list[index]!;

  it('stays on the same row wherever it went', () => {
    const after = flatten(
      stateOf({ children: TREE, expanded: ['', 'a/', 'a/x.zarr/'] })
    );
    expect(after.list[settle(after, row, index, [])]?.id).toBe(row.id);
  });

  it('goes to the ancestor that was closed', () => {
    const after = flatten(stateOf({ children: TREE, expanded: [''] }));
    const to = settle(after, row, index, [at('a/'), ROOT]);
    expect(after.list[to]?.target).toBe(at('a/'));
  });

  it('takes the neighbour where nothing else is left', () => {
    const after = flatten(stateOf({}));
    expect(settle(after, row, index, [])).toBe(0);
  });
});

const KEY: IKey = {
  key: '',
  shiftKey: false,
  ctrlKey: false,
  altKey: false,
  metaKey: false
};

describe('keys', () => {
  // 0 lab, 1 a, 2 x.zarr, 3 y.bin, 4 b, 5 c.txt
  const rows = flatten(stateOf({ children: TREE, expanded: ['', 'a/'] }));

  it.each<[string, number, Partial<IKey>, unknown]>([
    ['Down', 0, { key: 'ArrowDown' }, { do: 'move', to: 1 }],
    ['Down at the end', 5, { key: 'ArrowDown' }, { do: 'move', to: 5 }],
    ['Up', 3, { key: 'ArrowUp' }, { do: 'move', to: 2 }],
    ['Up at the top', 0, { key: 'ArrowUp' }, { do: 'move', to: 0 }],
    ['Home', 3, { key: 'Home' }, { do: 'move', to: 0 }],
    ['End', 3, { key: 'End' }, { do: 'move', to: 5 }],
    ['PageDown', 0, { key: 'PageDown' }, { do: 'move', to: 3 }],
    ['PageUp', 4, { key: 'PageUp' }, { do: 'move', to: 1 }],
    ['Right on closed', 2, { key: 'ArrowRight' }, { do: 'expand', at: 2 }],
    ['Right on open', 1, { key: 'ArrowRight' }, { do: 'move', to: 2 }],
    ['Right on a leaf', 3, { key: 'ArrowRight' }, null],
    ['Left on open', 1, { key: 'ArrowLeft' }, { do: 'collapse', at: 1 }],
    ['Left on a leaf', 3, { key: 'ArrowLeft' }, { do: 'move', to: 1 }],
    ['Left at the top', 5, { key: 'ArrowLeft' }, { do: 'move', to: 0 }],
    ['Enter', 2, { key: 'Enter' }, { do: 'activate', at: 2 }],
    ['Space', 2, { key: ' ' }, { do: 'select', at: 2 }],
    [
      'star',
      4,
      { key: '*', shiftKey: true },
      { do: 'expandAll', ids: [at('b/')] }
    ],
    ['a letter', 2, { key: 'q' }, { do: 'type', text: 'q' }],
    ['menu key', 2, { key: 'ContextMenu' }, { do: 'menu', at: 2 }],
    ['Shift-F10', 2, { key: 'F10', shiftKey: true }, { do: 'menu', at: 2 }],
    ['F5 is the browser’s', 2, { key: 'F5' }, null],
    ['Ctrl-R is the browser’s', 2, { key: 'r', ctrlKey: true }, null],
    ['Delete deletes nothing', 2, { key: 'Delete' }, null],
    ['Tab leaves', 2, { key: 'Tab' }, null],
    ['a slash is a shortcut', 2, { key: '/' }, null]
  ])('%s', (_, active, pressed, expected) => {
    expect(intentOf(rows, active, { ...KEY, ...pressed }, 3)).toEqual(expected);
  });

  it('bounds what a star opens', () => {
    const many = Array.from({ length: 100 }, (_, i) => folder(`f${i}/`));
    const wide = flatten(stateOf({ children: { '': many }, expanded: [''] }));
    const intent = intentOf(wide, 1, { ...KEY, key: '*' }, 3);
    expect(intent?.do === 'expandAll' && intent.ids.length).toBe(
      EXPAND_SIBLINGS_MAX
    );
  });

  const state = stateOf({ children: TREE });
  it.each([
    ['next with that letter', 0, 'b', 4],
    ['goes round', 4, 'a', 1],
    ['a letter again goes on', 1, 'aa', 1],
    ['several letters stay where they fit', 2, 'x.z', 2],
    ['case does not matter', 0, 'C.T', 5],
    ['nothing', 0, 'zz', -1]
  ])('typing: %s', (_, active, text, expected) => {
    expect(typeahead(rows, active, text, id => state.node(id)?.name)).toBe(
      expected
    );
  });
});
