import { galata } from '@jupyterlab/galata';
import type { IDocumentWidget } from '@jupyterlab/docregistry';
import type { FileEditor } from '@jupyterlab/fileeditor';
import type { Locator } from '@playwright/test';

import { closeAll, expect, run, test, sharedLab } from './lab';

const lab = sharedLab();

const STORE = 'climate/reanalysis/surface.zarr/';
const CODE = /^import xarray as xr\n[^]*ds = xr\.open_zarr\(\n/;

/**
 * The code between the two lines of the editor's file.
 */
const BETWEEN =
  /^first = 1\nimport xarray as xr\n[^]*ds = xr\.open_zarr\(\n[^]*\nds\nlast = 2\n$/;

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

  const drop = (onto: Locator, at: 'middle' | 'bottom' = 'middle') =>
    lab.panel.drag(lab.panel.row('js2', STORE), onto, at);

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

  test('takes the code by Enter without breaking the line of the cursor', async () => {
    const { page, panel } = lab;
    const editor = page.locator('.jp-FileEditor');
    await editor.locator('.cm-line').first().click();
    await page.keyboard.press('Home');
    await page.keyboard.press('ArrowRight');
    await panel.select('js2', STORE);
    await page.keyboard.press('Enter');
    await expect(editor.locator('.cm-content')).toBeFocused();
    expect((await lines()).join('\n')).toMatch(BETWEEN);
  });

  test('takes the code by drag, on lines of its own, and the focus', async () => {
    const { page } = lab;
    const editor = page.locator('.jp-FileEditor');
    await drop(editor.locator('.cm-line').first());
    await expect(editor.locator('.cm-content')).toBeFocused();
    const before = (await lines()).join('\n');
    expect(before).toMatch(BETWEEN);
    await expect(page.locator('.jp-mod-dropTarget')).toHaveCount(0);
    // What is typed goes on after it.
    await page.keyboard.type('#');
    expect((await lines()).join('\n')).toBe(
      before.replace('\nlast = 2', '#\nlast = 2')
    );
    await page.keyboard.press('Backspace');
  });

  test('one undo takes a drop back', async () => {
    const { page } = lab;
    const editor = page.locator('.jp-FileEditor');
    await drop(editor.locator('.cm-line').first());
    await expect(editor.locator('.cm-content')).toBeFocused();
    expect((await lines()).join('\n')).toMatch(BETWEEN);
    await page.keyboard.press('Control+Z');
    await expect.poll(lines).toEqual(['first = 1', 'last = 2', '']);
  });

  test('a drop below the text puts the code at its end', async () => {
    const { page } = lab;
    const editor = page.locator('.jp-FileEditor');
    await drop(editor.locator('.cm-editor'), 'bottom');
    await expect(editor.locator('.cm-content')).toBeFocused();
    expect((await lines()).join('\n')).toMatch(
      /^first = 1\nlast = 2\nimport xarray as xr\n[^]*\nds\n$/
    );
  });

  test('a drop into a file that may not be written is refused', async () => {
    const { page } = lab;
    await page.evaluate(() => {
      const widget = window.jupyterapp.shell
        .currentWidget as IDocumentWidget<FileEditor>;
      const model = widget.context.contentsModel!;
      Object.defineProperty(widget.context, 'contentsModel', {
        value: { ...model, writable: false }
      });
    });
    await drop(page.locator('.jp-FileEditor .cm-line').first());
    await expect(
      page.locator('.Toastify__toast').filter({ hasText: 'is read-only.' })
    ).toBeVisible();
    expect(await lines()).toEqual(['first = 1', 'last = 2', '']);
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
  await expect(prompt).toBeFocused();
  const cells = page.locator('.jp-CodeConsole-content .jp-Cell');
  await expect(cells).toHaveCount(0);
  // The keys are the console's now.
  await page.keyboard.press('Shift+Enter');
  await expect(cells.first().locator('.jp-OutputArea-output')).toContainText(
    'xarray.Dataset',
    { timeout: 45_000 }
  );
  await expect(prompt).not.toContainText('xr.open_zarr(');
});

test('what is dropped on what a console has run goes into its prompt', async () => {
  const { page, panel } = lab;
  await run(page, 'console:create', { kernelPreference: { name: 'python3' } });
  const prompt = page.locator('.jp-CodeConsole-promptCell .cm-content');
  await expect(prompt).toBeVisible({ timeout: 30_000 });
  // What is sent to a kernel that starts is lost.
  await expect(page.locator('#jp-main-statusbar')).toContainText('| Idle', {
    timeout: 45_000
  });
  await prompt.click();
  await page.keyboard.type('print("o" + "k")');
  await page.keyboard.press('Shift+Enter');
  const output = page.locator('.jp-CodeConsole-content .jp-OutputArea-output');
  await expect(output).toHaveText('ok', { timeout: 45_000 });
  await page.keyboard.type('first = 1');
  const row = await panel.select('js2', STORE);
  for (const onto of [output, page.locator('.jp-CodeConsole-content')]) {
    await panel.drag(row, onto, 'middle');
    await expect(prompt).toBeFocused();
    expect(
      (await prompt.locator('.cm-line').allTextContents()).join('\n')
    ).toMatch(/^first = 1\nimport xarray as xr\n[^]*\nds$/);
    await page.keyboard.press('Control+Z');
    await expect(prompt).toHaveText('first = 1');
  }
});

test('what stands in the prompt of a console stays as it is', async () => {
  const { page, panel } = lab;
  await run(page, 'console:create', { kernelPreference: { name: 'python3' } });
  const prompt = page.locator('.jp-CodeConsole-promptCell .cm-content');
  await expect(prompt).toBeVisible({ timeout: 30_000 });
  const row = await panel.select('js2', STORE);
  const text = async () =>
    (await prompt.locator('.cm-line').allTextContents()).join('\n');
  const wait = () => expect(prompt).toBeFocused();
  await prompt.click();
  await page.keyboard.type('first = 1');
  await panel.name(row).click();
  await page.keyboard.press('Enter');
  await wait();
  const once = await text();
  expect(once).toMatch(/^first = 1\nimport xarray as xr\n[^]*\nds$/);
  const code = once.slice('first = 1\n'.length);

  await panel.name(row).click();
  await page.keyboard.press('Enter');
  await wait();
  expect(await text()).toBe(`first = 1\n${code}\n${code}`);

  await panel.drag(row, prompt.locator('.cm-line').first(), 'middle');
  await wait();
  expect(await text()).toBe(`first = 1\n${code}\n${code}\n${code}`);
});

test.describe('a text file of another language', () => {
  test.beforeEach(async () => {
    const { page, folder } = lab;
    await page.contents.uploadContent(
      '# Notes\n',
      'text',
      `${folder}/notes.md`
    );
  });

  const openNotes = async () => {
    const { page, panel, folder } = lab;
    await run(page, 'docmanager:open', {
      path: `${folder}/notes.md`,
      factory: 'Editor'
    });
    await expect(page.locator('.jp-FileEditor .cm-content')).toContainText(
      '# Notes'
    );
    await panel.select('js2', STORE);
    await page.keyboard.press('Enter');
  };

  const expectUntouched = () =>
    expect(lab.page.locator('.jp-FileEditor .cm-content')).not.toContainText(
      'xr.open_zarr('
    );

  test('takes no code by Enter where nothing else is open', async () => {
    const { page } = lab;
    await openNotes();
    const dialog = page.getByRole('dialog');
    await expect(dialog).toContainText('Where should the code go?');
    await dialog.getByRole('button', { name: 'Cancel' }).click();
    await expectUntouched();
  });

  test('leaves it to the notebook that was used before', async () => {
    const { page, notebook } = lab;
    await notebook.open(['# above']);
    await openNotes();
    // What took it comes to the front.
    await expect(page.locator('.jp-NotebookPanel')).toBeVisible();
    await expect
      .poll(() => notebook.sources())
      .toEqual(['# above', expect.stringMatching(CODE)]);
    await expectUntouched();
  });
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
