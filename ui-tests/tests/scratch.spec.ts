import type { IJob, IJobRequest } from '../../src/wire';
import type { LabPage } from './lab';
import {
  closeAll,
  expect,
  reload,
  run,
  runFromPalette,
  sharedLab,
  test
} from './lab';
import { UsageTab } from './scratch';

const lab = sharedLab();

const OPEN = 'zarrbrowser:open-scratch';
const SOURCE = { endpoint: 'js2', key: 'climate/ensemble.zarr/' };

/**
 * What each test works on lies in a folder of its own.
 */
let made = 0;
let folder = '';

test.beforeEach(async () => {
  const { page } = lab;
  await page.setViewportSize({ width: 1280, height: 860 });
  await closeAll(page);
  folder = `ada/${lab.folder}-${++made}/`;
});

/**
 * Start a job as other programs would, and wait for its end.
 */
async function job(page: LabPage, request: IJobRequest): Promise<IJob> {
  const { id } = await begin(page, request);
  // The events end with the job.
  await page.request.get(`/zarrbrowser/api/jobs/${id}/events`);
  const ended = await page.request.get(`/zarrbrowser/api/jobs/${id}`);
  return (await ended.json()) as IJob;
}

async function begin(page: LabPage, request: IJobRequest): Promise<IJob> {
  const response = await page.request.post('/zarrbrowser/api/jobs', {
    data: request
  });
  expect(response.ok(), await response.text()).toBe(true);
  return (await response.json()) as IJob;
}

/**
 * Put a small store into the folder of the test.
 */
async function put(name: string, endpoint = 'scratch'): Promise<string> {
  const toKey = `${folder}${name}`;
  const done = await job(lab.page, {
    kind: 'copy',
    ...SOURCE,
    toEndpoint: endpoint,
    toKey
  });
  expect(done.state).toBe('done');
  return toKey;
}

/**
 * Open a tab on the folder of the test, counted.
 */
async function openFolder(): Promise<UsageTab> {
  const { page } = lab;
  await run(page, OPEN, { endpoint: 'scratch', key: folder, count: true });
  const tab = new UsageTab(page, 'Usage');
  await expect(tab.grid).toBeVisible();
  return tab;
}

/**
 * Resolves when JupyterLab has saved what is open, once that looks so.
 */
function savedLayout(expected: RegExp) {
  return lab.page.waitForRequest(
    request =>
      request.method() === 'PUT' &&
      /\/api\/workspaces\//.test(request.url()) &&
      expected.test(request.postData() ?? '')
  );
}

function notification(text: string | RegExp) {
  return lab.page.locator('.Toastify__toast', { hasText: text }).last();
}

test('the palette opens the scratch: whose it is, and what it weighs', async () => {
  const { page } = lab;
  const tab = new UsageTab(page);
  await runFromPalette(page, 'Zarr Browser: Show scratch', () =>
    expect(tab.root).toBeVisible({ timeout: 2000 })
  );
  await expect(tab.root).toContainText('s3://scratch/ada/');
  await expect(tab.root).toContainText('Taken from SCRATCH_BUCKET.');
  await expect(tab.root).toContainText(
    'Numbers are of this prefix only, never of the whole bucket.'
  );
  await expect(tab.root).toContainText(
    /deleted about 7 days .* Nobody has said/
  );
  await expect(tab.root.getByRole('alert')).toContainText(
    'SCRATCH_BUCKET and PANGEO_SCRATCH name different places.'
  );
  await tab.count();
  const row = tab.row('ada/surface.zarr/');
  await expect(row).toHaveAttribute('data-kind', 'dataset');
  await expect(row).toContainText('complete');
  await expect(tab.row('ada/runs/')).toHaveAttribute('data-kind', 'folder');
  await expect(tab.row('ada/checkpoint.bin')).toContainText('4 MB');
  await expect(tab.total).toContainText(/as of \d+:\d\d/);
  await expect(tab.total).toContainText(/Deletion begins\s*about/);
  await expect(tab.root.getByRole('meter')).toHaveAttribute(
    'aria-valuetext',
    /% of 200 MB/
  );
  await expect(tab.grid.getByText('bob')).toHaveCount(0);
  await expect(
    page.getByRole('button', { name: /^Scratch \d.*%\)\. .* of 200 MB/ })
  ).toBeVisible();
  // Once it was counted, the palette leads to the table, whether the tab is new or not.
  await page.sidebar.open('left');
  for (const isNew of [false, true]) {
    if (isNew) {
      await closeAll(page);
    }
    await runFromPalette(page, 'Zarr Browser: Show scratch', () =>
      expect(tab.grid).toBeFocused({ timeout: 2000 })
    );
  }
});

