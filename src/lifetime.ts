import type { TranslationBundle } from '@jupyterlab/translation';

import { dateFormat, numberFormat } from './intl';
import { formatBytes, formatCount, pageLocale } from './text';
import type { IChunkCount, IScratchLocation, IUsage, IUsageRow } from './wire';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/**
 * Days before which "deleted after" is told with the day of the week.
 */
const WEEK_DAYS = 6;

/**
 * Days that a store may lag behind its own rules; what is there after them was probably forgotten.
 */
const LAG_DAYS = 3;

/**
 * How near the deletion of something is. `due`: at any moment; `day`: within 24 hours.
 */
export type Urgency = 'none' | 'day' | 'due';

/**
 * `27 Nov`; with the year where it is another one.
 */
export function formatDay(
  iso: string,
  now: number,
  locale = pageLocale()
): string {
  const then = new Date(iso);
  const isThisYear = then.getFullYear() === new Date(now).getFullYear();
  return dateFormat(locale, {
    day: 'numeric',
    month: 'short',
    ...(isThisYear ? {} : { year: 'numeric' })
  }).format(then);
}

/**
 * `10:42` for today, else `20 Nov, 10:42`.
 */
export function formatMoment(
  iso: string,
  now: number,
  locale = pageLocale()
): string {
  const then = new Date(iso);
  const time = { hour: 'numeric', minute: '2-digit' } as const;
  return dateFormat(
    locale,
    daysBetween(then.getTime(), now) === 0
      ? time
      : { ...time, day: 'numeric', month: 'short' }
  ).format(then);
}

/**
 * Midnights between two moments, by the clock of the user.
 */
function daysBetween(then: number, now: number): number {
  const midnight = (at: number) => new Date(at).setHours(0, 0, 0, 0);
  return Math.round((midnight(now) - midnight(then)) / DAY_MS);
}

export function asOfText(
  iso: string,
  now: number,
  trans: TranslationBundle
): string {
  return trans.__('as of %1', formatMoment(iso, now));
}

/**
 * How much a place has grown: since the last count that is half a day older, else since the oldest that is known.
 * Null where there is no earlier count.
 */
export function growthText(
  usage: IUsage,
  now: number,
  trans: TranslationBundle
): string | null {
  const asOf = Date.parse(usage.asOf);
  const before =
    usage.before.find(each => asOf - Date.parse(each.asOf) >= 12 * HOUR_MS) ??
    usage.before[usage.before.length - 1];
  if (!before || usage.isLowerBound) {
    return null;
  }
  const then = Date.parse(before.asOf);
  const since =
    daysBetween(then, now) === 1
      ? trans.__('yesterday')
      : formatMoment(before.asOf, now);
  const change = usage.bytes - before.bytes;
  if (change === 0) {
    return trans.__('unchanged since %1', since);
  }
  const size = formatBytes(Math.abs(change));
  return change > 0
    ? trans.__('+%1 since %2', size, since)
    : trans.__('−%1 since %2', size, since);
}

/**
 * `412,000 objects, 1.3 TB`.
 */
export function weightText(
  objects: number,
  bytes: number,
  trans: TranslationBundle
): string {
  return trans.__('%1, %2', objectsText(objects, trans), formatBytes(bytes));
}

export function objectsText(objects: number, trans: TranslationBundle): string {
  return trans._n('%2 object', '%2 objects', objects, formatCount(objects));
}

/**
 * Who deletes, and after how long. Null where nothing is deleted and nobody says anything about it.
 */
export function lifetimeText(
  days: number | null,
  source: IUsage['lifetimeSource'],
  trans: TranslationBundle
): string | null {
  if (days === null) {
    return source === null
      ? null
      : trans.__('Nothing is deleted by itself here: that is configured so.');
  }
  const what = trans._n(
    'Objects are deleted about %2 day after they were written',
    'Objects are deleted about %2 days after they were written',
    days,
    formatCount(days)
  );
  switch (source) {
    case 'bucket':
      return trans.__('%1: the bucket’s own rules say so.', what);
    case 'configured':
      return trans.__('%1: your administrator has configured it.', what);
    case 'default':
    case null:
      return trans.__(
        '%1: that is what most hubs do. Nobody has said how long it is on yours.',
        what
      );
  }
}

export function urgencyOf(row: IUsageRow, now: number): Urgency {
  const { expiresAt } = row;
  if (expiresAt === null) {
    return 'none';
  }
  const left = Date.parse(expiresAt) - now;
  return left <= 0 ? 'due' : left <= DAY_MS ? 'day' : 'none';
}

/**
 * Whether something should have been deleted days ago and is still there, so that nobody may be deleting.
 */
export function isOverdue(expiresAt: string | null, now: number): boolean {
  return expiresAt !== null && now - Date.parse(expiresAt) > LAG_DAYS * DAY_MS;
}

