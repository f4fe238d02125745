import { galata } from '@jupyterlab/galata';

import { closeAll, expect, run, test, sharedLab } from './lab';

const lab = sharedLab();

const STORE = 'climate/reanalysis/surface.zarr/';
const CODE = /^import xarray as xr\n[^]*ds = xr\.open_zarr\(\n/;

test.beforeEach(async () => {
  const { page, panel } = lab;
  await closeAll(page);
  await panel.reset();
  await panel.select('js2', STORE);
});

function clipboard(): Promise<string> {
  return lab.page.evaluate(() => navigator.clipboard.readText());
}

test.describe('nothing is open', () => {
  const choose = async (name: string) => {
    const { page } = lab;
    await page.keyboard.press('Enter');
    const dialog = page.getByRole('dialog');
    await expect(dialog).toContainText('Where should the code go?');
    await dialog.getByRole('button', { name, exact: true }).click();
    await expect(dialog).toHaveCount(0);
  };

  test('New notebook', async () => {
    const { page, notebook } = lab;
    await choose('New notebook');
    await expect(page.locator('.jp-NotebookPanel')).toBeVisible();
    // The empty cell that a new notebook has is the one that is filled.
    await expect
      .poll(() => notebook.sources())
      .toEqual([expect.stringMatching(CODE)]);
    expect((await notebook.cells())[0]?.count).toBeNull();
  });

  test('Console', async () => {
    const { page } = lab;
    await choose('Console');
    const prompt = page.locator('.jp-CodeConsole-promptCell .cm-content');
    await expect(prompt).toContainText('xr.open_zarr(', { timeout: 30_000 });
    await expect(page.locator('.jp-CodeConsole-content .jp-Cell')).toHaveCount(
      0
    );
  });

  test('Copy', async () => {
    const { page } = lab;
    await page.evaluate(() => navigator.clipboard.writeText('before'));
    await choose('Copy');
    await expect.poll(clipboard).toMatch(CODE);
    await expect(page.locator('.jp-NotebookPanel')).toHaveCount(0);
  });

  test('Cancel leaves all as it is, and the focus in the tree', async () => {
    const { page, panel } = lab;
    await page.evaluate(() => navigator.clipboard.writeText('before'));
    await choose('Cancel');
    expect(await clipboard()).toBe('before');
    await expect(page.locator('.jp-NotebookPanel')).toHaveCount(0);
    await expect(panel.tree).toBeFocused();
  });
});

test.describe('a text editor', () => {
  const NAME = 'script.py';

  test.beforeEach(async () => {
    const { page, panel, folder } = lab;
    await page.contents.uploadContent(
      'first = 1\nlast = 2\n',
      'text',
      `${folder}/${NAME}`
    );
    await run(page, 'docmanager:open', { path: `${folder}/${NAME}` });
    await expect(page.locator('.jp-FileEditor .cm-content')).toContainText(
      'last = 2'
    );
    await panel.select('js2', STORE);
  });

  const lines = () =>
    lab.page.locator('.jp-FileEditor .cm-line').allTextContents();

  test('takes the code by Enter', async () => {
    const { page } = lab;
    await page.keyboard.press('Enter');
    await expect(page.locator('.jp-FileEditor .cm-content')).toContainText(
      'xr.open_zarr('
    );
    await expect(page.locator('.jp-FileEditor .cm-content')).toBeFocused();
    const text = (await lines()).join('\n');
    expect(text).toMatch(CODE);
    expect(text).toMatch(/\nfirst = 1\nlast = 2/);
  });

  test('takes the code by drag', async () => {
    const { page, panel } = lab;
    const editor = page.locator('.jp-FileEditor');
    await panel.drag(
      panel.row('js2', STORE),
      editor.locator('.cm-line').nth(1),
      'middle'
    );
    await expect(editor.locator('.cm-content')).toContainText('xr.open_zarr(');
    const text = (await lines()).join('\n');
    expect(text).toMatch(/^first = 1\n[^]*xr\.open_zarr\(/);
  });
});

test('a console takes the code into its prompt, by Enter and by drag, and does not run it', async () => {
  const { page, panel } = lab;
  await run(page, 'console:create', { kernelPreference: { name: 'python3' } });
  const prompt = page.locator('.jp-CodeConsole-promptCell .cm-content');
  await expect(prompt).toBeVisible({ timeout: 30_000 });
  const row = await panel.select('js2', STORE);
  await page.keyboard.press('Enter');
  await expect(prompt).toContainText('xr.open_zarr(');
  await expect(prompt).toBeFocused();
  await page.keyboard.press('Control+A');
  await page.keyboard.press('Delete');
  await expect(prompt).not.toContainText('xr.open_zarr(');

  await panel.drag(row, prompt, 'middle');
  await expect(prompt).toContainText('xr.open_zarr(');
  await expect(page.locator('.jp-CodeConsole-content .jp-Cell')).toHaveCount(0);
});

test.describe('refusals', () => {
  const open = async (path: string) => {
    const { page, panel } = lab;
    await run(page, 'docmanager:open', {
      path,
      kernelPreference: { shouldStart: false, canStart: false }
    });
    await expect(page.locator('.jp-NotebookPanel .jp-Cell')).toHaveCount(1);
    await panel.select('js2', STORE);
    await page.keyboard.press('Enter');
  };

  const expectRefused = async (words: string) => {
    const { page, notebook } = lab;
    const toast = page.locator('.Toastify__toast').filter({ hasText: words });
    await expect(toast).toBeVisible();
    expect(await notebook.sources()).toHaveLength(1);
    await toast.getByRole('button', { name: 'Copy code' }).click();
    await expect.poll(clipboard).toMatch(CODE);
  };

  test('a notebook that may not be written', async () => {
    const { page, folder } = lab;
    const path = `${folder}/locked.ipynb`;
    await page.contents.uploadContent(
      JSON.stringify(
        galata.Notebook.makeNotebook([
          galata.Notebook.makeCell({ source: 'x = 1' })
        ])
      ),
      'text',
      path
    );
    const pattern = /\/api\/contents\/.*locked\.ipynb\?/;
    await page.context().route(pattern, async route => {
      if (route.request().method() !== 'GET') {
        await route.fallback();
        return;
      }
      const response = await route.fetch();
      await route.fulfill({
        response,
        json: { ...(await response.json()), writable: false }
      });
    });
    await open(path);
    await expectRefused('“locked.ipynb” is read-only.');
    await page.context().unroute(pattern);
  });

  test('a notebook of another language', async () => {
    const { page, folder } = lab;
    const path = `${folder}/other.ipynb`;
    const notebook = galata.Notebook.makeNotebook([
      galata.Notebook.makeCell({ source: 'x <- 1' })
    ]);
    notebook.metadata = {
      kernelspec: { display_name: 'R', language: 'R', name: 'ir' },
      language_info: { name: 'R' }
    };
    await page.contents.uploadContent(JSON.stringify(notebook), 'text', path);
    await open(path);
    await expectRefused('“other.ipynb” runs R, and this code is Python.');
  });
});
