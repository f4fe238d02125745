import { expect, test, sharedLab } from './lab';

const lab = sharedLab();

test.beforeEach(() => lab.panel.reset());

/**
 * Rows in the page, whatever their number in the tree: what is visible and some around it.
 */
const ROWS_MAX = 70;

test('100,000 folders: a page, and more by the key that keeps the focus', async () => {
  const { page, panel } = lab;
  await panel.expand('archive', 'wide/');
  await panel.name(panel.row('archive', 'wide/')).click();
  const more = panel.row('archive', 'wide/', 'more');
  await page.keyboard.type('p000999');
  await page.keyboard.press('ArrowDown');
  await expect(more).toHaveAttribute('aria-selected', 'true');
  await expect(more).toHaveText('Load more (1,000 of many)');
  await expect(more).toBeInViewport();
  expect(await panel.rows.count()).toBeLessThan(ROWS_MAX);

  await page.keyboard.press('Enter');
  // What was fetched stands where "Load more" stood, and is active.
  await expect(panel.row('archive', 'wide/p001000/')).toHaveAttribute(
    'aria-selected',
    'true'
  );
  await expect(panel.row('archive', 'wide/p001000/')).toBeInViewport();
  await expect(panel.row('archive', 'wide/p000999/')).toHaveCount(1);
  await expect(panel.tree).toBeFocused();
  await page.keyboard.type('p001999');
  await page.keyboard.press('ArrowDown');
  await expect(more).toHaveText('Load more (2,000 of many)');
  expect(await panel.rows.count()).toBeLessThan(ROWS_MAX);
});

test('a million objects: a page, and more by the pointer', async () => {
  const { panel } = lab;
  await panel.expand('archive', 'million-flat/');
  await scrollTo('archive', 'million-flat/k0000999.bin');
  const more = panel.row('archive', 'million-flat/', 'more');
  await more.scrollIntoViewIfNeeded();
  await more.getByRole('button', { name: 'Load more (1,000 of many)' }).click();
  await expect(panel.row('archive', 'million-flat/k0001000.bin')).toBeVisible();
  await expect(panel.row('archive', 'million-flat/k0001000.bin')).toContainText(
    /1 kB/
  );
  expect(await panel.rows.count()).toBeLessThan(ROWS_MAX);
});

test('5,000 children scroll: few rows are in the page, each in its place', async () => {
  const { page, panel } = lab;
  await panel.expand('archive', 'million/d000/');
  for (let count = 1000; count < 5000; count += 1000) {
    const last = `million/d000/k${String(count - 1).padStart(6, '0')}.bin`;
    await scrollTo('archive', last);
    const more = panel.row('archive', 'million/d000/', 'more');
    await more.scrollIntoViewIfNeeded();
    await more.getByRole('button').click();
    const first = `million/d000/k${String(count).padStart(6, '0')}.bin`;
    await expect(panel.row('archive', first)).toBeInViewport();
  }
  const height = await panel.tree.evaluate(tree => tree.scrollHeight);
  expect(height).toBeGreaterThan(5000 * 24);

  // Wherever one scrolls to, rows are there within a few frames.
  const seen = await panel.tree.evaluate(async tree => {
    const box = tree.getBoundingClientRect();
    const isBlank = () =>
      !document
        .elementFromPoint(box.left + 60, box.top + box.height / 2)
        ?.closest('[role="treeitem"]');
    let most = 0;
    const blanks: number[] = [];
    tree.scrollTop = 0;
    for (let step = 0; step < 60; step++) {
      tree.scrollTop += tree.scrollHeight / 60;
      let frames = 0;
      do {
        await new Promise(resolve => requestAnimationFrame(resolve));
        frames++;
      } while (frames < 20 && (frames < 2 || isBlank()));
      most = Math.max(most, tree.querySelectorAll('[role="treeitem"]').length);
      if (isBlank()) {
        blanks.push(step);
      }
    }
    return { most, blanks };
  });
  expect(seen.most).toBeLessThan(ROWS_MAX);
  expect(seen.blanks).toEqual([]);

  await panel.tree.focus();
  await page.keyboard.press('Home');
  await expect(panel.row('scratch')).toBeInViewport();
  await page.keyboard.press('End');
  await expect(panel.row('files')).toBeInViewport();
});

/**
 * Scroll a row of a long listing into sight by its place.
 */
async function scrollTo(endpoint: string, key: string): Promise<void> {
  const { panel } = lab;
  const parent = key.slice(0, key.lastIndexOf('/') + 1);
  await expect(async () => {
    await panel.tree.evaluate(
      (tree, [id, number]) => {
        const container = tree.querySelector<HTMLElement>(`[data-row=${id}]`);
        tree.scrollTop = container
          ? container.offsetTop + 24 * (number + 1) - tree.clientHeight / 2
          : 0;
      },
      [
        JSON.stringify(`${endpoint}\n${parent}`).replace('\\n', '\\a '),
        Number(/(\d+)\.bin$/.exec(key)![1])
      ] as const
    );
    await expect(panel.row(endpoint, key)).toHaveCount(1, { timeout: 300 });
  }).toPass({ timeout: 5000 });
}