/**
 * When something is deleted, in few words: a store rounds to days and takes its time.
 */
export function goesText(
  expiresAt: string | null,
  now: number,
  trans: TranslationBundle,
  isShort = false,
  locale = pageLocale()
): string {
  if (expiresAt === null) {
    return trans.__('never');
  }
  const left = Date.parse(expiresAt) - now;
  if (isOverdue(expiresAt, now)) {
    return trans.__('overdue');
  }
  if (left <= 0) {
    return isShort ? trans.__('now') : trans.__('any time now');
  }
  if (left <= DAY_MS) {
    return isShort ? trans.__('24 h') : trans.__('within 24 h');
  }
  if (left <= WEEK_DAYS * DAY_MS && !isShort) {
    return dateFormat(locale, {
      weekday: 'short',
      day: 'numeric',
      month: 'short'
    }).format(new Date(expiresAt));
  }
  return formatDay(expiresAt, now, locale);
}

/**
 * What to add to `goesText`: the day, and that it has passed where it has.
 */
export function goesDayText(
  expiresAt: string,
  now: number,
  trans: TranslationBundle
): string {
  const day = formatDay(expiresAt, now);
  return Date.parse(expiresAt) <= now
    ? trans.__('due since about %1', day)
    : trans.__('about %1', day);
}

/**
 * `in 8 days`.
 */
export function inDaysText(
  iso: string,
  now: number,
  locale = pageLocale()
): string {
  const days = -daysBetween(Date.parse(iso), now);
  return new Intl.RelativeTimeFormat(locale, { numeric: 'auto' }).format(
    days,
    'day'
  );
}

/**
 * The same in a sentence.
 */
export function goesSentence(
  row: Pick<
    IUsageRow,
    'objects' | 'expiresAt' | 'goneAt' | 'expiringObjects' | 'expiringBytes'
  >,
  now: number,
  trans: TranslationBundle
): string {
  const { expiresAt, goneAt } = row;
  if (expiresAt === null) {
    return trans.__('Nothing of it is deleted by itself.');
  }
  const left = Date.parse(expiresAt) - now;
  const day = formatDay(expiresAt, now);
  const isOne = row.objects === 1;
  if (isOverdue(expiresAt, now)) {
    return isOne
      ? trans.__(
          'It was due about %1 and is still there: the rule that deletes may not run. It may go at any moment.',
          day
        )
      : trans.__(
          'The first of it was due about %1 and is still there: the rule that deletes may not run. It may go at any moment.',
          day
        );
  }
  if (isOne && left <= DAY_MS) {
    return left <= 0
      ? trans.__('It may be deleted at any moment.')
      : trans.__('It is deleted within 24 hours.');
  }
  const first =
    left <= 0
      ? trans.__('The first of it may be deleted at any moment')
      : left <= DAY_MS
        ? trans.__('The first of it is deleted within 24 hours')
        : trans.__('Deleted after about %1', day);
  const isLater =
    goneAt !== null &&
    Date.parse(goneAt) - Math.max(Date.parse(expiresAt), now) >= DAY_MS;
  const parts = [
    isLater
      ? trans.__('%1, the last after about %2', first, formatDay(goneAt, now))
      : first
  ];
  if (left <= DAY_MS && row.expiringObjects > 0) {
    parts.push(
      trans._n(
        '%2 goes within 24 hours',
        '%2 go within 24 hours',
        row.expiringObjects,
        weightText(row.expiringObjects, row.expiringBytes, trans)
      )
    );
  }
  return trans.__('%1.', parts.join('; '));
}

/**
 * Whether something of a row was lost, be it chunks or metadata.
 */
export function isDamaged({
  chunks,
  damage
}: Pick<IUsageRow, 'chunks' | 'damage'>): boolean {
  return chunks?.verdict === 'deleted' || damage !== null;
}

/**
 * What is wrong with a store, or what of it is there, in few words. Null for what is no store.
 */
export function stateText(
  { chunks, damage }: Pick<IUsageRow, 'chunks' | 'damage'>,
  trans: TranslationBundle
): string | null {
  switch (damage) {
    case 'gone':
      return trans.__('no metadata');
    case 'unreadable':
      return trans.__('unreadable');
    case 'incomplete':
      return trans.__('arrays lost');
    case null:
      return chunks && chunksText(chunks, trans);
  }
}

/**
 * The same in sentences.
 */
export function stateSentence(
  row: Pick<IUsageRow, 'chunks' | 'damage' | 'missingDocuments'>,
  trans: TranslationBundle
): string | null {
  const { chunks, damage } = row;
  const parts: string[] = [];
  if (damage !== null) {
    parts.push(damageSentence(damage, row.missingDocuments, trans));
  }
  if (chunks) {
    parts.push(chunksSentence(chunks, trans));
  }
  return parts.length === 0 ? null : parts.join(' ');
}

