import { closeAll, expect, reload, run, sharedLab, test } from './lab';
import { API } from './panel';
import { UsageTab, busyUsage, fakeRow, withScratch } from './scratch';

const lab = sharedLab();

const OPEN = 'zarrbrowser:open-scratch';

let undo: () => Promise<void> = () => Promise.resolve();

test.beforeEach(async () => {
  await lab.page.setViewportSize({ width: 1280, height: 860 });
  await closeAll(lab.page);
});

test.afterEach(async () => {
  await undo();
  undo = () => Promise.resolve();
});

async function openWith(
  change: Parameters<typeof withScratch>[1]
): Promise<UsageTab> {
  undo = await withScratch(lab.page, change);
  // What the page knows already would be as good.
  await reload(lab);
  await run(lab.page, OPEN);
  const tab = new UsageTab(lab.page);
  await expect(tab.root).toBeVisible();
  return tab;
}

test('what goes soon, what is partly gone, and a quota that is nearly full', async () => {
  const tab = await openWith(answer => {
    Object.assign(answer.locations[0]!, {
      usage: busyUsage(),
      quotaBytes: 1.5e12,
      lifetimeDays: 7,
      lifetimeSource: 'bucket'
    });
  });
  await expect(tab.root).toContainText('the bucket’s own rules say so');
  await expect(tab.total).toContainText('+74 GB since yesterday');
  await expect(tab.total.getByRole('alert')).toContainText(
    '54,620 objects, 219 GB are deleted within 24 hours of this count, in 2 items.'
  );
  await expect(tab.root.getByRole('meter')).toHaveAttribute(
    'aria-valuetext',
    '86% of 1.5 TB: getting full'
  );
  await expect(tab.total).toContainText('$25.68');
  const gone = 'ada/cmip6-downscaled.zarr/';
  await expect(tab.cell(gone, 'goes')).toHaveText('any time now');
  await expect(tab.cell(gone, 'chunks')).toHaveText('partly deleted');
  await expect(tab.cell('ada/goes16-mosaic.zarr/', 'chunks')).toHaveText(
    'partly written'
  );
  await tab.select(gone);
  await expect(tab.selected).toContainText(
    '71,204 of 96,000 chunks: 24,796 have gone since it was counted before, probably deleted.'
  );
  await tab.select('ada/run-01/');
  await tab.button('Show them first').click();
  expect((await tab.names())[0]).toBe('cmip6-downscaled.zarr');
  const item = lab.page.locator('.jp-ZarrUsage-status');
  await expect(item).toHaveText('Scratch 1.3 TB (86%)');
  await expect(item).toHaveAttribute('data-level', 'warn');
});

test('what cannot be opened any more, what is overdue, and what is only summed up', async () => {
  const tab = await openWith(answer => {
    const overdue = new Date(Date.now() - 12 * 86_400_000).toISOString();
    answer.locations[0]!.usage = {
      ...busyUsage([
        fakeRow('lost.zarr/', 8e9, { kind: 'folder', damage: 'gone' }),
        fakeRow('trips.parquet/', 5e9),
        fakeRow('old.csv', 4e6, {
          expiresAt: overdue,
          goneAt: overdue,
          expiringObjects: 1,
          expiringBytes: 4e6
        })
      ]),
      expiresAt: overdue,
      otherRows: 998_000,
      otherObjects: 998_000,
      otherBytes: 998_000
    };
  });
  await expect(tab.cell('ada/lost.zarr/', 'chunks')).toHaveText('no metadata');
  await expect(tab.cell('ada/trips.parquet/', 'name')).toContainText('Table');
  await expect(tab.cell('ada/old.csv', 'goes')).toHaveText('overdue');
  await expect(tab.total).toContainText('1 object, 4 MB is deleted within');
  await expect(tab.total).toContainText('the rule that deletes may not run');
  await tab.select('ada/lost.zarr/');
  await expect(tab.selected).toContainText('only chunks are left');
  await tab.select('ada/old.csv');
  await expect(tab.selected).toContainText('It was due about');
  await expect(tab.root).toContainText('3 of 998,003 items');
  await tab.search.fill('k05');
  await expect(tab.root).toContainText('only summed up, and not searched');
});

