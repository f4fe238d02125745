/**
 * Formatters are expensive to make and cheap to use: one for each locale and set of options.
 */
const numberFormats = new Map<string, Intl.NumberFormat>();
const dateFormats = new Map<string, Intl.DateTimeFormat>();

export function numberFormat(
  locale: string | undefined,
  options: Intl.NumberFormatOptions = {}
): Intl.NumberFormat {
  return remembered(
    numberFormats,
    locale,
    options,
    () => new Intl.NumberFormat(locale, options)
  );
}

export function dateFormat(
  locale: string | undefined,
  options: Intl.DateTimeFormatOptions
): Intl.DateTimeFormat {
  return remembered(
    dateFormats,
    locale,
    options,
    () => new Intl.DateTimeFormat(locale, options)
  );
}

function remembered<T>(
  formats: Map<string, T>,
  locale: string | undefined,
  options: object,
  make: () => T
): T {
  const key = `${locale ?? ''} ${JSON.stringify(options)}`;
  let format = formats.get(key);
  if (!format) {
    format = make();
    formats.set(key, format);
  }
  return format;
}
