import type { LabPage } from './lab';
import { expect, hold, runFromPalette, sharedLab, test } from './lab';

const lab = sharedLab();

const STORE = 'climate/reanalysis/surface.zarr/';
const ABOVE = ['a = 1', 'b = 2', 'c = 3'];
const CODE = /^import xarray as xr\n[^]*ds = xr\.open_zarr\(\n/;

test.beforeEach(async () => {
  await lab.notebook.open(ABOVE, 1);
  await lab.panel.reset();
});

/**
 * One cell more, below the second, active, and not run.
 */
async function expectInserted(): Promise<void> {
  const { notebook } = lab;
  await expect.poll(() => notebook.sources()).toHaveLength(4);
  const cells = await notebook.cells();
  expect(cells[0]?.source).toBe(ABOVE[0]);
  expect(cells[1]?.source).toBe(ABOVE[1]);
  expect(cells[2]?.source).toMatch(CODE);
  expect(cells[3]?.source).toBe(ABOVE[2]);
  expect(cells.map(({ count }) => count)).toEqual([null, null, null, null]);
  expect(await notebook.activeIndex()).toBe(2);
}

async function expectFocusIn(page: LabPage, selector: string): Promise<void> {
  await expect
    .poll(() =>
      page.evaluate(
        within => document.activeElement?.closest(within) !== null,
        selector
      )
    )
    .toBe(true);
}

test('right-click, "Insert open_zarr cell", Shift-Enter: the dataset prints', async () => {
  const { page, panel, notebook } = lab;
  await notebook.open(
    [
      ...ABOVE.slice(0, 2),
      "print('mean', 250 < float(ds['t2m'].mean()) < 300)"
    ],
    1
  );
  const row = await panel.select('js2', STORE);
  await expect(panel.details).toContainText('open_zarr');
  const menu = await panel.menu(row);
  await menu.getByRole('menuitem', { name: 'Insert open_zarr cell' }).click();
  await expect.poll(() => notebook.sources()).toHaveLength(4);
  const cells = await notebook.cells();
  expect(cells[2]?.source).toMatch(CODE);
  expect(cells[2]?.source).toContain("'s3://climate/reanalysis/surface.zarr'");
  expect(cells[2]?.source).toContain('zarr_format=3');
  expect(cells[2]?.source).toContain('consolidated=True');
  expect(cells[2]?.source).not.toMatch(/secret/i);
  expect(cells.every(({ count }) => count === null)).toBe(true);
  await expectFocusIn(page, '.jp-NotebookPanel .jp-Cell');

  await page.keyboard.press('Shift+Enter');
  await notebook.waitForRun(2);
  const output = notebook.output(2);
  await expect(output).toContainText('xarray.Dataset');
  for (const dim of ['time: 240', 'lat: 73', 'lon: 144']) {
    await expect(output.getByText(dim, { exact: true })).toBeVisible();
  }
  // The values are read from the store, too.
  await page.keyboard.press('Shift+Enter');
  await notebook.waitForRun(3);
  await expect(notebook.output(3)).toHaveText('mean True');
});

test('the menu does not wait for a slow store', async () => {
  const { page, panel } = lab;
  const pattern = /\/api\/snippets\?.*surface-v2/;
  await page.context().route(pattern, async route => {
    await new Promise(resolve => setTimeout(resolve, 1200));
    await route.continue();
  });
  const row = await panel.select('js2', 'climate/reanalysis/surface-v2.zarr/');
  const menu = await panel.menu(row);
  await menu
    .getByRole('menuitem', { name: 'Insert cell that opens it' })
    .click();
  await expectInserted();
  await page.context().unroute(pattern);
});

test('by Enter', async () => {
  const { page, panel } = lab;
  await panel.select('js2', STORE);
  await page.keyboard.press('Enter');
  await expectInserted();
  await expectFocusIn(page, '.jp-NotebookPanel .jp-Cell');
});

test('by double click', async () => {
  const { panel } = lab;
  await panel.name(await panel.select('js2', STORE)).dblclick();
  await expectInserted();
});

test('by the command palette', async () => {
  const { page, panel } = lab;
  await panel.select('js2', STORE);
  await runFromPalette(page, 'Insert open_zarr cell', () =>
    expect.poll(() => lab.notebook.sources(), { timeout: 1000 }).toHaveLength(4)
  );
  await expectInserted();
});

test('by the button in the details', async () => {
  const { panel } = lab;
  await panel.select('js2', STORE);
  await panel.details
    .getByRole('button', { name: 'Insert', exact: true })
    .click();
  await expectInserted();
});

test('by drag between two cells', async () => {
  const { page, panel, notebook } = lab;
  const row = await panel.select('js2', STORE);
  await panel.drag(row, notebook.cell(2), 'top');
  await expect.poll(() => notebook.sources()).toHaveLength(4);
  const cells = await notebook.cells();
  expect(cells.map(({ source }) => source)).toEqual([
    ABOVE[0],
    ABOVE[1],
    expect.stringMatching(CODE),
    ABOVE[2]
  ]);
  expect(cells.every(({ count }) => count === null)).toBe(true);
  // It, and only it, is what the keys act on now.
  await expectFocusIn(page, '.jp-NotebookPanel .jp-Cell');
  expect(await notebook.activeIndex()).toBe(2);
  await expect(page.locator('.jp-NotebookPanel .jp-mod-selected')).toHaveCount(
    1
  );
  await expect(page.locator('.jp-mod-dropTarget')).toHaveCount(0);
});

test('by drag below the last cell', async () => {
  const { page, panel, notebook } = lab;
  await notebook.open(['import xarray as xr']);
  const row = await panel.select('js2', STORE);
  await panel.drag(row, page.locator('.jp-NotebookPanel-notebook'), 'bottom');
  await expect.poll(() => notebook.sources()).toHaveLength(2);
  expect((await notebook.sources())[1]).toMatch(CODE);
  expect(await notebook.activeIndex()).toBe(1);
  await expectFocusIn(page, '.jp-NotebookPanel .jp-Cell');
});

test.describe('before it is known what a row is', () => {
  const NODES = /\/zarrbrowser\/api\/nodes?(\?|$)/;
  const CHILDREN = /\/zarrbrowser\/api\/children\?/;

  // The server remembers what it has looked into; here it has not.
  test.beforeEach(() =>
    lab.page.context().route(CHILDREN, async route => {
      const response = await route.fetch();
      const page = (await response.json()) as { items: { key: string }[] };
      const items = page.items.map(item =>
        item.key.endsWith('.zarr/')
          ? { ...item, kind: 'folder', isUndecided: true }
          : item
      );
      await route.fulfill({ response, json: { ...page, items } });
    })
  );

  test.afterEach(() => lab.page.context().unroute(CHILDREN));

  const unknownRow = async (endpoint: string, key: string) => {
    const { panel } = lab;
    const row = await panel.select(endpoint, key, /folder/);
    await expect(panel.tree).toBeFocused();
    return row;
  };

  test('Enter waits for it, and inserts', async () => {
    const { page, notebook } = lab;
    const release = await hold(page, NODES);
    const row = await unknownRow('js2', 'imagery/vegetation-sharded.zarr/');
    await page.keyboard.press('Enter');
    await page.keyboard.press('Enter');
    await expect(row).toHaveAttribute('aria-busy', 'true');
    await expect(row).toHaveAttribute('aria-expanded', 'false');
    expect(await notebook.sources()).toEqual(ABOVE);
    await release();
    await expectInserted();
    await expect(row).toHaveAttribute('aria-expanded', 'false');
    await expect(row).not.toHaveAttribute('aria-busy');
  });

  test('Enter does nothing where one has moved on', async () => {
    const { page, panel, notebook } = lab;
    const release = await hold(page, NODES);
    const row = await unknownRow('js2', 'samples/v2-hierarchy.zarr/');
    await page.keyboard.press('Enter');
    await page.keyboard.press('ArrowDown');
    await release();
    await expect(row).not.toHaveAttribute('data-kind', 'folder');
    await expect(row).not.toHaveAttribute('aria-busy');
    await expect(row).toHaveAttribute('aria-expanded', 'false');
    // Only what is asked for now is inserted.
    await expect(panel.selected).toHaveAttribute('data-key', /v2-kinds/);
    await page.keyboard.press('Enter');
    await expect.poll(() => notebook.sources()).toHaveLength(4);
    expect((await notebook.sources())[2]).toContain('v2-kinds.zarr');
  });

  test('a drag begins once it is known', async () => {
    const { page, panel, notebook } = lab;
    const release = await hold(page, NODES);
    const row = await unknownRow('files', 'data/ensemble.zarr/');
    const dropped = panel.drag(row, notebook.cell(2), 'top');
    await release();
    await dropped;
    await expect.poll(() => notebook.sources()).toHaveLength(4);
    expect((await notebook.sources())[2]).toMatch(/ensemble\.zarr/);
  });

  test('the details show the code when it is known', async () => {
    const { page, panel, notebook } = lab;
    const release = await hold(page, NODES);
    await unknownRow('archive', 'zarrs/region1/store011.zarr/');
    const insert = panel.details.getByRole('button', {
      name: 'Insert',
      exact: true
    });
    await expect(panel.details).toContainText('Folder');
    await expect(insert).toHaveCount(0);
    await release();
    await expect(insert).toBeVisible();
    await insert.click();
    await expect.poll(() => notebook.sources()).toHaveLength(4);
    expect((await notebook.sources())[2]).toContain('store011.zarr');
  });
});

test('a press without a move inserts nothing, a drag that ends elsewhere neither', async () => {
  const { page, panel, notebook } = lab;
  const row = await panel.select('js2', STORE);
  await panel.drag(row, page.locator('#jp-top-panel'), 'middle');
  await panel.select('js2', 'climate/reanalysis/');
  expect(await notebook.sources()).toEqual(ABOVE);
});

test('one undo removes the cell, and only that', async () => {
  const { page, panel, notebook } = lab;
  await panel.select('js2', STORE);
  await page.keyboard.press('Enter');
  await expectInserted();
  await expectFocusIn(page, '.jp-NotebookPanel .jp-Cell');
  await page.keyboard.press('z');
  await expect.poll(() => notebook.sources()).toEqual(ABOVE);
  await page.keyboard.press('Shift+Z');
  await expect
    .poll(() => notebook.sources())
    .toEqual([...ABOVE.slice(0, 2), expect.stringMatching(CODE), ABOVE[2]]);
});

test('it runs as it stands: with the imports that stand above but have not run', async () => {
  const { page, panel, notebook } = lab;
  await notebook.open(['import xarray as xr', 'b = 2', 'c = 3'], 1);
  await panel.select('js2', STORE);
  await page.keyboard.press('Enter');
  await expect.poll(() => notebook.sources()).toHaveLength(4);
  expect((await notebook.sources())[2]).toMatch(CODE);
  await page.notebook.runCell(2, true);
  await notebook.waitForRun(2);
  await expect(notebook.output(2)).toContainText('xarray.Dataset');
});

test('other cells are in a submenu, and what cannot be opened offers none', async () => {
  const { page, panel, notebook } = lab;
  const row = await panel.select('js2', STORE);
  const menu = await panel.menu(row);
  await menu.getByText('Insert other cell').hover();
  await page
    .getByRole('menuitem', { name: 'zarr.open_group', exact: true })
    .click();
  await expect.poll(() => notebook.sources()).toHaveLength(4);
  expect((await notebook.sources())[2]).toContain('zarr.open_group(');

  const folder = await panel.select('js2', 'climate/reanalysis/');
  const plain = await panel.menu(folder);
  await expect(plain.getByRole('menuitem', { name: /^Insert/ })).toHaveCount(0);
  await expect(plain.getByRole('menuitem', { name: 'Copy URI' })).toBeVisible();
  await page.keyboard.press('Escape');
  await expect(plain).toHaveCount(0);
});

test('the URI and the code can be copied', async () => {
  const { page, panel } = lab;
  const row = await panel.select('js2', STORE);
  const clipboard = () => page.evaluate(() => navigator.clipboard.readText());
  await (
    await panel.menu(row)
  )
    .getByRole('menuitem', { name: 'Copy URI' })
    .click();
  await expect
    .poll(clipboard)
    .toMatch(/^s3:\/\/climate\/reanalysis\/surface\.zarr\/?$/);
  const toast = (words: string) =>
    page.locator('.Toastify__toast').filter({ hasText: words });
  await expect(
    toast('Copied s3://climate/reanalysis/surface.zarr')
  ).toBeVisible();
  await (
    await panel.menu(row)
  )
    .getByRole('menuitem', { name: 'Copy open_zarr code' })
    .click();
  await expect.poll(clipboard).toMatch(CODE);
  await expect(toast('Copied to the clipboard')).toBeVisible();
  await expect(page.locator('.Toastify__toast')).toHaveCount(0);
  await panel.details.getByRole('button', { name: 'Copy URI' }).click();
  await expect(
    toast('Copied s3://climate/reanalysis/surface.zarr')
  ).toBeVisible();
});
