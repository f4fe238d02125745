import { StateDB } from '@jupyterlab/statedb';
import { nullTranslator } from '@jupyterlab/translation';

import { OncePerDay, reminderOf } from '../reminders';
import { scratchLocation, usage, usageRow } from './fakeApi';

const trans = nullTranslator.load('test');
const now = new Date(2026, 10, 20, 12).getTime();
const inHours = (hours: number) =>
  new Date(now + hours * 3_600_000).toISOString();

describe('reminderOf', () => {
  const place = scratchLocation({ quotaBytes: 1000 });

  it('says nothing where nothing was counted or all is well', () => {
    expect(reminderOf(place, null, now, trans)).toBeNull();
    const fine = usage('', [usageRow('a/', 100, { expiresAt: inHours(40) })]);
    expect(reminderOf(place, fine, now, trans)).toBeNull();
  });

  it('tells what goes within a day, also by an old count', () => {
    const old = usage('', [
      usageRow('a/', 300, { expiresAt: inHours(20), goneAt: inHours(90) }),
      usageRow('b/', 200, { expiresAt: inHours(-20), goneAt: inHours(1) }),
      usageRow('gone/', 50, { expiresAt: inHours(-90), goneAt: inHours(-40) }),
      usageRow('later/', 50, { expiresAt: inHours(50), goneAt: inHours(60) })
    ]);
    expect(reminderOf(place, old, now, trans)).toMatch(
      /begins in 2 items of your scratch, which hold 500 bytes/
    );
  });

  it('tells that the quota is nearly reached', () => {
    const full = usage('', [usageRow('a/', 900)]);
    expect(reminderOf(place, full, now, trans)).toMatch(
      /Your scratch holds 900 bytes: 90% of 1 kB: getting full/
    );
    const free = scratchLocation();
    expect(reminderOf(free, full, now, trans)).toBeNull();
  });
});

describe('OncePerDay', () => {
  const day = 24 * 3_600_000;

  it('reminds once a day, over reloads', async () => {
    const db = new StateDB();
    const first = new OncePerDay(db);
    expect(await first.claim('a', now)).toBe(true);
    expect(await first.claim('a', now + 1000)).toBe(false);
    expect(await first.claim('b', now)).toBe(true);
    const reloaded = new OncePerDay(db);
    expect(await reloaded.claim('a', now + 1000)).toBe(false);
    expect(await reloaded.claim('b', now + 1000)).toBe(false);
    expect(await reloaded.claim('a', now + day)).toBe(true);
  });

  it('works without a state database, and with a broken one', async () => {
    const none = new OncePerDay(null);
    expect(await none.claim('a', now)).toBe(true);
    expect(await none.claim('a', now)).toBe(false);
    const warn = jest.spyOn(console, 'warn').mockImplementation();
    const db = new StateDB();
    jest.spyOn(db, 'fetch').mockRejectedValue(new Error('full'));
    const broken = new OncePerDay(db);
    expect(await broken.claim('a', now)).toBe(true);
    expect(await broken.claim('a', now)).toBe(false);
    expect(warn).toHaveBeenCalledTimes(1);
    warn.mockRestore();
  });
});