test('the filter box finds what is loaded, and Escape ends it', async () => {
  const { page, panel } = lab;
  await panel.expand('js2', 'climate/reanalysis/surface.zarr/');
  await panel.expand('js2', 'climate/stations/');
  await panel.tree.evaluate(tree => {
    tree.scrollTop = 0;
  });
  const asked = panel.requests('children');
  await panel.filter.fill('station-011');
  await expect(panel.root.getByRole('status').first()).toHaveText('10 matches');
  expect(await panel.names()).toEqual([
    'Jetstream2',
    'climate',
    'stations',
    ...Array.from({ length: 10 }, (_, place) => `station-011${place}.json`)
  ]);
  await expect(panel.tree.locator('mark').first()).toHaveText('station-011');
  await panel.filter.press('ArrowDown');
  await expect(panel.tree).toBeFocused();

  await panel.filter.fill('T2M');
  expect(await panel.names()).toEqual([
    'Jetstream2',
    'climate',
    'reanalysis',
    'surface.zarr',
    't2m'
  ]);
  await panel.filter.fill('no such thing');
  await expect(panel.root).toContainText(
    'Nothing that is loaded matches “no such thing”.'
  );
  await panel.filter.press('Escape');
  await expect(panel.filter).toHaveValue('');
  await expect(panel.filter).toBeFocused();
  await expect(panel.row('js2', 'climate/ensemble.zarr/')).toHaveCount(1);
  expect(asked).toEqual([]);
  await page.keyboard.press('ArrowDown');
  await expect(panel.tree).toBeFocused();
});

test('the filter box says where it did not look', async () => {
  const { panel } = lab;
  await panel.expand('archive', 'million-flat/');
  await panel.filter.fill('k0987654');
  await expect(panel.root).toContainText(
    'Nothing that is loaded matches “k0987654”.'
  );
  await expect(panel.root).toContainText(
    'More may lie behind “Load more”: “Filter by prefix…” in the menu of a folder asks the store.'
  );
  await panel.filter.press('Escape');
});

test('the box of the last row is scrolled into view, with what it finds', async () => {
  const { panel } = lab;
  const box = panel.tree.getByRole('textbox', {
    name: 'Show only names that begin with this text'
  });
  const last = 'million-flat/';
  await panel.expand('archive');
  const row = await panel.bring('archive', last);
  // Its row is the last one that is visible.
  await row.evaluate((element: HTMLElement) => {
    const tree = element.closest('[role="tree"]')!;
    tree.scrollTop =
      element.offsetTop + element.offsetHeight - tree.clientHeight;
  });
  await expect(row).toBeInViewport({ ratio: 0.9 });
  const menu = await panel.menu(row);
  await menu.getByRole('menuitem', { name: 'Filter by prefix…' }).click();
  await expect(box).toBeFocused();
  await expect(box).toBeInViewport({ ratio: 1 });
  for (const number of ['0', '1', '2']) {
    await expect(
      panel.row('archive', `${last}k000000${number}.bin`)
    ).toBeInViewport({ ratio: 0.9 });
  }
  await box.fill('k09876');
  await expect(panel.row('archive', `${last}k0987600.bin`)).toBeInViewport({
    ratio: 0.9
  });
  await expect(box).toBeInViewport({ ratio: 1 });
  await box.press('Escape');
});

test('a big folder is filtered on the server by prefix', async () => {
  const { page, panel } = lab;
  await panel.expand('archive', 'million-flat/');
  const asked = panel.requests('children');
  const bucket = panel.row('archive', 'million-flat/');
  await panel.name(bucket).click();
  await bucket.getByRole('button', { name: 'Filter by prefix…' }).click();
  const box = panel.tree.getByRole('textbox', {
    name: 'Show only names that begin with this text'
  });
  await expect(box).toBeFocused();
  await box.pressSequentially('k09876');
  // Far beyond the first page, and complete.
  await expect(panel.row('archive', 'million-flat/k0987600.bin')).toBeVisible();
  await expect(panel.row('archive', 'million-flat/k0000000.bin')).toHaveCount(
    0
  );
  await expect(panel.row('archive', 'million-flat/', 'more')).toHaveCount(0);
  expect(
    asked.filter(request => request.url().includes('prefix=k09876')).length
  ).toBe(1);
  await expect(box).toBeFocused();

  await box.fill('nothing');
  await expect(panel.row('archive', 'million-flat/', 'empty')).toHaveText(
    'No name begins with “nothing”'
  );
  await box.press('ArrowDown');
  await expect(panel.tree).toBeFocused();
  await box.click();
  await box.press('Escape');
  await expect(box).toHaveCount(0);
  await expect(panel.tree).toBeFocused();
  await expect(panel.row('archive', 'million-flat/k0000000.bin')).toBeVisible();

  // By the menu, for containers of any size.
  const menu = await panel.menu(await panel.bring('archive', 'scratch/'));
  await menu.getByRole('menuitem', { name: 'Filter by prefix…' }).click();
  await expect(box).toBeFocused();
  await page.keyboard.press('Escape');
  await expect(panel.tree).toBeFocused();
});