test('a folder that is kept is not offered as a cell', async () => {
  const { page } = lab;
  await put('runs/a.zarr/');
  const tab = await openFolder();
  await tab.select(`${folder}runs/`);
  await tab.button('Keep…').click();
  const name = `runs-${lab.folder}`;
  await tab.dialog.getByLabel('Path and name there').fill(name);
  await tab.dialog.getByRole('button', { name: 'Keep' }).click();
  const toast = notification(`Kept as s3://persistent/ada/${name}/.`);
  await expect(toast.getByRole('button', { name: 'Show in' })).toBeVisible();
  await expect(toast.getByRole('button', { name: 'Insert cell' })).toHaveCount(
    0
  );
  await job(page, { kind: 'delete', endpoint: 'persistent', key: `${name}/` });
});

test('a place that was never counted says what that costs', async () => {
  const { page } = lab;
  await put('a.zarr/');
  await run(page, OPEN, { endpoint: 'scratch', key: folder });
  const tab = new UsageTab(page, 'Usage');
  await expect(tab.root).toContainText('Not counted yet');
  await expect(tab.root).toContainText(
    'one to two requests for each 1,000 objects'
  );
  await tab.button('Count').click();
  await expect(tab.row(`${folder}a.zarr/`)).toContainText('complete');
});

test('columns sort, the box searches, tiles and rows are of one mind', async () => {
  const { page } = lab;
  await put('b2.zarr/');
  await put('b10.zarr/');
  await put('nested/deep/c.zarr/');
  const tab = await openFolder();
  const head = (name: string) =>
    tab.grid.getByRole('columnheader', { name, exact: true });
  await expect(head('Size')).toHaveAttribute('aria-sort', 'descending');
  await head('Name').getByRole('button').click();
  await expect(head('Name')).toHaveAttribute('aria-sort', 'ascending');
  expect(await tab.names()).toEqual(['b2.zarr', 'b10.zarr', 'nested']);
  await head('Name').getByRole('button').click();
  expect(await tab.names()).toEqual(['nested', 'b10.zarr', 'b2.zarr']);
  await tab.search.fill('B1');
  expect(await tab.names()).toEqual(['b10.zarr']);
  await expect(tab.root.getByText('1 of 3 items')).toBeVisible();
  await tab.search.fill('nothing like it');
  await expect(tab.root).toContainText('No name holds “nothing like it”.');
  await tab.search.press('Escape');
  await expect(tab.search).toHaveValue('');
  const tiles = tab.root.getByRole('img');
  await tiles.getByText('b10.zarr').click();
  await expect(tab.row(`${folder}b10.zarr/`)).toHaveAttribute(
    'aria-selected',
    'true'
  );
  await expect(tab.selected).toContainText('Group, 16 objects');
  await tab.button('Hide the treemap').click();
  await expect(tiles).toHaveCount(0);
  expect(await page.locator('.jp-ZarrUsage-row').count()).toBe(3);
});

test('folders are looked into, counted once, and left by the path', async () => {
  const { page } = lab;
  await put('runs/one/a.zarr/');
  const tab = await openFolder();
  const counts: string[] = [];
  page.on('request', request => {
    if (request.method() === 'POST' && request.url().includes('/api/jobs')) {
      counts.push((request.postDataJSON() as IJobRequest).key);
    }
  });
  await tab.row(`${folder}runs/`).dblclick();
  await tab.row(`${folder}runs/one/`).dblclick();
  await expect(tab.row(`${folder}runs/one/a.zarr/`)).toBeVisible();
  await expect(tab.path.getByRole('listitem')).toHaveText([
    folder.slice(4, -1),
    'runs',
    'one'
  ]);
  await tab.path.getByRole('button', { name: 'runs' }).click();
  await expect(tab.row(`${folder}runs/one/`)).toBeVisible();
  await tab.row(`${folder}runs/one/`).click();
  await tab.button('Look inside').click();
  await expect(tab.row(`${folder}runs/one/a.zarr/`)).toBeVisible();
  expect(counts).toEqual([`${folder}runs/`, `${folder}runs/one/`]);
});

