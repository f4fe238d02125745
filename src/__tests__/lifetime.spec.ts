import { nullTranslator } from '@jupyterlab/translation';

import {
  asOfText,
  chunksSentence,
  chunksText,
  formatPrice,
  formatShare,
  goesDayText,
  goesSentence,
  goesText,
  growthText,
  isDamaged,
  lifetimeText,
  quotaOf,
  quotaText,
  stateSentence,
  stateText,
  urgencyOf,
  weightText
} from '../lifetime';
import type { IChunkCount } from '../wire';
import { usage, usageRow } from './fakeApi';

const trans = nullTranslator.load('test');

// By the clock of the user, wherever the tests run.
const at = (day: number, hour = 12, minute = 0) =>
  new Date(2026, 10, day, hour, minute);
const iso = (...when: Parameters<typeof at>) => at(...when).toISOString();
const now = at(20).getTime();

describe('when something goes', () => {
  it.each([
    [null, 'never', 'none'],
    [iso(19), 'any time now', 'due'],
    [iso(9), 'overdue', 'due'],
    [iso(21, 11), 'within 24 h', 'day'],
    [iso(24), 'Tue, Nov 24', 'none'],
    [iso(29), 'Nov 29', 'none'],
    [new Date(2027, 0, 3).toISOString(), 'Jan 3, 2027', 'none']
  ])('%s: %s', (expiresAt, words, urgency) => {
    const row = usageRow('a.zarr/', 1, { expiresAt });
    expect(goesText(expiresAt, now, trans, false, 'en')).toBe(words);
    expect(urgencyOf(row, now)).toBe(urgency);
  });

  it('is told in a sentence', () => {
    const sentence = (more: Parameters<typeof usageRow>[2]) =>
      goesSentence(usageRow('a/', 1, { objects: 4, ...more }), now, trans);
    expect(sentence({})).toBe('Nothing of it is deleted by itself.');
    expect(sentence({ expiresAt: iso(27), goneAt: iso(27) })).toBe(
      'Deleted after about Nov 27.'
    );
    expect(sentence({ expiresAt: iso(27), goneAt: iso(29) })).toBe(
      'Deleted after about Nov 27, the last after about Nov 29.'
    );
    expect(
      sentence({
        expiresAt: iso(20, 20),
        goneAt: iso(25),
        expiringObjects: 1200,
        expiringBytes: 3e9
      })
    ).toBe(
      'The first of it is deleted within 24 hours, the last after about Nov 25; 1,200 objects, 3 GB go within 24 hours.'
    );
    expect(sentence({ expiresAt: iso(18), goneAt: iso(20) })).toBe(
      'The first of it may be deleted at any moment.'
    );
    expect(sentence({ expiresAt: iso(9), goneAt: iso(30) })).toMatch(
      /^The first of it was due about Nov 9 and is still there: .* may not run/
    );
  });

  it('is told of a single object as of one', () => {
    const sentence = (expiresAt: string) =>
      goesSentence(
        usageRow('a', 1, { expiresAt, goneAt: expiresAt, expiringObjects: 1 }),
        now,
        trans
      );
    expect(sentence(iso(27))).toBe('Deleted after about Nov 27.');
    expect(sentence(iso(20, 20))).toBe('It is deleted within 24 hours.');
    expect(sentence(iso(19))).toBe('It may be deleted at any moment.');
    expect(sentence(iso(9))).toMatch(/^It was due about Nov 9/);
  });

  it('is told with its day, in words that agree', () => {
    expect(goesDayText(iso(21, 11), now, trans)).toBe('about Nov 21');
    expect(goesDayText(iso(19), now, trans)).toBe('due since about Nov 19');
  });

  it('is short where there is no room', () => {
    const short = (expiresAt: string) =>
      goesText(expiresAt, now, trans, true, 'en');
    expect([iso(19), iso(21, 11), iso(24)].map(short)).toEqual([
      'now',
      '24 h',
      'Nov 24'
    ]);
  });
});

describe('who deletes', () => {
  it.each([
    [7, 'bucket', /7 days .* bucket’s own rules/],
    [1, 'configured', /1 day .* administrator/],
    [7, 'default', /most hubs .* Nobody has said/],
    [null, 'configured', /Nothing is deleted/]
  ] as const)('%s days, %s', (days, source, expected) => {
    expect(lifetimeText(days, source, trans)).toMatch(expected);
  });

  it('is nobody where nothing is known', () => {
    expect(lifetimeText(null, null, trans)).toBeNull();
  });
});

describe('chunks', () => {
  const chunks = (more: Partial<IChunkCount>): IChunkCount => ({
    expected: 4096,
    present: 1204,
    arrays: 1,
    verdict: 'deleted',
    gone: 0,
    ...more
  });

  it.each([
    [{}, '1,204 of 4,096 chunks: some were probably deleted.'],
    [
      { gone: 2892 },
      '1,204 of 4,096 chunks: 2,892 have gone since it was counted before, probably deleted.'
    ],
    [
      { verdict: 'never_written' },
      '1,204 of 4,096 chunks: the others were never written.'
    ],
    [{ verdict: 'unknown' }, /whether the others were deleted .* not known/],
    [
      { verdict: 'complete', present: 4096 },
      '4,096 of 4,096 chunks: complete.'
    ],
    [
      { verdict: 'complete', present: 1, expected: 1 },
      '1 of 1 chunk: complete.'
    ]
  ] as const)('%j', (more, expected) => {
    expect(chunksSentence(chunks(more), trans)).toMatch(expected);
  });

  it('are told in two words', () => {
    expect(chunksText(chunks({}), trans)).toBe('partly deleted');
    expect(chunksText(chunks({ verdict: 'complete' }), trans)).toBe('complete');
  });
});

