import * as path from 'path';

import { clearDisk, onDisk } from './disk';
import { closeAll, expect, reload, run, test, sharedLab } from './lab';
import { API } from './panel';
import { UsageTab, busyUsage, withScratch } from './scratch';
import { TransferSection } from './transfers';

test.skip(
  process.env.ZB_SCREENSHOTS !== '1',
  'Pictures are taken only when asked for, by ZB_SCREENSHOTS=1.'
);

const lab = sharedLab({ isPlain: true });

const ROOT = path.resolve(__dirname, '..', '..');
const STORE = 'climate/reanalysis/surface.zarr/';
const LONG_NAME =
  'ERA5_hourly_single_levels_2m_temperature_1979-2023_0p25deg_regridded_v2';
const STORE_FILES: { [path: string]: string | Buffer } = {
  'zarr.json': '{"zarr_format": 3, "node_type": "group"}'
};
for (let chunk = 0; chunk < 40; chunk++) {
  STORE_FILES[`t2m/c/${chunk}`] = Buffer.alloc(250_000, chunk);
}
const THEMES = ['light', 'dark'] as const;

test.describe.configure({ timeout: 120_000 });

test.afterAll(clearDisk);

async function setTheme(theme: 'light' | 'dark'): Promise<void> {
  const { page } = lab;
  if (theme === 'dark') {
    await page.theme.setDarkTheme();
  } else {
    await page.theme.setLightTheme();
  }
}

/**
 * Picture of the page as a stranger sees it first.
 */
test('for the documentation', async () => {
  const { page, panel, notebook } = lab;
  await page.setViewportSize({ width: 1280, height: 800 });
  // Only what works: the other endpoints are there to be wrong.
  const pattern = `${API}endpoints*`;
  await page.context().route(pattern, async route => {
    const response = await route.fetch();
    const body = (await response.json()) as { endpoints: { id: string }[] };
    await route.fulfill({
      response,
      json: {
        endpoints: body.endpoints.filter(({ id }) =>
          ['js2', 'archive', 'web', 'files'].includes(id)
        )
      }
    });
  });
  await reload(lab);
  await expect(panel.tree).toBeVisible();
  await page.context().unroute(pattern);
  await notebook.open(['import xarray as xr']);
  await page.notebook.runCell(0, true);
  await notebook.waitForRun(0);
  await page.sidebar.openTab('jp-zarrbrowser-panel');
  await panel.setWidth(400);
  await panel.expand('js2', STORE);
  await panel.select('js2', STORE);
  await page.keyboard.press('Enter');
  await expect.poll(() => notebook.sources()).toHaveLength(2);
  await page.notebook.runCell(1, true);
  await notebook.waitForRun(1);
  await expect(notebook.output(1)).toContainText('time: 240');
  await panel.name(panel.row('js2', STORE)).click();
  await expect(panel.details).toContainText('Synthetic surface fields');
  await page.sidebar.close('right');
  for (const theme of THEMES) {
    await setTheme(theme);
    await panel.tree.focus();
    await panel.tree.evaluate(tree => {
      tree.scrollTop = 0;
    });
    await expect(
      page.locator('.jp-Notebook-ExecutionIndicator')
    ).toHaveAttribute('data-status', 'idle');
    await page.screenshot({
      path: path.join(ROOT, 'docs', 'images', `panel-${theme}.png`),
      animations: 'disabled'
    });
  }
  await reload(lab);
});