test('what is kept lies elsewhere, and the tree shows it', async () => {
  const { page, panel } = lab;
  const key = await put('mine.zarr/');
  await panel.open();
  await panel.reset();
  await panel.expand('persistent');
  const tab = await openFolder();
  await tab.select(key);
  await tab.button('Keep…').click();
  await expect(tab.dialog).toContainText('16 objects, 15 kB');
  await expect(tab.dialog.getByLabel('Place')).toHaveValue('persistent');
  const name = `kept-${lab.folder}.zarr`;
  const path = tab.dialog.getByLabel('Path and name there');
  await expect(path).toHaveValue('mine.zarr/');
  const keep = tab.dialog.getByRole('button', { name: 'Keep' });
  await path.fill('');
  await expect(keep).toBeDisabled();
  await path.fill(name);
  await expect(tab.dialog).toContainText(`s3://persistent/ada/${name}/`);
  await keep.click();
  await expect(
    notification(`Kept as s3://persistent/ada/${name}/.`)
  ).toBeVisible();
  await expect(panel.row('persistent', `${name}/`)).toBeVisible();
  // The scratch copy is still there.
  await expect(tab.row(key)).toBeVisible();
  await notification(`Kept as s3://persistent/ada/${name}/.`)
    .getByRole('button', { name: 'Show in' })
    .click();
  await expect(panel.row('persistent', `${name}/`)).toHaveAttribute(
    'aria-selected',
    'true'
  );
  await job(page, { kind: 'delete', endpoint: 'persistent', key: `${name}/` });
});

test('what is there already is asked about once', async () => {
  const { page } = lab;
  const key = await put('ensemble.zarr/');
  const tab = await openFolder();
  // A chunk of an older version, which the new one would not have.
  const stale = 'ensemble.zarr/stale-chunk';
  await job(page, {
    kind: 'copy',
    endpoint: 'scratch',
    key: 'ada/checkpoint.bin',
    toEndpoint: 'persistent',
    toKey: stale
  });
  const keep = async (answer: string, says = '') => {
    await tab.select(key);
    await tab.button('Keep…').click();
    await tab.dialog.getByRole('button', { name: 'Keep' }).click();
    await expect(tab.dialog).toContainText('It is there already');
    await expect(tab.dialog).toContainText(
      's3://persistent/ada/ensemble.zarr/ is there already.'
    );
    await expect(tab.dialog).toContainText(says);
    await tab.dialog.getByRole('button', { name: answer }).click();
  };
  await keep('Cancel');
  await expect(tab.dialog).toHaveCount(0);
  await keep('Replace', 'so that no chunk of it stays: 17 objects, 4 MB.');
  await expect(
    notification(/Kept as s3:\/\/persistent\/ada\/ensemble\.zarr\/\./)
  ).toBeVisible();
  const counted = await job(page, {
    kind: 'usage',
    endpoint: 'persistent',
    key: 'ensemble.zarr/'
  });
  expect(counted.result).toMatchObject({ objects: 16 });
  await keep('Keep both');
  await expect(
    notification('Kept as s3://persistent/ada/ensemble (2).zarr/.')
  ).toBeVisible();
  await job(page, {
    kind: 'delete',
    endpoint: 'persistent',
    key: 'ensemble (2).zarr/'
  });
});

test('the scratch copy is deleted afterwards where that is wanted', async () => {
  const { page } = lab;
  const key = await put('moved.zarr/');
  await put('stays.zarr/');
  const tab = await openFolder();
  await tab.select(key);
  await tab.button('Keep…').click();
  await tab.dialog.getByLabel('Then delete the scratch copy').check();
  await tab.dialog.getByRole('button', { name: 'Keep' }).click();
  await expect(
    notification(
      'Kept as s3://persistent/ada/moved.zarr/, and deleted from the scratch.'
    )
  ).toBeVisible();
  await expect(tab.row(key)).toHaveCount(0);
  await expect(tab.total).toContainText(/Objects\s*16/);
  await job(page, {
    kind: 'delete',
    endpoint: 'persistent',
    key: 'moved.zarr/'
  });
});