describe('what was lost of a store', () => {
  const told = (more: Parameters<typeof usageRow>[2]) => {
    const row = usageRow('a.zarr/', 1, more);
    return [
      stateText(row, trans),
      stateSentence(row, trans),
      isDamaged(row)
    ] as const;
  };
  const whole: IChunkCount = {
    expected: 4,
    present: 4,
    arrays: 1,
    verdict: 'complete',
    gone: 0
  };

  it('is nothing', () => {
    expect(told({})).toEqual([null, null, false]);
    expect(told({ chunks: whole })).toEqual([
      'complete',
      '4 of 4 chunks: complete.',
      false
    ]);
  });

  it('is its metadata', () => {
    expect(told({ damage: 'gone' })).toEqual([
      'no metadata',
      'A Zarr store whose metadata is gone: only chunks are left, and nothing can open them.',
      true
    ]);
    expect(told({ damage: 'unreadable' })).toEqual([
      'unreadable',
      'A Zarr store whose metadata cannot be read: nothing can open it.',
      true
    ]);
    expect(
      told({ damage: 'incomplete', missingDocuments: 2, chunks: whole })
    ).toEqual([
      'arrays lost',
      'The metadata of 2 arrays in it is gone: it opens, without these arrays. 4 of 4 chunks: complete.',
      true
    ]);
  });

  it('is some of its chunks', () => {
    const [text, , isLost] = told({ chunks: { ...whole, verdict: 'deleted' } });
    expect([text, isLost]).toEqual(['partly deleted', true]);
  });
});

describe('growth', () => {
  const counted = (before: [string, number][], bytes = 3e9) =>
    growthText(
      usage('', [usageRow('a/', bytes)], {
        asOf: iso(20),
        before: before.map(([asOf, size]) => ({
          asOf,
          objects: 1,
          bytes: size
        }))
      }),
      now,
      trans
    );

  it.each<[string, [string, number][], string | null]>([
    ['no earlier count', [], null],
    ['yesterday', [[iso(19), 1.8e9]], '+1.2 GB since yesterday'],
    [
      'rather yesterday than a moment ago',
      [
        [iso(20, 11), 3e9],
        [iso(19), 4e9]
      ],
      '−1 GB since yesterday'
    ],
    ['this morning', [[iso(20, 10, 42), 3e9]], 'unchanged since 10:42 AM'],
    ['long ago', [[iso(3), 1e9]], '+2 GB since Nov 3, 12:00 PM']
  ])('since %s', (_, before, expected) => {
    // ICU sets a narrow space before AM.
    expect(counted(before)?.replace(/\u202f/g, ' ') ?? null).toBe(expected);
  });

  it('is not told of a count that did not end', () => {
    const short = usage('', [], {
      isLowerBound: true,
      before: [{ asOf: iso(19), objects: 1, bytes: 1 }]
    });
    expect(growthText(short, now, trans)).toBeNull();
  });
});

describe('quota', () => {
  const limits = { quotaBytes: 1000, warnAt: [0.8, 0.95] };

  it.each([
    [790, 'ok', '79% of 1 kB'],
    [800, 'warn', '80% of 1 kB: getting full'],
    [960, 'full', '96% of 1 kB: nearly full'],
    [1200, 'full', '120% of 1 kB: over your quota']
  ])('of %d bytes is %s', (bytes, level, words) => {
    const quota = quotaOf(limits, bytes);
    expect(quota?.level).toBe(level);
    expect(quota && quotaText(quota, 1000, trans)).toBe(words);
  });

  it('may warn once, or never', () => {
    expect(quotaOf({ quotaBytes: 100, warnAt: [0.5] }, 60)?.level).toBe('warn');
    expect(quotaOf({ quotaBytes: 100, warnAt: [] }, 99)?.level).toBe('ok');
    expect(quotaOf({ quotaBytes: null, warnAt: [0.5] }, 60)).toBeNull();
  });
});

describe('numbers', () => {
  it('are written as the locale does', () => {
    expect(weightText(412_000, 1.3e12, trans)).toBe('412,000 objects, 1.3 TB');
    expect(weightText(1, 1000, trans)).toBe('1 object, 1 kB');
    expect(formatShare(0.12, 'en')).toBe('12%');
    expect(formatShare(0.004, 'en')).toBe('0.4%');
    expect(formatShare(0.0001, 'en')).toBe('<0.1%');
    expect(formatShare(0, 'en')).toBe('0%');
  });

  it.each([
    [1.3e12, 20, '$', '$26.00'],
    [1.3e12, 20, 'EUR', '€26.00'],
    [8, 20, '$', '< $0.01'],
    [0, 20, '$', '$0.00']
  ])('%d bytes at %d: %s', (bytes, price, currency, expected) => {
    expect(formatPrice(bytes, price, currency, 'en')).toBe(expected);
  });

  it('tells when something was counted', () => {
    expect(asOfText(iso(20, 10, 42), now, trans)).toMatch(/^as of 10:42/);
    expect(asOfText(iso(19, 10, 42), now, trans)).toMatch(
      /^as of Nov 19, 10:42/
    );
  });
});
