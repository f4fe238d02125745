import type { Locator } from '@playwright/test';

import { expect, runFromPalette, sharedLab, test } from './lab';

const lab = sharedLab();

const STORE = 'climate/reanalysis/surface.zarr/';

test.beforeEach(async () => {
  const { panel } = lab;
  await panel.reset();
  await panel.name(panel.row('js2')).click();
  await expect(panel.tree).toBeFocused();
});

/**
 * Press keys; after each of them the focus is somewhere, never on the page as a whole.
 */
async function press(...keys: string[]): Promise<void> {
  const { page } = lab;
  for (const key of keys) {
    await page.keyboard.press(key);
    expect(
      await page.evaluate(
        () =>
          document.activeElement !== null &&
          document.activeElement !== document.body
      ),
      `focus after ${key}`
    ).toBe(true);
  }
}

async function expectActive(endpoint: string, key: string): Promise<Locator> {
  const { panel } = lab;
  const row = panel.row(endpoint, key);
  await expect(row).toHaveAttribute('aria-selected', 'true');
  await expect(panel.selected).toHaveCount(1);
  await expect(row).toBeInViewport();
  const id = await panel.tree.getAttribute('aria-activedescendant');
  expect(id).toBe(await row.getAttribute('id'));
  expect(id).not.toMatch(/\s/);
  await expect(panel.tree).toBeFocused();
  return row;
}

test('the whole way from opening the panel to a printed dataset', async () => {
  test.setTimeout(90_000);
  const { page, panel, notebook } = lab;
  await notebook.open(['first = 1', 'last = 2']);
  await page.sidebar.close('left');
  await page.notebook.selectCells(0);
  await runFromPalette(page, 'Show Zarr Browser', () =>
    expect(panel.tree).toBeFocused({ timeout: 1000 })
  );

  // Scratch comes first.
  await press('Home', 'ArrowDown', 'ArrowRight');
  await expect(panel.row('js2', 'climate/')).toBeVisible();
  await press('ArrowRight');
  await expectActive('js2', 'climate/');
  await press('ArrowRight');
  await expect(panel.row('js2', 'climate/reanalysis/')).toBeVisible();
  await page.keyboard.type('rean');
  await expectActive('js2', 'climate/reanalysis/');
  await press('ArrowRight');
  await expect(panel.row('js2', STORE)).toHaveAttribute('data-kind', 'dataset');
  await page.keyboard.type('surface.');
  await expectActive('js2', STORE);
  await expect(panel.details).toContainText('open_zarr');

  await press('Shift+F10');
  const menu = page.getByRole('menu');
  await expect(menu).toBeVisible();
  await press('ArrowDown');
  await expect(
    menu.locator('.lm-mod-active', { hasText: 'Insert open_zarr cell' })
  ).toBeVisible();
  await press('Enter');
  await expect.poll(() => notebook.sources()).toHaveLength(3);
  await press('Shift+Enter');
  await notebook.waitForRun(1);
  await expect(notebook.output(1)).toContainText('time: 240');
});

test('arrows, Home, End, Page Up and Page Down walk the rows', async () => {
  const { panel } = lab;
  await press('ArrowRight');
  await expect(panel.row('js2', 'samples/')).toBeVisible();
  await press('ArrowDown', 'ArrowDown');
  await expectActive('js2', 'imagery/');
  await press('ArrowUp');
  await expectActive('js2', 'climate/');
  await press('ArrowLeft');
  await expectActive('js2', '');
  await press('ArrowLeft');
  await expect(panel.row('js2')).toHaveAttribute('aria-expanded', 'false');
  await press('End');
  await expectActive('files', '');
  await press('ArrowDown');
  await expectActive('files', '');
  await press('Home');
  await expectActive('scratch', '');
  await press('ArrowUp');
  await expectActive('scratch', '');

  await panel.expand('js2', 'climate/stations/');
  await panel.name(panel.row('js2', 'climate/stations/')).click();
  await press('PageDown', 'PageDown', 'PageDown');
  await expect(panel.selected).toBeInViewport();
  expect(
    Number(await panel.selected.getAttribute('aria-posinset'))
  ).toBeGreaterThan(20);
  await press('PageUp', 'PageUp', 'PageUp');
  await expectActive('js2', 'climate/stations/');
});

test('typing finds names, several letters as a word, one letter going on', async () => {
  const { page, panel } = lab;
  await panel.expand('js2', STORE);
  await panel.name(panel.row('js2', STORE)).click();
  await page.keyboard.type('pre');
  await expectActive('js2', `${STORE}precip/`);
  await expect(async () => {
    // A pause ends the word.
    await page.keyboard.press('l');
    await expect(panel.row('js2', `${STORE}lat/`)).toHaveAttribute(
      'aria-selected',
      'true',
      { timeout: 100 }
    );
  }).toPass();
  await page.keyboard.press('l');
  await expectActive('js2', `${STORE}lon/`);
});