test('names have room at any width, and no column is cut off', async () => {
  const { page } = lab;
  const tab = await openWith(answer => {
    answer.locations[0]!.usage = busyUsage();
  });
  await page.sidebar.close('left');
  for (const width of [1280, 1010, 960, 820, 700, 560, 420, 340]) {
    await page.setViewportSize({ width, height: 860 });
    const row = tab.row('ada/cmip6-downscaled.zarr/');
    await expect
      .poll(() =>
        row.evaluate(element => element.scrollWidth - element.clientWidth)
      )
      .toBeLessThanOrEqual(0);
    const [name, columns] = await row.evaluate(element => [
      element.firstElementChild!.clientWidth,
      element.childElementCount
    ]);
    expect(name).toBeGreaterThanOrEqual(columns! > 3 ? 180 : 60);
  }
});

test('one reminder a day, and none where they are turned off', async () => {
  const { page } = lab;
  undo = await withScratch(page, answer => {
    Object.assign(answer.locations[0]!, {
      usage: busyUsage(),
      quotaBytes: 1.5e12
    });
  });
  const reminder = page.locator('.Toastify__toast', {
    hasText: 'Scratch: 2 items (913 GB): deletion begins within 24 hours.'
  });
  const set = (value: boolean) =>
    page.evaluate(async shown => {
      await window.jupyterapp.serviceManager.settings.save(
        'jupyterlab_zarrbrowser:plugin',
        JSON.stringify({ scratchReminders: shown })
      );
    }, value);
  const status = page.locator('.jp-ZarrUsage-status');
  await set(false);
  await reload(lab);
  await expect(status).toContainText('1.3 TB');
  await expect(reminder).toHaveCount(0);
  await set(true);
  // Other tests may have used up today's.
  await page.evaluate(() => window.localStorage.clear());
  await reload(lab);
  await expect(reminder).toBeVisible();
  await expect(reminder).toContainText('86% of 1.5 TB: getting full');
  await reminder.getByRole('button', { name: 'Show scratch' }).click();
  await expect(new UsageTab(page).grid).toBeVisible();
  await reload(lab);
  await expect(status).toContainText('1.3 TB');
  await expect(reminder).toHaveCount(0);
});

test('thousands of rows scroll, and only some of them are in the page', async () => {
  const { page } = lab;
  const tab = await openWith(answer => {
    const rows = Array.from({ length: 5000 }, (_, at) =>
      fakeRow(`member-${String(at).padStart(4, '0')}.zarr/`, 1e9 - at * 1e4)
    );
    answer.locations[0]!.usage = {
      ...busyUsage(rows),
      otherRows: 120,
      otherObjects: 4_000,
      otherBytes: 3_200_000
    };
  });
  await expect(tab.grid).toHaveAttribute('aria-rowcount', '5001');
  await expect(tab.root).toContainText(
    'And 120 lighter items: 4,000 objects, 3.2 MB.'
  );
  const drawn = page.locator('.jp-ZarrUsage-row');
  expect(await drawn.count()).toBeLessThan(100);
  await tab.grid.focus();
  await page.keyboard.press('End');
  await expect(tab.row('ada/member-4999.zarr/')).toBeInViewport();
  expect(await drawn.count()).toBeLessThan(100);
  await page.keyboard.press('PageUp');
  await expect(tab.grid.locator('[aria-selected="true"]')).toBeInViewport();
  await page.keyboard.press('Home');
  await expect(tab.row('ada/member-0000.zarr/')).toBeInViewport();
  await tab.search.fill('4321');
  expect(await tab.names()).toEqual(['member-4321.zarr']);
  // Frames while it scrolls from end to end.
  await tab.search.fill('');
  const longest = await tab.root
    .locator('.jp-ZarrUsage-scroll')
    .evaluate(async scroll => {
      let worst = 0;
      let last = performance.now();
      for (let top = 0; top < scroll.scrollHeight; top += 1400) {
        scroll.scrollTop = top;
        await new Promise(requestAnimationFrame);
        const now = performance.now();
        worst = Math.max(worst, now - last);
        last = now;
      }
      return worst;
    });
  test.info().annotations.push({
    type: 'longest frame',
    description: `${Math.round(longest)} ms`
  });
});

