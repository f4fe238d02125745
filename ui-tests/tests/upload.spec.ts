import * as path from 'path';

import { inBucket, removeBucket, sha256, unfinishedIn } from './bucket';
import { clearDisk, onDisk } from './disk';
import { closeAll, expect, run, sharedLab, test } from './lab';
import { API, boxOf } from './panel';
import { withScratch } from './scratch';
import { TransferSection } from './transfers';

const lab = sharedLab();

const BUCKET = 'persistent';
const MB = 1024 * 1024;

let made = 0;
/**
 * Key, in the endpoint, of the folder of a test; and the same in the bucket.
 */
let folder = '';
let prefix = '';
let list: TransferSection;

const bytes = (size: number) =>
  Buffer.from(new Uint8Array(size).map((_, at) => (at * 31) & 0xff));

test.beforeEach(async () => {
  const { page, panel } = lab;
  await page.setViewportSize({ width: 1280, height: 860 });
  await closeAll(page);
  list = new TransferSection(page);
  await list.clear();
  folder = `${lab.folder}-${++made}/`;
  prefix = `ada/${folder}`;
  await page.sidebar.openTab('jp-zarrbrowser-panel');
  await panel.reset();
  const created = await page.request.post('/zarrbrowser/api/containers', {
    data: { endpoint: 'persistent', key: folder }
  });
  expect(created.ok(), await created.text()).toBe(true);
  await run(page, 'zarrbrowser:refresh-all');
  await panel.select('persistent', folder, /folder/);
});

test.afterEach(async () => {
  const { page } = lab;
  const response = await page.request.post('/zarrbrowser/api/jobs', {
    data: { kind: 'delete', endpoint: 'persistent', key: folder }
  });
  const { id } = (await response.json()) as { id: string };
  // The events end with the job.
  await page.request.get(`/zarrbrowser/api/jobs/${id}/events`);
});

/**
 * What lies in the folder of the test, besides what stands for it.
 */
function there(): { [key: string]: string } {
  return Object.fromEntries(
    Object.entries(inBucket(BUCKET, prefix))
      .filter(([key]) => key !== prefix)
      .map(([key, digest]) => [key.slice(prefix.length), digest])
  );
}

test.afterAll(clearDisk);

/**
 * Choose a folder, or files, in the browser's own dialog that an entry of the menu opens.
 */
async function choose(
  entry: 'Upload files…' | 'Upload folder…',
  paths: string | string[]
): Promise<void> {
  const { page, panel } = lab;
  const menu = await panel.menu(panel.row('persistent', folder));
  const chooser = page.waitForEvent('filechooser');
  await menu.getByRole('menuitem', { name: entry, exact: true }).click();
  await (await chooser).setFiles(paths);
}

async function choice(name: string, key = ''): Promise<void> {
  const { panel } = lab;
  const menu = await panel.menu(panel.row('persistent', folder + key));
  // Its key is part of its name.
  await menu.getByRole('menuitem', { name }).click();
}

test('files that are dropped on a folder arrive byte for byte, small, empty, odd and large', async () => {
  const { panel } = lab;
  const row = panel.row('persistent', folder);
  await list.drop(
    row,
    { name: 'notes.md', content: '# Notes\n' },
    { name: 'empty', content: '' },
    { name: 'ö 100% #1?.txt', content: 'odd' },
    { name: 'large.bin', content: 12 * MB }
  );
  const item = list.item('notes.md and 3 more');
  await expect(item).toHaveAttribute('data-state', 'done');
  await expect(item).toContainText('4 files · 13 MB');
  expect(there()).toEqual({
    'notes.md': sha256('# Notes\n'),
    empty: sha256(''),
    'ö 100% #1?.txt': sha256('odd'),
    'large.bin': sha256(bytes(12 * MB))
  });
  expect(unfinishedIn(BUCKET, prefix)).toEqual([]);
  await list.button('Show').click();
  await expect(row).toHaveAttribute('aria-selected', 'true');
  await panel.expand('persistent', folder);
  await expect(panel.row('persistent', `${folder}large.bin`)).toBeVisible();
});