test('a store is deleted once its name was typed', async () => {
  const { panel } = lab;
  const key = await put('old.zarr/');
  await put('new.zarr/');
  await panel.open();
  await panel.reset();
  await panel.expand('scratch', folder);
  const tab = await openFolder();
  await tab.select(key);
  await tab.button('Delete…').click();
  await expect(tab.dialog).toContainText('16 objects, 15 kB');
  await expect(tab.dialog).toContainText(`s3://scratch/${key}`);
  const remove = tab.dialog.getByRole('button', { name: 'Delete' });
  await expect(remove).toBeDisabled();
  const name = tab.dialog.getByRole('textbox');
  await name.fill('old');
  await expect(remove).toBeDisabled();
  await name.press('Enter');
  await expect(tab.dialog).toBeVisible();
  await name.fill('old.zarr');
  await remove.click();
  await expect(notification('Deleted “old.zarr”: 16 objects.')).toBeVisible();
  await expect(tab.row(key)).toHaveCount(0);
  await expect(tab.total).toContainText(/Objects\s*16/);
  await expect(panel.row('scratch', key)).toHaveCount(0);
  await expect(panel.row('scratch', `${folder}new.zarr/`)).toBeVisible();
});

test('what has grown meanwhile is not deleted', async () => {
  const key = await put('growing/a.zarr/');
  const tab = await openFolder();
  await put('growing/b.zarr/');
  await tab.select(`${folder}growing/`);
  await tab.button('Delete…').click();
  await tab.dialog.getByRole('textbox').fill('growing');
  await tab.dialog.getByRole('button', { name: 'Delete' }).click();
  await expect(
    notification('There are 32 objects by now, and you agreed to delete 16.')
  ).toBeVisible();
  // It was counted again, so that the next dialog says what is there.
  await expect(tab.cell(`${folder}growing/`, 'objects')).toHaveText('32');
  expect(key).toContain('growing/');
});

test('what belongs to somebody else can be looked at only', async () => {
  const { page } = lab;
  await run(page, OPEN, { endpoint: 'scratch', key: 'bob/', count: true });
  const tab = new UsageTab(page, 'Usage');
  await tab.select('bob/forecast.zarr/');
  await expect(tab.button('Insert cell')).toBeVisible();
  await expect(tab.button('Delete…')).toHaveCount(0);
  await expect(tab.button('Keep…')).toHaveCount(0);
  await tab.grid.focus();
  await page.keyboard.press('Delete');
  await expect(tab.dialog).toHaveCount(0);
});

test('a count of millions tells how far it is, and can be cancelled', async () => {
  const { panel } = lab;
  await panel.open();
  await panel.reset();
  await panel.expand('archive');
  const menu = await panel.menu(await panel.bring('archive', 'huge/'));
  await menu.getByText('Show usage').click();
  const tab = new UsageTab(lab.page, 'Usage');
  await expect(tab.root).toContainText(/\d+,\d{3} objects, .*B so far/);
  await expect(tab.root).toContainText(/Counting: [\d,]+ requests/);
  await tab.button('Cancel').click();
  await expect(tab.root).toContainText('Counting was cancelled');
  await expect(tab.button('Count')).toBeVisible();
  // Nothing is deleted by itself here, so nothing is said of it.
  await expect(tab.root).not.toContainText(/deleted/i);
  const jobs = (await (
    await lab.page.request.get('/zarrbrowser/api/jobs')
  ).json()) as { jobs: IJob[] };
  expect(
    jobs.jobs.filter(({ state }) => state === 'running').map(({ key }) => key)
  ).toEqual([]);
});

test('usage is offered for what can be counted', async () => {
  const { panel } = lab;
  await panel.open();
  await panel.reset();
  const offers = async (endpoint: string) => {
    const menu = await panel.menu(panel.row(endpoint));
    const count = await menu
      .getByRole('menuitem', { name: 'Show usage' })
      .count();
    await lab.page.keyboard.press('Escape');
    return count;
  };
  expect(await offers('persistent')).toBe(1);
  expect(await offers('files')).toBe(1);
  // All buckets at once, and pages of a web server.
  expect(await offers('js2')).toBe(0);
  expect(await offers('web')).toBe(0);
});

