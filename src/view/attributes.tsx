import type { TranslationBundle } from '@jupyterlab/translation';
import type { JSONValue } from '@lumino/coreutils';
import React from 'react';

import { formatCount } from '../text';

/**
 * Entries of one object or list, and characters of one text, before "Show more".
 */
const ENTRIES_SHOWN = 50;
const CHARACTERS_SHOWN = 400;

type Entry = readonly [name: string, value: JSONValue];

/**
 * JSON as a table that folds. Text is shown as text, whatever it holds.
 */
export function Attributes(props: {
  value: { readonly [name: string]: JSONValue };
  trans: TranslationBundle;
}): React.JSX.Element {
  return <Entries entries={Object.entries(props.value)} trans={props.trans} />;
}

function Entries(props: {
  entries: readonly Entry[];
  trans: TranslationBundle;
}): React.JSX.Element {
  const { entries, trans } = props;
  const [count, setCount] = React.useState(ENTRIES_SHOWN);
  if (entries.length === 0) {
    return <p className="jp-ZarrBrowser-quiet">{trans.__('None')}</p>;
  }
  const rest = entries.length - count;
  return (
    <>
      <dl className="jp-ZarrBrowser-attributes">
        {entries.slice(0, count).map(([name, value]) => (
          <Attribute key={name} name={name} value={value} trans={trans} />
        ))}
      </dl>
      {rest > 0 ? (
        <button
          type="button"
          className="jp-ZarrBrowser-link"
          onClick={() => setCount(count + 10 * ENTRIES_SHOWN)}
        >
          {trans._n('Show %2 more', 'Show %2 more', rest, formatCount(rest))}
        </button>
      ) : null}
    </>
  );
}

function Attribute(props: {
  name: string;
  value: JSONValue;
  trans: TranslationBundle;
}): React.JSX.Element {
  const { name, value, trans } = props;
  if (typeof value === 'object' && value !== null && !isShortList(value)) {
    return <Folded name={name} value={value} trans={trans} />;
  }
  return (
    <div>
      <dt>{name}</dt>
      <dd>
        <Text text={textOf(value)} trans={trans} />
      </dd>
    </div>
  );
}

/**
 * Drawn only once it is open.
 */
function Folded(props: {
  name: string;
  value: readonly JSONValue[] | { readonly [name: string]: JSONValue };
  trans: TranslationBundle;
}): React.JSX.Element {
  const { name, value, trans } = props;
  const [isOpen, setOpen] = React.useState(false);
  const entries: Entry[] = Array.isArray(value)
    ? value.map((item, index) => [String(index), item])
    : Object.entries(value);
  return (
    <div>
      <details onToggle={event => setOpen(event.currentTarget.open)}>
        <summary>
          {name}
          <span className="jp-ZarrBrowser-quiet">
            {' '}
            {Array.isArray(value)
              ? `[${formatCount(entries.length)}]`
              : `{${formatCount(entries.length)}}`}
          </span>
        </summary>
        {isOpen ? <Entries entries={entries} trans={trans} /> : null}
      </details>
    </div>
  );
}

function Text(props: {
  text: string;
  trans: TranslationBundle;
}): React.JSX.Element {
  const { text, trans } = props;
  const [isWhole, setWhole] = React.useState(false);
  return isWhole || text.length <= CHARACTERS_SHOWN ? (
    <>{text}</>
  ) : (
    <>
      {text.slice(0, CHARACTERS_SHOWN)}…{' '}
      <button
        type="button"
        className="jp-ZarrBrowser-link"
        onClick={() => setWhole(true)}
      >
        {trans.__('Show all')}
      </button>
    </>
  );
}

function textOf(value: JSONValue): string {
  if (Array.isArray(value)) {
    return `[${value.map(item => JSON.stringify(item)).join(', ')}]`;
  }
  return typeof value === 'string' ? value : JSON.stringify(value);
}

/**
 * A list that reads best in one line.
 */
function isShortList(value: JSONValue): boolean {
  return (
    Array.isArray(value) &&
    value.length <= 12 &&
    value.every(item => typeof item !== 'object' || item === null)
  );
}