test('a folder with a store goes with all that is in it, the metadata last, and opens as a cell', async () => {
  const { notebook, page } = lab;
  const metadata = JSON.stringify({
    zarr_format: 3,
    node_type: 'group',
    attributes: {}
  });
  const array = JSON.stringify({
    zarr_format: 3,
    node_type: 'array',
    shape: [2],
    data_type: 'uint8',
    chunk_grid: { name: 'regular', configuration: { chunk_shape: [1] } },
    chunk_key_encoding: { name: 'default' },
    fill_value: 0,
    codecs: [{ name: 'bytes' }],
    dimension_names: ['x'],
    attributes: {}
  });
  const files = {
    'zarr.json': metadata,
    'x/zarr.json': array,
    'x/c/0': '1',
    'x/c/1': '2'
  };
  const sent: string[][] = [];
  page.on('request', request => {
    if (request.url().endsWith('uploads/batch')) {
      const body = request.postDataBuffer();
      if (body) {
        const head = body.subarray(4, 4 + body.readUInt32BE(0)).toString();
        const { files: each } = JSON.parse(head) as {
          files: { key: string }[];
        };
        sent.push(each.map(({ key }) => key.slice(folder.length)));
      }
    }
  });
  await notebook.open(['']);
  await choose('Upload folder…', onDisk('new.zarr', files));
  const item = list.item('new.zarr');
  await expect(item).toHaveAttribute('data-state', 'done');
  expect(there()).toEqual(
    Object.fromEntries(
      Object.entries(files).map(([key, content]) => [
        `new.zarr/${key}`,
        sha256(content)
      ])
    )
  );
  // The browser does not show the bodies of all requests.
  if (sent.length > 0) {
    expect(sent.flat().slice(-2)).toEqual([
      'new.zarr/x/zarr.json',
      'new.zarr/zarr.json'
    ]);
  }
  await item.getByRole('button', { name: 'Insert cell' }).click();
  await expect
    .poll(async () => (await notebook.sources()).join('\n'))
    .toContain('new.zarr');
});

test('a folder that is dropped goes whole, hidden files and folders in it too', async () => {
  const { panel } = lab;
  const files = {
    '.hidden': 'h',
    'a.txt': 'a',
    'deep/er/.zattrs': '{}',
    'deep/b.txt': 'b',
    'v2.zarr/.zgroup': '{"zarr_format":2}',
    'v2.zarr/0': '0'
  };
  const row = await panel.bring('persistent', folder);
  await list.dropPaths(row, [onDisk('dropped', files)]);
  await expect(list.item('dropped')).toHaveAttribute('data-state', 'done');
  expect(there()).toEqual(
    Object.fromEntries(
      Object.entries(files).map(([key, content]) => [
        `dropped/${key}`,
        sha256(content)
      ])
    )
  );
});

test('what is there already is asked about once: keep both, skip, replace', async () => {
  const { panel } = lab;
  const row = panel.row('persistent', folder);
  const put = async (content: string, answer?: string) => {
    await list.drop(
      row,
      { name: 'a.txt', content },
      { name: 'b.txt', content: 'b' }
    );
    if (answer) {
      await expect(list.dialog).toContainText('is there already');
      await list.answer(answer).click();
    }
    await expect(list.items.first()).toHaveAttribute('data-state', 'done');
    await list.clear();
  };
  await put('one');
  // The very same files are no question.
  await put('one');
  await put('two!', 'Keep both');
  expect(Object.keys(there()).sort()).toEqual(['a (2).txt', 'a.txt', 'b.txt']);
  await put('three', 'Skip');
  expect(there()['a.txt']).toBe(sha256('one'));
  await put('three', 'Replace');
  expect(there()['a.txt']).toBe(sha256('three'));
  expect(there()['a (2).txt']).toBe(sha256('two!'));
});

test('a store that is replaced leaves no chunk behind', async () => {
  await choose(
    'Upload folder…',
    onDisk('s.zarr', { '.zgroup': '{"zarr_format":2}', 'a/0': '0', 'a/9': '9' })
  );
  await expect(list.item('s.zarr')).toHaveAttribute('data-state', 'done');
  await list.clear();
  await choose(
    'Upload folder…',
    onDisk('s.zarr', { '.zgroup': '{"zarr_format": 2}', 'a/0': 'new' })
  );
  await expect(list.dialog).toContainText('s.zarr, 3 objects');
  await list.answer('Replace').click();
  await expect(list.item('s.zarr')).toHaveAttribute('data-state', 'done');
  expect(there()).toEqual({
    's.zarr/.zgroup': sha256('{"zarr_format": 2}'),
    's.zarr/a/0': sha256('new')
  });
});