for (const theme of THEMES) {
  test.describe(`${theme}: to be looked at`, () => {
    test.beforeEach(async () => {
      const { page, panel } = lab;
      await page.setViewportSize({ width: 1100, height: 760 });
      await setTheme(theme);
      await panel.setWidth(320);
      await panel.reset();
    });

    const shoot = async (name: string, isWhole = false) => {
      const { page, panel } = lab;
      const target = isWhole ? page : panel.root;
      await target.screenshot({
        path: path.join(
          ROOT,
          'ui-tests',
          'results',
          'shots',
          `${name}-${theme}.png`
        )
      });
    };

    test('widths', async () => {
      const { page, panel } = lab;
      await panel.expand('js2', STORE);
      await panel.select('js2', STORE);
      await expect(panel.details).toContainText('Synthetic surface fields');
      for (const width of [220, 320, 460]) {
        await panel.setWidth(width);
        await page.mouse.move(700, 300);
        await panel.tree.focus();
        await shoot(`width-${width}`);
      }
    });

    test('long names', async () => {
      const { panel, page, folder } = lab;
      const name = LONG_NAME;
      await page.contents.uploadContent(
        '{"zarr_format": 3, "node_type": "group", "attributes": {}}',
        'text',
        `${folder}/${name}.zarr/zarr.json`
      );
      await page.contents.uploadContent('x', 'text', `${folder}/${name}.nc`);
      const menu = await panel.menu(await panel.expand('files'));
      await menu
        .getByRole('menuitem', { name: 'Refresh', exact: true })
        .click();
      await panel.select('files', `${folder}/${name}.zarr/`);
      await panel.expand('js2', 'samples/v3-odd näme #1 100%.zarr/gr?oup %41/');
      await panel.bring('files', `${folder}/${name}.nc`);
      await shoot('long-names');
      await panel.setWidth(220);
      await panel.bring('files', `${folder}/${name}.nc`);
      await shoot('long-names-narrow');
    });

    test('many rows', async () => {
      const { panel, page } = lab;
      await panel.expand('archive', 'wide/');
      await panel.name(panel.row('archive', 'wide/')).click();
      await page.keyboard.type('p000999');
      await page.keyboard.press('ArrowDown');
      await expect(panel.row('archive', 'wide/', 'more')).toBeInViewport();
      await shoot('load-more');
      await panel.select('archive', 'wide/');
      await panel.row('archive', 'wide/').getByRole('button').click();
      await page.keyboard.type('p0123');
      await expect(panel.row('archive', 'wide/p012300/')).toBeVisible();
      await shoot('prefix');
      await page.keyboard.press('Escape');
      await panel.filter.fill('99');
      await shoot('filter');
    });

    test('states', async () => {
      const { panel, page } = lab;
      await panel.expand('files', 'empty/');
      await panel.twisty(panel.row('old')).click();
      await expect(panel.row('old', '', 'error')).toBeVisible();
      await panel.twisty(panel.row('locked')).click();
      await expect(panel.row('locked', '', 'error')).toBeVisible();
      await panel.twisty(panel.row('web')).click();
      await expect(panel.row('web', '', 'note')).toBeVisible();
      await panel.name(panel.row('old')).click();
      await shoot('errors');
      await panel.setWidth(220);
      await shoot('errors-narrow');
      await panel.setWidth(320);
      await page.keyboard.press('ArrowDown');
      await shoot('errors-selected');
      await panel.select('js2', 'samples/broken/invalid-json.zarr/', /folder/);
      await panel.details.getByText('zarr.json', { exact: true }).click();
      await shoot('broken');
    });

    test('details', async () => {
      const { panel, page } = lab;
      await page.setViewportSize({ width: 1100, height: 1200 });
      await panel.select('js2', 'climate/reanalysis/surface.zarr/t2m/');
      await expect(panel.details).toContainText('2 metre temperature');
      await panel.details.getByRole('button', { name: 'Show code' }).click();
      await shoot('details-array');
      await panel.select('js2', 'samples/v3-sharded.zarr/');
      await expect(panel.details).toContainText('Shards');
      await shoot('details-sharded');
      await panel.select('js2');
      await shoot('details-endpoint');
      await panel.select('js2', 'climate/README.md');
      await shoot('details-object');
      await panel.select('js2', 'samples/v3-kinds.zarr/');
      await expect(panel.details).toContainText('limits');
      await shoot('details-attributes');
      await panel.details.getByRole('button', { name: 'Show code' }).click();
    });

    test('go to, menu, choice and drag', async () => {
      const { panel, page, notebook } = lab;
      await panel.select('js2', STORE);
      await panel.goTo('gs://elsewhere/data.zarr');
      await expect(panel.root.getByRole('alert')).toBeVisible();
      await shoot('go-to');
      await panel.setWidth(220);
      await shoot('go-to-narrow');
      await panel.address.press('Escape');
      await panel.setWidth(320);
      const menu = await panel.menu(panel.row('js2', STORE));
      await menu.getByText('Insert other cell').hover();
      await expect(page.getByRole('menu')).toHaveCount(2);
      await shoot('menu', true);
      await page.keyboard.press('Escape');
      await page.keyboard.press('Escape');
      await notebook.open(['first = 1', 'second = 2', 'third = 3']);
      await panel.select('js2', STORE);
      await page.mouse.down();
      await page.mouse.move(400, 300, { steps: 5 });
      await expect(page.locator('body')).toHaveClass(/jp-ZarrBrowser-dragging/);
      await page.mouse.move(700, 190, { steps: 5 });
      await shoot('drag', true);
      await page.mouse.up();
    });

    test('scratch', async () => {
      const { page } = lab;
      await page.sidebar.close('left');
      const tab = new UsageTab(page);
      const undo = await withScratch(page, answer => {
        Object.assign(answer.locations[0]!, {
          usage: busyUsage(),
          quotaBytes: 1.5e12,
          lifetimeSource: 'bucket'
        });
      });
      for (const [widthPx, heightPx] of [
        [1280, 900],
        [486, 900]
      ] as const) {
        await page.setViewportSize({ width: widthPx, height: heightPx });
        await closeAll(page);
        await run(page, 'zarrbrowser:open-scratch');
        await expect(tab.grid).toBeVisible();
        await shoot(`scratch-${widthPx}`, true);
        await tab.select('ada/cmip6-downscaled.zarr/');
        await shoot(`scratch-selected-${widthPx}`, true);
        await tab.button('Keep…').click();
        await expect(tab.dialog).toContainText('75,250 objects');
        await shoot(`scratch-keep-${widthPx}`, true);
        await page.keyboard.press('Escape');
        await tab.button('Delete…').click();
        await expect(tab.dialog).toContainText('75,250 objects');
        await shoot(`scratch-delete-${widthPx}`, true);
        await page.keyboard.press('Escape');
      }
      await page.setViewportSize({ width: 1280, height: 900 });
      await undo();
      await closeAll(page);
      await run(page, 'zarrbrowser:open-scratch', {
        endpoint: 'archive',
        key: 'huge/',
        count: true
      });
      const usage = new UsageTab(page, 'Usage');
      await expect(usage.root).toContainText('so far');
      await shoot('scratch-counting', true);
      await usage.button('Cancel').click();
      await expect(usage.button('Count')).toBeVisible();
      await shoot('scratch-cancelled', true);
      await closeAll(page);
      await run(page, 'zarrbrowser:open-scratch', {
        endpoint: 'js2',
        key: 'climate/',
        count: true
      });
      await expect(usage.grid).toBeVisible();
      await shoot('scratch-usage', true);
      const none = await withScratch(page, answer => {
        answer.locations = [];
      });
      await closeAll(page);
      await run(page, 'zarrbrowser:open-scratch');
      await expect(tab.root).toContainText('No scratch space');
      await shoot('scratch-none', true);
      await none();
      await tab.button('Look again').click();
      const pattern = `${API}jobs*`;
      await page.context().route(pattern, route =>
        route.fulfill({
          status: 503,
          json: {
            code: 'throttled',
            message: 'The store asks for fewer requests.',
            hint: 'Wait a moment, then press Retry.',
            retryable: true
          }
        })
      );
      await tab.root.getByRole('button', { name: /^Count/ }).click();
      await expect(tab.button('Retry')).toBeVisible();
      await shoot('scratch-error', true);
      await page.context().unroute(pattern);
    });

    test('transfers', async () => {
      const { panel, page, folder } = lab;
      const list = new TransferSection(page);
      const key = `${folder}-${theme}/`;
      const create = { endpoint: 'persistent', key };
      await page.request.post('/zarrbrowser/api/containers', { data: create });
      await panel.expand('persistent');
      await run(page, 'zarrbrowser:refresh-all');
      const row = await panel.bring('persistent', key);
      const large = {
        name: 'ERA5_2m_temperature_1979.nc',
        content: 30_000_000
      };
      await list.drag(row, [large, large], false);
      await shoot('drop');
      await expect(list.hint).toHaveCount(0);
      await panel.expand('js2');
      const bucket = await panel.bring('js2', 'climate/');
      await list.drag(bucket, [large], false);
      await shoot('drop-refused');
      await expect(list.hint).toHaveCount(0);

      const long = `${LONG_NAME}.nc`;
      await list.drop(
        row,
        { name: 'notes.md', content: 'one' },
        { name: long, content: 'one' }
      );
      await expect(list.items.first()).toHaveAttribute('data-state', 'done');
      await list.drop(
        row,
        { name: 'notes.md', content: 'two!' },
        { name: long, content: 'two!' },
        { name: 'other.md', content: 'other' }
      );
      await expect(list.dialog).toBeVisible();
      await shoot('drop-question', true);
      await list.answer('Skip').click();
      await expect(list.items.first()).toHaveAttribute('data-state', 'done');
      await list.dropPaths(await panel.bring('persistent', key), [
        onDisk('surface.zarr', STORE_FILES)
      ]);
      await expect(list.item('surface.zarr')).toHaveAttribute(
        'data-state',
        'done'
      );
      const batches = `${API}uploads/batch`;
      await page.context().route(batches, route =>
        route.fulfill({
          json: {
            problems: [
              {
                key: `${key}stations.csv`,
                problem: {
                  code: 'forbidden',
                  message: 'Access Denied',
                  hint: '',
                  retryable: false
                }
              }
            ]
          }
        })
      );
      await list.drop(row, { name: 'stations.csv', content: 'x' });
      await expect(list.items.first()).toHaveAttribute('data-state', 'failed');
      await page.context().unroute(batches);
      let parts = 0;
      const pattern = `${API}uploads/*/parts/*`;
      await page.context().route(pattern, async route => {
        if (++parts < 3) {
          await route.continue();
        }
      });
      await list.drop(row, large, { name: 'small.md', content: 'small' });
      await expect(list.items.first()).toContainText(/\d MB\/s/);
      await list.items
        .first()
        .getByRole('button', { name: 'Show files' })
        .click();
      for (const width of [220, 320, 460]) {
        await panel.setWidth(width);
        await page.mouse.move(700, 300);
        await shoot(`transfers-${width}`, width === 320);
      }
      if (theme === 'light') {
        await panel.setWidth(400);
        for (const left of [1, 0]) {
          const notes = list.item('notes.md');
          await notes.first().getByRole('button', { name: 'Dismiss' }).click();
          await expect(notes).toHaveCount(left);
        }
        await page.mouse.move(700, 300);
        await list.root.screenshot({
          path: path.join(ROOT, 'docs', 'images', 'transfers.png'),
          animations: 'disabled'
        });
      }
      await panel.setWidth(320);
      const menu = await panel.menu(await panel.bring('persistent', key));
      await shoot('transfers-menu', true);
      await menu
        .getByRole('menuitem', { name: 'Unfinished uploads…', exact: true })
        .click();
      await expect(list.dialog.getByRole('listitem')).toHaveCount(1);
      await shoot('unfinished', true);
      await list.answer('Close').click();
      for (const entry of ['New folder…', 'Copy to…']) {
        await panel.menu(await panel.bring('persistent', key));
        await page.getByRole('menuitem', { name: entry, exact: true }).click();
        await expect(list.dialog).toBeVisible();
        await shoot(entry.split(' ')[0]!.toLowerCase(), true);
        await list.answer('Cancel').click();
      }
      await list.items.first().getByRole('button', { name: 'Cancel' }).click();
      await page.context().unroute(pattern);
      await list.clear();
    });

    test('loading', async () => {
      const { panel, page } = lab;
      const held: (() => void)[] = [];
      await page.context().route(`${API}**`, async route => {
        await new Promise<void>(resolve => held.push(resolve));
        await route.continue().catch(() => undefined);
      });
      await panel.twisty(panel.row('web')).click();
      await panel.name(panel.row('archive')).click();
      await expect(
        panel.row('web').locator('.jp-ZarrBrowser-spinner')
      ).toHaveCSS('opacity', '1');
      await shoot('loading');
      await page.context().unroute(`${API}**`);
      held.forEach(release => release());
    });

    test('from the start', async () => {
      const { panel, page } = lab;
      const pattern = `${API}endpoints*`;
      for (const [name, answer] of [
        ['missing', { status: 404, json: { message: 'Not Found' } }],
        ['unconfigured', { status: 200, json: { endpoints: [] } }]
      ] as const) {
        await page.context().route(pattern, route => route.fulfill(answer));
        await reload(lab);
        await expect(
          panel.root.getByRole('button', { name: /Retry|Look again/ })
        ).toBeVisible();
        await shoot(name);
        await page.context().unroute(pattern);
      }
      await reload(lab);
      await expect(panel.tree).toBeVisible();
    });
  });
}
