import type { TranslationBundle } from '@jupyterlab/translation';

import { asOfText, quotaOf, quotaText } from './lifetime';
import { formatBytes, formatCount } from './text';
import type { IScratchLocation, IUsage } from './wire';

const KEY = 'jupyterlab_zarrbrowser:reminders';

/**
 * Characters of a notification; JupyterLab cuts what is longer.
 */
const TEXT_MAX = 140;

/**
 * Characters of an address that stands for a name.
 */
const NAME_MAX = 36;

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
 * What a place is called where several are spoken of: by its address where others have the same title.
 */
export function scratchName(
  location: IScratchLocation,
  locations: readonly IScratchLocation[]
): string {
  const { title, uri } = location;
  if (locations.every(each => each === location || each.title !== title)) {
    return title;
  }
  const bare = uri.replace(/\/+$/, '');
  return bare.length > NAME_MAX ? `…${bare.slice(1 - NAME_MAX)}` : bare;
}

/**
 * What a user should be told of a scratch today, in as few words as a notification has room for; null where all is well or
 * nothing was counted.
 */
export function reminderOf(
  location: IScratchLocation,
  name: string,
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
        '%2 item (%3): deletion begins within 24 hours.',
        '%2 items (%3): deletion begins within 24 hours.',
        going.rows,
        formatCount(going.rows),
        formatBytes(going.bytes)
      )
    );
  }
  const quota = quotaOf(location, usage.bytes);
  if (quota && quota.level !== 'ok' && location.quotaBytes !== null) {
    parts.push(trans.__('%1.', quotaText(quota, location.quotaBytes, trans)));
  }
  if (parts.length === 0) {
    return null;
  }
  const said = trans.__('%1: %2', name, parts.join(' '));
  const dated = `${said} ${trans.__('(%1)', asOfText(usage.asOf, now, trans))}`;
  return dated.length > TEXT_MAX ? said : dated;
}

/**
 * Where days are remembered: what belongs to the browser, since the state of JupyterLab belongs to a workspace.
 */
export type DayStorage = Pick<Storage, 'getItem' | 'setItem'>;

/**
 * Remembers on which day somebody was reminded, over reloads of the page and in all workspaces of a server.
 */
export class OncePerDay {
  /**
   * @param server Base URL of the server, which on a hub names its user, too.
   */
  constructor(
    private readonly _storage: DayStorage | null,
    server: string
  ) {
    this._key = `${KEY}:${server}`;
  }

  /**
   * Whether nobody was told about something today; then that is so from now on.
   */
  claim(what: string, now: number): boolean {
    const today = dayOf(now);
    if (this._told.get(what) === today) {
      return false;
    }
    this._told.set(what, today);
    try {
      const days = daysOf(this._storage?.getItem(this._key) ?? null);
      if (days[what] === today) {
        return false;
      }
      // Days before are of no use any more.
      const kept = JSON.stringify({ ...onlyOf(days, today), [what]: today });
      this._storage?.setItem(this._key, kept);
    } catch (error) {
      console.warn('Zarr Browser could not remember a reminder.', error);
    }
    return true;
  }

  private readonly _key: string;
  private readonly _told = new Map<string, string>();
}

/**
 * What the browser remembers for the pages of a site; null where it does not.
 */
export function browserStorage(): DayStorage | null {
  try {
    return window.localStorage;
  } catch {
    return null;
  }
}

function daysOf(text: string | null): { readonly [name: string]: unknown } {
  const saved: unknown = text === null ? null : JSON.parse(text);
  return typeof saved === 'object' && saved !== null
    ? (saved as { readonly [name: string]: unknown })
    : {};
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