test('a job goes on when the page is loaded again', async () => {
  const { page } = lab;
  const toKey = `${lab.folder}-long/`;
  const long = await begin(page, {
    kind: 'copy',
    endpoint: 'archive',
    key: 'million/d000/',
    toEndpoint: 'persistent',
    toKey
  });
  const saved = savedLayout(/zarrbrowser-usage:scratch/);
  await run(page, OPEN);
  const tab = new UsageTab(page);
  await saved;
  await reload(lab);
  const item = tab.jobs.getByRole('listitem').filter({ hasText: 'd000' });
  await expect(item).toContainText('Copying “d000”');
  await expect(item).toContainText(/[\d,]+ of 10,000 objects/);
  await item.getByRole('button', { name: 'Cancel' }).click();
  await expect(item).toHaveCount(0);
  await expect(
    notification('Copying “d000” was cancelled. What was copied stays')
  ).toBeVisible();
  const ended = (await (
    await page.request.get(`/zarrbrowser/api/jobs/${long.id}`)
  ).json()) as IJob;
  expect(ended.state).toBe('cancelled');
  await job(page, { kind: 'delete', endpoint: 'persistent', key: toKey });
});

test('the tab comes back where it was, and counts nothing for that', async () => {
  const { page } = lab;
  await put('runs/a.zarr/');
  const tab = await openFolder();
  const saved = savedLayout(/"at":\{"endpoint":"scratch","key":"[^"]*runs\//);
  await tab.row(`${folder}runs/`).dblclick();
  await expect(tab.row(`${folder}runs/a.zarr/`)).toBeVisible();
  await saved;
  const posts: string[] = [];
  page.on('request', request => {
    if (request.method() === 'POST' && request.url().includes('/api/jobs')) {
      posts.push(request.url());
    }
  });
  await reload(lab);
  await expect(tab.row(`${folder}runs/a.zarr/`)).toBeVisible();
  await expect(tab.path).toContainText('runs');
  expect(posts).toEqual([]);
});

test('chunks that have gone are told', async () => {
  const { page } = lab;
  const key = await put('eroded.zarr/');
  const tab = await openFolder();
  await expect(tab.cell(key, 'chunks')).toHaveText('complete');
  await job(page, {
    kind: 'delete',
    endpoint: 'scratch',
    key: `${key}historical/tas/c/0`
  });
  await tab.count();
  await expect(tab.cell(key, 'chunks')).toHaveText('partly deleted');
  await tab.select(key);
  await expect(tab.selected).toContainText(
    /chunks: \d+ ha(s|ve) gone since it was counted before, probably deleted\./
  );
});

test('the clock is reset where the administrator allows it', async () => {
  const key = await put('longer.zarr/');
  const tab = await openFolder();
  await tab.select(key);
  await tab.button('Reset the clock…').click();
  await expect(tab.dialog).toContainText('16 objects, 15 kB');
  await expect(tab.dialog).toContainText('about 7 days from now');
  await tab.dialog.getByRole('button', { name: 'Reset the clock' }).click();
  await expect(
    notification('The clock of “longer.zarr” was reset: 16 objects.')
  ).toBeVisible();
});

test('the keyboard alone is enough', async () => {
  const { page, notebook } = lab;
  await notebook.open(['first = 1']);
  await put('a.zarr/');
  await put('folder/b.zarr/');
  const tab = await openFolder();
  await tab.grid.focus();
  await page.keyboard.press('End');
  await page.keyboard.press('Home');
  const active = (key: string) =>
    expect(tab.row(key)).toHaveAttribute('aria-selected', 'true');
  await tab.search.focus();
  await page.keyboard.type('folder');
  await page.keyboard.press('Enter');
  await expect(tab.grid).toBeFocused();
  await active(`${folder}folder/`);
  const id = await tab.grid.getAttribute('aria-activedescendant');
  expect(await tab.row(`${folder}folder/`).getAttribute('id')).toBe(id);
  await page.keyboard.press('Enter');
  await expect(tab.row(`${folder}folder/b.zarr/`)).toBeVisible();
  // The table that came has the focus that the other one had.
  await expect(tab.grid).toBeFocused();
  await page.keyboard.press('Backspace');
  await active(`${folder}folder/`);
  await expect(tab.grid).toBeFocused();
  await page.keyboard.press('/');
  await expect(tab.search).toBeFocused();
  await page.keyboard.press('ArrowDown');
  await expect(tab.grid).toBeFocused();
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('ArrowUp');
  const first = await tab.names();
  await active(`${folder}${first[0]}/`);
  await page.keyboard.press('Delete');
  await expect(tab.dialog.getByRole('textbox')).toBeFocused();
  await page.keyboard.press('Escape');
  await expect(tab.dialog).toHaveCount(0);
  await expect(tab.grid).toBeFocused();
  await page.keyboard.press('Shift+F10');
  const menu = page.getByRole('menu');
  await expect(menu).toContainText('Keep…');
  await expect(menu).toContainText('Delete…');
  await page.keyboard.press('Escape');
  await expect(menu).toHaveCount(0);
  await expect(tab.grid).toBeFocused();
  await tab.select(`${folder}a.zarr/`);
  await tab.grid.focus();
  await page.keyboard.press('Enter');
  await expect
    .poll(() =>
      page.evaluate(async () => {
        for (const widget of window.jupyterapp.shell.widgets('main')) {
          const model = (
            widget as { content?: { model?: { sharedModel?: unknown } } }
          ).content?.model?.sharedModel as
            { cells?: { getSource(): string }[] } | undefined;
          if (model?.cells) {
            return model.cells.map(cell => cell.getSource()).join('\n');
          }
        }
        return '';
      })
    )
    .toContain(`s3://scratch/${folder}a.zarr`);
});

test('the tree begins with the scratch, and the scratch with one’s own part', async () => {
  const { panel } = lab;
  await panel.open();
  await panel.reset();
  await panel.expand('scratch');
  await expect(panel.row('scratch', 'bob/')).toBeVisible();
  const rows = panel.rows;
  await expect(rows.nth(0)).toContainText('scratch');
  await expect(rows.nth(1)).toHaveAttribute('data-key', 'ada/');
  await expect(rows.nth(1)).toContainText('yours');
  await expect(panel.row('scratch', 'bob/')).not.toContainText('yours');
  await panel.name(panel.row('scratch')).click();
  await expect(panel.root).toContainText('Read; write only below ada/');
  await expect(panel.root).toContainText('SCRATCH_BUCKET');
});

test('a row is shown in the tree', async () => {
  const { page, panel } = lab;
  const key = await put('shown.zarr/');
  await page.sidebar.close('left');
  const tab = await openFolder();
  await tab.select(key);
  await tab.button('Show in browser').click();
  await expect(panel.row('scratch', key)).toHaveAttribute(
    'aria-selected',
    'true'
  );
});

test('the status bar opens the scratch, and can be turned off', async () => {
  const { page } = lab;
  const item = page.locator('.jp-ZarrUsage-status');
  await item.click();
  await expect(new UsageTab(page).root).toBeVisible();
  const set = (value: boolean) =>
    page.evaluate(async shown => {
      await window.jupyterapp.serviceManager.settings.save(
        'jupyterlab_zarrbrowser:plugin',
        JSON.stringify({ scratchStatus: shown })
      );
    }, value);
  await set(false);
  await reload(lab);
  await run(page, OPEN);
  await expect(new UsageTab(page).total).toBeVisible();
  await expect(item).toBeHidden();
  await set(true);
  await reload(lab);
  await expect(item).toBeVisible();
});

test('objects are downloaded', async () => {
  const { page, panel } = lab;
  await panel.open();
  await panel.reset();
  await panel.expand('scratch', 'ada/');
  const row = await panel.bring('scratch', 'ada/notes with spaces.md');
  const menu = await panel.menu(row);
  const arrives = page.waitForEvent('download');
  await menu.getByText('Download', { exact: true }).click();
  const download = await arrives;
  expect(download.suggestedFilename()).toBe('notes with spaces.md');
  const stream = await download.createReadStream();
  const parts: Buffer[] = [];
  for await (const part of stream) {
    parts.push(part as Buffer);
  }
  expect(Buffer.concat(parts).toString()).toBe('# Notes\n');
});