test('what cannot be written to refuses before anything is read', async () => {
  const { page, panel } = lab;
  const requests = panel.requests('uploads/taken');
  await panel.expand('js2');
  const bucket = await panel.bring('js2', 'climate/');
  const file = { name: 'a', content: 'a' };
  await list.drag(bucket, [file], false);
  await expect(list.hint).toHaveText('Jetstream2 can only be read');
  await expect(bucket).toHaveAttribute('data-drop', 'refused');
  await list.dropPaths(bucket, [onDisk('a', { b: 'b' })]);
  // All buckets at once are no place.
  const endpoint = await panel.bring('own', '');
  await list.drag(endpoint, [file], false);
  await expect(list.hint).toHaveText('Choose a bucket of My buckets');
  const row = await panel.bring('persistent', folder);
  await list.drag(row, [file, file], false);
  await expect(list.hint).toHaveText(
    `Upload 2 items to s3://persistent/ada/${folder}`
  );
  await expect(row).toHaveAttribute('data-drop', 'taken');
  await expect(list.hint).toHaveCount(0);
  await expect(list.items).toHaveCount(0);
  expect(requests).toHaveLength(0);
  await page.keyboard.press('Escape');
});

test('cancelling takes back what has begun; pausing goes on later', async () => {
  const { page, panel } = lab;
  const row = panel.row('persistent', folder);
  let parts = 0;
  const pattern = `${API}uploads/*/parts/*`;
  await page.context().route(pattern, async route => {
    // The first part arrives, the others never.
    if (++parts === 1) {
      await route.continue();
    }
  });
  await list.drop(row, { name: 'large.bin', content: 30 * MB });
  const item = list.item('large.bin');
  await expect(item).toContainText(/[1-9]\S* MB of 31 MB/);
  expect(unfinishedIn(BUCKET, prefix)).toHaveLength(1);
  const removed = page.waitForResponse(
    response =>
      response.request().method() === 'DELETE' &&
      response.url().includes('/uploads/')
  );
  await item.getByRole('button', { name: 'Cancel' }).click();
  await expect(item).toContainText('Cancelled');
  expect((await removed).ok()).toBe(true);
  expect(unfinishedIn(BUCKET, prefix)).toEqual([]);
  expect(there()).toEqual({});
  await list.clear();

  await list.drop(row, { name: 'large.bin', content: 30 * MB });
  await expect(item).toHaveAttribute('data-state', 'sending');
  await item.getByRole('button', { name: 'Pause' }).click();
  // What hangs has its time, and is given up then.
  await expect(item).toContainText('Paused', { timeout: 30_000 });
  await page.context().unroute(pattern);
  await item.getByRole('button', { name: 'Go on' }).click();
  await expect(item).toHaveAttribute('data-state', 'done');
  expect(there()).toEqual({ 'large.bin': sha256(bytes(30 * MB)) });
});

test('a lost connection is waited for, and nothing is lost', async () => {
  const { page, panel } = lab;
  const pattern = `${API}uploads/**`;
  let parts = 0;
  await page.context().route(pattern, async route => {
    const isPart = route.request().url().includes('/parts/');
    if (isPart && ++parts > 1) {
      await route.abort('connectionfailed');
    } else {
      await route.continue();
    }
  });
  await list.drop(panel.row('persistent', folder), {
    name: 'large.bin',
    content: 30 * MB
  });
  const item = list.item('large.bin');
  await expect(item).toContainText('No connection: goes on by itself');
  await page.context().unroute(pattern);
  await page.evaluate(() => window.dispatchEvent(new Event('online')));
  await expect(item).toHaveAttribute('data-state', 'done');
  expect(there()).toEqual({ 'large.bin': sha256(bytes(30 * MB)) });
  expect(unfinishedIn(BUCKET, prefix)).toEqual([]);
});

