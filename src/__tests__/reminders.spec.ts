import { nullTranslator } from '@jupyterlab/translation';

import { OncePerDay, reminderOf, scratchName } from '../reminders';
import { scratchLocation, usage, usageRow } from './fakeApi';

const trans = nullTranslator.load('test');
const now = new Date(2026, 10, 20, 12).getTime();
const inHours = (hours: number) =>
  new Date(now + hours * 3_600_000).toISOString();

describe('reminderOf', () => {
  const place = scratchLocation({ quotaBytes: 1000 });

  it('says nothing where nothing was counted or all is well', () => {
    expect(reminderOf(place, 'Scratch', null, now, trans)).toBeNull();
    const fine = usage('', [usageRow('a/', 100, { expiresAt: inHours(40) })]);
    expect(reminderOf(place, 'Scratch', fine, now, trans)).toBeNull();
  });

  it('tells what goes within a day, also by an old count', () => {
    const old = usage('', [
      usageRow('a/', 300, { expiresAt: inHours(20), goneAt: inHours(90) }),
      usageRow('b/', 200, { expiresAt: inHours(-20), goneAt: inHours(1) }),
      usageRow('gone/', 50, { expiresAt: inHours(-90), goneAt: inHours(-40) }),
      usageRow('later/', 50, { expiresAt: inHours(50), goneAt: inHours(60) })
    ]);
    expect(reminderOf(place, 'Scratch', old, now, trans)).toMatch(
      /^Scratch: 2 items \(500 bytes\): deletion begins within 24 hours\. \(as of/
    );
  });

  it('tells that the quota is nearly reached', () => {
    const full = usage('', [usageRow('a/', 900)]);
    expect(reminderOf(place, 'Scratch', full, now, trans)).toMatch(
      /^Scratch: 90% of 1 kB: getting full\./
    );
    const free = scratchLocation();
    expect(reminderOf(free, 'Scratch', full, now, trans)).toBeNull();
  });

  it('names the place, and is never cut by JupyterLab', () => {
    const long = 's3://scratch-of-a-hub-with-a-long-name/groups/oceans/ada/';
    const places = [
      scratchLocation({ title: 'Scratch', uri: 's3://scratch/ada/' }),
      scratchLocation({ title: 'Scratch', uri: long, quotaBytes: 1e12 }),
      scratchLocation({ title: 'Team', uri: 's3://team/' })
    ];
    const names = places.map(each => scratchName(each, places));
    expect(names).toEqual([
      's3://scratch/ada',
      expect.stringMatching(/^….*\/groups\/oceans\/ada$/),
      'Team'
    ]);
    const rows = Array.from({ length: 1234 }, (_, at) =>
      usageRow(`${at}/`, 9.87e8, { expiresAt: inHours(3) })
    );
    const text = reminderOf(places[1]!, names[1]!, usage('', rows), now, trans);
    expect(text).toContain('1,234 items (1.2 TB)');
    expect(text).toContain('over your quota');
    expect(text!.length).toBeLessThanOrEqual(140);
  });
});

describe('OncePerDay', () => {
  const day = 24 * 3_600_000;
  const here = 'https://hub/user/ada/';

  beforeEach(() => localStorage.clear());

  it('reminds once a day, over reloads and in all workspaces', () => {
    const first = new OncePerDay(localStorage, here);
    expect(first.claim('a', now)).toBe(true);
    expect(first.claim('a', now + 1000)).toBe(false);
    expect(first.claim('b', now)).toBe(true);
    const elsewhere = new OncePerDay(localStorage, here);
    expect(elsewhere.claim('a', now + 1000)).toBe(false);
    expect(elsewhere.claim('b', now + 1000)).toBe(false);
    expect(elsewhere.claim('a', now + day)).toBe(true);
    const other = new OncePerDay(localStorage, 'https://hub/user/bob/');
    expect(other.claim('a', now + day)).toBe(true);
  });

  it('works where the browser remembers nothing, or nonsense', () => {
    const none = new OncePerDay(null, here);
    expect(none.claim('a', now)).toBe(true);
    expect(none.claim('a', now)).toBe(false);
    const warn = jest.spyOn(console, 'warn').mockImplementation();
    const broken = new OncePerDay(
      { getItem: () => '{', setItem: () => undefined },
      here
    );
    expect(broken.claim('a', now)).toBe(true);
    expect(broken.claim('a', now)).toBe(false);
    expect(warn).toHaveBeenCalledTimes(1);
    warn.mockRestore();
  });
});