function damageSentence(
  damage: NonNullable<IUsageRow['damage']>,
  documents: number,
  trans: TranslationBundle
): string {
  switch (damage) {
    case 'gone':
      return trans.__(
        'A Zarr store whose metadata is gone: only chunks are left, and nothing can open them.'
      );
    case 'unreadable':
      return trans.__(
        'A Zarr store whose metadata cannot be read: nothing can open it.'
      );
    case 'incomplete':
      return documents === 0
        ? trans.__(
            'Metadata of arrays in it is gone: it opens, without these arrays.'
          )
        : trans._n(
            'The metadata of %2 array in it is gone: it opens, without that array.',
            'The metadata of %2 arrays in it is gone: it opens, without these arrays.',
            documents,
            formatCount(documents)
          );
  }
}

/**
 * What of a store is there, in few words.
 */
export function chunksText(
  chunks: IChunkCount,
  trans: TranslationBundle
): string {
  switch (chunks.verdict) {
    case 'complete':
      return trans.__('complete');
    case 'deleted':
      return trans.__('partly deleted');
    case 'never_written':
      return trans.__('partly written');
    case 'unknown':
      return trans.__('chunks missing');
  }
}

/**
 * `1,204 of 4,096 chunks: some were probably deleted`.
 */
export function chunksSentence(
  chunks: IChunkCount,
  trans: TranslationBundle
): string {
  const { present, expected, gone } = chunks;
  const counted = trans._n(
    '%2 of %3 chunk',
    '%2 of %3 chunks',
    expected,
    formatCount(present),
    formatCount(expected)
  );
  switch (chunks.verdict) {
    case 'complete':
      return trans.__('%1: complete.', counted);
    case 'deleted':
      return gone > 0
        ? trans._n(
            '%3: %2 has gone since it was counted before, probably deleted.',
            '%3: %2 have gone since it was counted before, probably deleted.',
            gone,
            formatCount(gone),
            counted
          )
        : trans.__('%1: some were probably deleted.', counted);
    case 'never_written':
      return trans.__('%1: the others were never written.', counted);
    case 'unknown':
      return trans.__(
        '%1: whether the others were deleted or never written is not known.',
        counted
      );
  }
}

/**
 * Share of the quota, and how bad it is. Null without a quota.
 */
export interface IQuota {
  readonly share: number;
  readonly level: 'ok' | 'warn' | 'full';
}

export function quotaOf(
  location: Pick<IScratchLocation, 'quotaBytes' | 'warnAt'>,
  bytes: number
): IQuota | null {
  const { quotaBytes, warnAt } = location;
  if (quotaBytes === null || quotaBytes <= 0) {
    return null;
  }
  const share = bytes / quotaBytes;
  const passed = warnAt.filter(each => share >= each).length;
  const level =
    share >= 1 || (passed > 0 && passed === warnAt.length && passed > 1)
      ? 'full'
      : passed > 0
        ? 'warn'
        : 'ok';
  return { share, level };
}

export function formatShare(share: number, locale = pageLocale()): string {
  if (share > 0 && share < 0.0005) {
    return `<${formatShare(0.001, locale)}`;
  }
  return numberFormat(locale, {
    style: 'percent',
    maximumFractionDigits: share > 0 && share < 0.01 ? 1 : 0
  }).format(share);
}

/**
 * `62% of 2 TB`, and what to think of it.
 */
export function quotaText(
  quota: IQuota,
  quotaBytes: number,
  trans: TranslationBundle
): string {
  const share = trans.__(
    '%1 of %2',
    formatShare(quota.share),
    formatBytes(quotaBytes)
  );
  if (quota.share >= 1) {
    return trans.__('%1: over your quota', share);
  }
  switch (quota.level) {
    case 'ok':
      return share;
    case 'warn':
      return trans.__('%1: getting full', share);
    case 'full':
      return trans.__('%1: nearly full', share);
  }
}

/**
 * What bytes cost in a month: `$26.40`.
 */
export function formatPrice(
  bytes: number,
  pricePerTbMonth: number,
  currency: string,
  locale = pageLocale()
): string {
  const price = (bytes / 1e12) * pricePerTbMonth;
  const digits = { minimumFractionDigits: 2, maximumFractionDigits: 2 };
  const isTiny = price > 0 && price < 0.01;
  const shown = isTiny ? 0.01 : price;
  const text = /^[A-Z]{3}$/.test(currency)
    ? numberFormat(locale, {
        style: 'currency',
        currency,
        ...digits
      }).format(shown)
    : `${currency}${numberFormat(locale, digits).format(shown)}`;
  return isTiny ? `< ${text}` : text;
}