test('Space shows the details, * opens the siblings', async () => {
  const { panel } = lab;
  await panel.button('Close details').click();
  await expect(panel.details).toBeHidden();
  await panel.tree.focus();
  await expect(async () => {
    // Just after typing it would be part of the word.
    await press(' ');
    await expect(panel.details).toBeVisible({ timeout: 100 });
  }).toPass();
  await press('ArrowRight', 'ArrowRight', '*');
  for (const key of ['climate/', 'imagery/', 'samples/']) {
    await panel.bring('js2', key);
    await expect(panel.row('js2', key)).toHaveAttribute(
      'aria-expanded',
      'true'
    );
  }
});

test('Escape closes the menu, and the focus is back in the tree', async () => {
  const { page, panel } = lab;
  await press('Shift+F10');
  await expect(page.getByRole('menu')).toBeVisible();
  await press('Escape');
  await expect(page.getByRole('menu')).toHaveCount(0);
  await expectActive('js2', '');
  await press('ContextMenu');
  await expect(page.getByRole('menu')).toBeVisible();
  await press('Escape');
  await expect(panel.tree).toBeFocused();
});

test('the focus survives that its row goes away', async () => {
  const { panel } = lab;
  await panel.expand('js2', STORE);
  await panel.name(panel.row('js2', `${STORE}t2m/`)).click();
  await panel.twisty(panel.row('js2', 'climate/')).click();
  await expect(panel.row('js2', STORE)).toHaveCount(0);
  await panel.tree.focus();
  await expectActive('js2', 'climate/');

  await panel.expand('js2', STORE);
  await panel.name(panel.row('js2', `${STORE}t2m/`)).click();
  await panel.button('Collapse all').click();
  await expect(panel.button('Collapse all')).toBeFocused();
  await panel.tree.focus();
  await expectActive('js2', '');
});

test('Tab goes through the panel, the tree being one stop', async () => {
  const { page, panel } = lab;
  await panel.filter.focus();
  const stops: string[] = [];
  for (let step = 0; step < 8; step++) {
    stops.push(
      await page.evaluate(
        () =>
          document.activeElement?.getAttribute('aria-label') ??
          document.activeElement?.tagName ??
          ''
      )
    );
    await press('Tab');
  }
  expect(stops.slice(0, 6)).toEqual([
    'Filter what is loaded by name',
    'Go to a URL or path',
    'Refresh all that is expanded',
    'Collapse all',
    'Show details',
    'Object stores'
  ]);
});

test('the tree says what it is: levels, places, sizes, states', async () => {
  const { panel } = lab;
  await panel.expand('js2', 'climate/reanalysis/');
  const facts = await panel.rows.evaluateAll(rows =>
    rows.map(row => ({
      endpoint: row.getAttribute('data-endpoint'),
      key: row.getAttribute('data-key'),
      level: Number(row.getAttribute('aria-level')),
      place: Number(row.getAttribute('aria-posinset')),
      size: Number(row.getAttribute('aria-setsize')),
      expanded: row.getAttribute('aria-expanded'),
      selected: row.getAttribute('aria-selected')
    }))
  );
  const of = (endpoint: string, key: string) =>
    facts.find(row => row.endpoint === endpoint && row.key === key);
  expect(of('js2', '')).toMatchObject({
    level: 1,
    place: 2,
    size: 9,
    expanded: 'true'
  });
  expect(of('files', '')).toMatchObject({
    level: 1,
    place: 9,
    size: 9,
    expanded: 'false'
  });
  expect(of('js2', 'imagery/')).toMatchObject({
    level: 2,
    place: 2,
    size: 5,
    expanded: 'false'
  });
  expect(of('js2', 'climate/README.md')).toMatchObject({
    level: 3,
    place: 1,
    size: 4,
    expanded: null
  });
  expect(of('js2', STORE)).toMatchObject({
    level: 4,
    place: 3,
    size: 3,
    expanded: 'false'
  });
  expect(facts.filter(({ selected }) => selected === 'true')).toHaveLength(1);

  // A page of many: the number of all is not known.
  await panel.expand('archive', 'wide/');
  const first = await panel.bring('archive', 'wide/p000000/');
  await expect(first).toHaveAttribute('aria-setsize', '-1');
  await expect(first).toHaveAttribute('aria-posinset', '1');
  const ids = await panel.rows.evaluateAll(rows => rows.map(row => row.id));
  expect(new Set(ids).size).toBe(ids.length);
});