test('what a closed page left is listed, resumed and removed', async () => {
  const { page } = lab;
  const begin = async (name: string, sizeBytes: number) => {
    const response = await page.request.post('/zarrbrowser/api/uploads', {
      data: {
        endpoint: 'persistent',
        key: `${folder}${name}`,
        sizeBytes,
        modifiedMs: 1
      }
    });
    expect(response.ok(), await response.text()).toBe(true);
  };
  await begin('one.bin', 9 * MB);
  await begin('two.bin', 10 * MB);
  await choice('Unfinished uploads…');
  const rows = list.dialog.getByRole('listitem');
  await expect(rows).toHaveCount(2);
  await expect(rows.first()).toContainText('one.bin');
  await expect(rows.first()).toContainText('9.4 MB');
  await rows.first().getByRole('button', { name: 'Remove' }).click();
  await expect(rows).toHaveCount(1);
  await expect(rows.first()).toContainText('two.bin');
  const chooser = page.waitForEvent('filechooser');
  await rows.first().getByRole('button', { name: 'Resume…' }).click();
  const file = path.join(
    onDisk('resumed', { 'two.bin': bytes(10 * MB) }),
    'two.bin'
  );
  await (await chooser).setFiles(file);
  await expect(list.item('two.bin')).toHaveAttribute('data-state', 'done');
  expect(there()).toEqual({ 'two.bin': sha256(bytes(10 * MB)) });
});

test('folders and buckets are made, renamed, copied and deleted', async () => {
  const { page, panel } = lab;
  await choice('New folder…');
  await list.dialog.getByLabel('Name').fill('made');
  await list.answer('Create').click();
  await expect(panel.row('persistent', `${folder}made/`)).toHaveAttribute(
    'aria-selected',
    'true'
  );
  expect(there()).toEqual({ 'made/': sha256('') });

  // A name that is taken is not lost.
  await choice('New folder…');
  await list.dialog.getByLabel('Name').fill('made');
  await list.answer('Create').click();
  await expect(list.dialog.getByRole('alert')).toBeVisible();
  await expect(list.dialog.getByLabel('Name')).toHaveValue('made');
  await list.answer('Cancel').click();

  await list.drop(panel.row('persistent', `${folder}made/`), {
    name: 'a.txt',
    content: 'a'
  });
  await expect(list.item('a.txt')).toHaveAttribute('data-state', 'done');
  await panel.select('persistent', `${folder}made/a.txt`);
  await page.keyboard.press('F2');
  await expect(list.dialog).toContainText('object stores cannot rename');
  await list.dialog.getByLabel('New name').fill('b.txt');
  await list.answer('Rename').click();
  await expect(panel.row('persistent', `${folder}made/b.txt`)).toHaveAttribute(
    'aria-selected',
    'true'
  );
  await expect(panel.row('persistent', `${folder}made/a.txt`)).toHaveCount(0);
  expect(there()).toEqual({ 'made/': sha256(''), 'made/b.txt': sha256('a') });

  await panel.select('persistent', `${folder}made/b.txt`);
  await page.keyboard.press('Control+C');
  await panel.select('persistent', folder, /folder/);
  await panel.tree.focus();
  await page.keyboard.press('Control+V');
  await expect(panel.row('persistent', `${folder}b.txt`)).toBeVisible();
  expect(there()['b.txt']).toBe(sha256('a'));

  await choice('Copy to…', 'made/');
  await list.dialog.getByLabel('Name there').fill('copied');
  await list.answer('Copy').click();
  await expect(panel.row('persistent', `${folder}copied/`)).toBeVisible();

  await panel.select('persistent', `${folder}made/`, /folder/);
  await page.keyboard.press('Delete');
  await expect(list.dialog).toContainText('1 object, 1 byte');
  await list.dialog.getByRole('textbox').fill('made');
  await list.answer('Delete').click();
  await expect(panel.row('persistent', `${folder}made/`)).toHaveCount(0);
  // The object that stands for the folder goes with its copy.
  expect(Object.keys(there()).sort()).toEqual([
    'b.txt',
    'copied/',
    'copied/b.txt'
  ]);

  const bucket = `new-${lab.folder}`.toLowerCase();
  const menu = await panel.menu(await panel.bring('own', ''));
  await menu
    .getByRole('menuitem', { name: 'New bucket…', exact: true })
    .click();
  await list.dialog.getByLabel('Name').fill('No Such_Name');
  await expect(list.dialog).toContainText('takes no such name');
  await list.dialog.getByLabel('Name').fill(bucket);
  await list.answer('Create').click();
  await expect(panel.row('own', `${bucket}/`)).toHaveAttribute(
    'aria-selected',
    'true'
  );
  expect(inBucket(bucket, '')).toEqual({});
  // Other tests count buckets.
  removeBucket(bucket);
  await run(page, 'zarrbrowser:refresh-all');
});

/**
 * Drag a file of JupyterLab's file browser to the folder of the test, as a person does.
 */
