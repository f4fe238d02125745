import type { IStateDB } from '@jupyterlab/statedb';
import type { TranslationBundle } from '@jupyterlab/translation';

import { asOfText, quotaOf, quotaText } from './lifetime';
import { formatBytes, formatCount } from './text';
import type { IScratchLocation, IUsage } from './wire';

const KEY = 'jupyterlab_zarrbrowser:reminders';

const DAY_MS = 86_400_000;

/**
 * Rows of a scratch of which something is deleted within a day, as far as the last count tells.
 */
export function goingSoon(
  usage: IUsage,
  now: number
): { rows: number; bytes: number } {
  const going = usage.rows.filter(
    ({ expiresAt, goneAt }) =>
      expiresAt !== null &&
      Date.parse(expiresAt) - now <= DAY_MS &&
      // What is all gone by now is no news.
      (goneAt === null || Date.parse(goneAt) > now)
  );
  return {
    rows: going.length,
    bytes: going.reduce((sum, row) => sum + row.bytes, 0)
  };
}

/**
 * What a user should be told of his scratch today; null where all is well or nothing was counted.
 */
export function reminderOf(
  location: IScratchLocation,
  usage: IUsage | null,
  now: number,
  trans: TranslationBundle
): string | null {
  if (!usage) {
    return null;
  }
  const parts: string[] = [];
  const going = goingSoon(usage, now);
  if (going.rows > 0) {
    parts.push(
      trans._n(
        'Within 24 hours, deletion begins in %2 item of your scratch, which holds %3.',
        'Within 24 hours, deletion begins in %2 items of your scratch, which hold %3.',
        going.rows,
        formatCount(going.rows),
        formatBytes(going.bytes)
      )
    );
  }
  const quota = quotaOf(location, usage.bytes);
  if (quota && quota.level !== 'ok' && location.quotaBytes !== null) {
    parts.push(
      trans.__(
        'Your scratch holds %1: %2.',
        formatBytes(usage.bytes),
        quotaText(quota, location.quotaBytes, trans)
      )
    );
  }
  if (parts.length === 0) {
    return null;
  }
  parts.push(trans.__('(Counted %1.)', asOfText(usage.asOf, now, trans)));
  return parts.join(' ');
}

/**
 * Remembers on which day somebody was reminded, over reloads of the page.
 */
export class OncePerDay {
  constructor(private readonly _db: IStateDB | null) {}

  /**
   * Whether nobody was told about something today; then that is so from now on.
   */
  async claim(what: string, now: number): Promise<boolean> {
    const today = dayOf(now);
    if (this._told.get(what) === today) {
      return false;
    }
    this._told.set(what, today);
    try {
      const saved = await this._db?.fetch(KEY);
      const days = (
        typeof saved === 'object' && saved !== null ? saved : {}
      ) as { readonly [name: string]: unknown };
      if (days[what] === today) {
        return false;
      }
      // Days before are of no use any more.
      await this._db?.save(KEY, { ...onlyOf(days, today), [what]: today });
    } catch (error) {
      console.warn('Zarr Browser could not remember a reminder.', error);
    }
    return true;
  }

  private readonly _told = new Map<string, string>();
}

function onlyOf(
  days: { readonly [name: string]: unknown },
  today: string
): { [name: string]: string } {
  return Object.fromEntries(
    Object.entries(days).flatMap(([name, day]) =>
      day === today ? [[name, today]] : []
    )
  );
}

/**
 * The day by the clock of the user: `2026-11-27`.
 */
function dayOf(now: number): string {
  const date = new Date(now);
  const two = (value: number) => String(value).padStart(2, '0');
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
}