test('no scratch: how the administrator names one', async () => {
  const { page } = lab;
  undo = await withScratch(page, answer => {
    answer.locations = [];
    answer.remarks = [];
  });
  await reload(lab);
  await run(page, OPEN);
  const tab = new UsageTab(page);
  await expect(tab.root).toContainText('No scratch space');
  await expect(tab.root).toContainText('c.ZarrBrowser.scratch = [');
  await expect(page.locator('.jp-ZarrUsage-status')).toHaveCount(0);
  await undo();
  undo = () => Promise.resolve();
  await tab.button('Look again').click();
  await expect(tab.root).toContainText('s3://scratch/ada/');
});

test('an error says what to do, and Retry does it', async () => {
  const { page } = lab;
  await run(page, OPEN);
  const tab = new UsageTab(page);
  const pattern = `${API}jobs*`;
  const fail = {
    status: 503,
    json: {
      code: 'throttled',
      message: 'The store asks for fewer requests.',
      hint: 'Wait a moment.',
      retryable: true,
      requestId: 'r1'
    }
  };
  await page.context().route(pattern, route => route.fulfill(fail));
  await tab.root.getByRole('button', { name: /^Count/ }).click();
  const alert = tab.root.getByRole('alert').filter({ hasText: 'fewer' });
  await expect(alert).toContainText('Wait a moment.');
  await page.context().unroute(pattern);
  await alert.getByRole('button', { name: 'Retry' }).click();
  await expect(alert).toHaveCount(0);
  await expect(tab.row('ada/surface.zarr/')).toBeVisible();
});

test('where the scratch lies cannot be found out', async () => {
  const { page } = lab;
  const pattern = `${API}scratch*`;
  await page
    .context()
    .route(pattern, route =>
      route.fulfill({ status: 404, json: { message: 'Not Found' } })
    );
  await reload(lab);
  await run(page, OPEN);
  const tab = new UsageTab(page);
  await expect(tab.root.getByRole('alert')).toContainText(
    'The server part of Zarr Browser is not running.'
  );
  await page.context().unroute(pattern);
  await tab.button('Retry').click();
  await expect(tab.root).toContainText('s3://scratch/ada/');
});

test('events that break are made up for by asking', async () => {
  const { page } = lab;
  await run(page, OPEN);
  const tab = new UsageTab(page);
  await page.context().route(`${API}jobs/*/events*`, route => route.abort());
  await tab.count();
  await expect(tab.row('ada/surface.zarr/')).toBeVisible();
  await page.context().unroute(`${API}jobs/*/events*`);
});

test('what is too large for the server is copied by a cell', async () => {
  const { page, notebook } = lab;
  const tab = await openWith(answer => {
    answer.clusterBytes = 1;
  });
  await notebook.open(['first = 1']);
  await run(page, OPEN);
  await tab.root.getByRole('button', { name: /^Count/ }).click();
  await tab.select('ada/surface.zarr/');
  await tab.button('Keep…').click();
  await expect(tab.dialog).toContainText('Dask cluster is faster');
  await tab.dialog
    .getByRole('button', { name: 'Insert cell that copies it' })
    .click();
  await page.activity.activateTab('analysis.ipynb');
  await expect
    .poll(async () => (await notebook.sources()).join('\n'))
    .toContain("target = 's3://persistent/ada/surface.zarr'");
});