async function dragFromFiles(name: string): Promise<void> {
  const { page, panel } = lab;
  // Both are in the left area: the panel moves to the right one for it.
  await page.evaluate(() => {
    const { shell } = window.jupyterapp;
    const widget = [...shell.widgets('left')].find(
      ({ id }) => id === 'jp-zarrbrowser-panel'
    );
    if (widget) {
      shell.add(widget, 'right');
      shell.activateById(widget.id);
    }
  });
  await page.sidebar.openTab('filebrowser');
  await page.filebrowser.openDirectory(lab.folder);
  const file = page.locator('.jp-DirListing-item', { hasText: name });
  await expect(file).toBeVisible();
  const from = await boxOf(file);
  const to = await boxOf(await panel.bring('persistent', folder));
  const { mouse } = page;
  await mouse.move(from.x + 60, from.y + from.height / 2);
  await mouse.down();
  await mouse.move(from.x + 80, from.y + 40, { steps: 4 });
  await mouse.move(to.x + 60, to.y + to.height / 2, { steps: 8 });
  await expect(list.hint).toContainText('Copy 1 item to');
  await mouse.up();
}

async function movePanelBack(): Promise<void> {
  await lab.page.evaluate(() => {
    const { shell } = window.jupyterapp;
    const widget = [...shell.widgets('right')].find(
      ({ id }) => id === 'jp-zarrbrowser-panel'
    );
    if (widget) {
      shell.add(widget, 'left', { rank: 300 });
      shell.activateById(widget.id);
    }
  });
}

test('a file of JupyterLab is uploaded as it is, or written as Zarr by a cell', async () => {
  const { notebook, page } = lab;
  await page.contents.uploadContent('nc', 'text', `${lab.folder}/some.nc`);
  await notebook.open(['']);
  try {
    await dragFromFiles('some.nc');
    await list.answer('Insert cell that writes it as Zarr').click();
    await expect
      .poll(async () => (await notebook.sources()).join('\n'))
      .toContain(`s3://persistent/ada/${folder}some.zarr`);
    await dragFromFiles('some.nc');
    await list.answer('Upload as it is').click();
    await expect
      .poll(() => there(), { timeout: 10_000 })
      .toEqual({ 'some.nc': sha256('nc') });
  } finally {
    await movePanelBack();
  }
});

test('what is large is offered to a cluster', async () => {
  const { page, panel } = lab;
  await list.drop(panel.row('persistent', folder), { name: 'a', content: 'a' });
  await expect(list.item('a')).toHaveAttribute('data-state', 'done');
  const end = await withScratch(page, answer => {
    answer.clusterBytes = 1;
  });
  await choice('Delete…');
  await expect(list.answer('Insert cell that deletes it')).toBeVisible();
  await list.answer('Cancel').click();
  await choice('Copy to…');
  await expect(list.answer('Insert cell that copies it')).toBeVisible();
  await list.answer('Cancel').click();
  await end();
});

test('files of JupyterLab go in and out inside of the server', async () => {
  const { page, panel } = lab;
  const name = `from-lab-${made}.txt`;
  await page.contents.uploadContent('in', 'text', `${lab.folder}/${name}`);
  const requests = panel.requests('uploads/batch');
  try {
    await dragFromFiles(name);
  } finally {
    await movePanelBack();
  }
  await expect
    .poll(() => there()[name], { timeout: 10_000 })
    .toBe(sha256('in'));
  expect(requests).toHaveLength(0);
  await panel.expand('persistent', folder);
  await choice('Copy to my files', name);
  // It is there, since it came from there.
  await list.answer('Keep both').click();
  await expect(page.getByText('Copied to your files:')).toBeVisible();
  const copied = await page.request.get(
    `/api/contents/${lab.folder}/${name.replace('.txt', ' (2).txt')}`
  );
  expect(await copied.json()).toMatchObject({ content: 'in' });
});

test('the keyboard uploads what is on the clipboard', async () => {
  const { panel } = lab;
  await panel.tree.focus();
  await panel.tree.evaluate(tree => {
    const clipboardData = new DataTransfer();
    clipboardData.items.add(new File(['pasted'], 'pasted.txt'));
    tree.dispatchEvent(
      new ClipboardEvent('paste', {
        bubbles: true,
        cancelable: true,
        clipboardData
      })
    );
  });
  await expect(list.item('pasted.txt')).toHaveAttribute('data-state', 'done');
  expect(there()).toEqual({ 'pasted.txt': sha256('pasted') });
});
