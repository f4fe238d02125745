import { expect, reload, test, sharedLab } from './lab';

const lab = sharedLab();

test.beforeEach(() => lab.panel.reset());

async function refreshRow(key: string): Promise<void> {
  const { panel } = lab;
  const menu = await panel.menu(await panel.expand('files', key));
  await menu.getByRole('menuitem', { name: 'Refresh', exact: true }).click();
}

test('refresh asks again for what is expanded, and keeps it expanded', async () => {
  const { page, panel, folder } = lab;
  const put = (name: string) =>
    page.contents.uploadContent('{}', 'text', `${folder}/${name}`);
  await put('one.json');
  // The server remembers what the folder above looked like for a while.
  await refreshRow('');
  await panel.expand('files', `${folder}/`);
  await panel.expand('files', 'data/ensemble.zarr/');
  const store = panel.row('files', 'data/ensemble.zarr/');
  await panel.name(panel.row('files', 'data/ensemble.zarr/ssp245/')).click();

  await put('two.json');
  await expect(panel.row('files', `${folder}/one.json`)).toHaveCount(1);
  await expect(panel.row('files', `${folder}/two.json`)).toHaveCount(0);
  const asked = panel.requests('children');
  await panel.button('Refresh all that is expanded').click();
  await expect(panel.row('files', `${folder}/two.json`)).toHaveCount(1);
  await expect(store).toHaveAttribute('aria-expanded', 'true');
  await expect(
    panel.row('files', 'data/ensemble.zarr/ssp245/')
  ).toHaveAttribute('aria-selected', 'true');
  await expect(
    panel.button('Refresh all that is expanded')
  ).not.toHaveAttribute('aria-busy', 'true');
  expect(
    asked
      .map(request => new URL(request.url()).searchParams)
      .map(query => `${query.get('key')} ${query.get('refresh')}`)
      .sort()
  ).toEqual([' 1', `${folder}/ 1`, 'data/ 1', 'data/ensemble.zarr/ 1'].sort());

  // One folder alone, by its menu.
  await page.contents.deleteFile(`${folder}/one.json`);
  await refreshRow(`${folder}/`);
  await expect(panel.row('files', `${folder}/one.json`)).toHaveCount(0);
  await expect(panel.row('files', `${folder}/two.json`)).toHaveCount(1);
});

test('the details keep their code when everything is refreshed, and ask for it again', async () => {
  const { panel } = lab;
  await panel.expand('js2', 'climate/reanalysis/not-consolidated.zarr/');
  const code = panel.details.getByRole('button', {
    name: 'Insert',
    exact: true
  });
  for (const key of ['', 't2m/']) {
    await panel.select(
      'js2',
      `climate/reanalysis/not-consolidated.zarr/${key}`
    );
    await expect(code).toBeVisible();
    const asked = panel.requests('snippets');
    const refresh = panel.button('Refresh all that is expanded');
    await refresh.click();
    await expect.poll(() => asked.length).toBe(1);
    await expect(refresh).not.toHaveAttribute('aria-busy', 'true');
    await expect(code).toBeVisible();
  }
});

test('what was expanded, selected and pinned comes back after a reload of the page', async () => {
  const { page, panel } = lab;
  await panel.expand('js2', 'climate/reanalysis/surface.zarr/');
  await panel.expand('archive', 'zarrs/region3/');
  await panel.select('locked');
  await panel.goTo('reanalysis/surface.zarr');
  const pinned = panel.row('locked', 'reanalysis/surface.zarr/');
  await expect(pinned).toHaveAttribute('aria-selected', 'true');
  const array = panel.row('js2', 'climate/reanalysis/surface.zarr/t2m/');
  await panel.bring('js2', 'climate/reanalysis/surface.zarr/t2m/');
  const saved = page.waitForRequest(
    request =>
      request.method() === 'PUT' &&
      /\/api\/workspaces\//.test(request.url()) &&
      (request.postData() ?? '').includes('surface.zarr/t2m/')
  );
  await panel.name(array).click();
  await saved;
  const before = await panel.names();

  await reload(lab);
  await expect(array).toHaveAttribute('aria-selected', 'true');
  await panel.bring('archive', 'zarrs/region3/');
  await expect(panel.row('archive', 'zarrs/region3/')).toHaveAttribute(
    'aria-expanded',
    'true'
  );
  await panel.bring('locked', 'reanalysis/surface.zarr/');
  await expect(pinned).toHaveAttribute('data-kind', 'dataset');
  await panel.bring('js2', 'climate/reanalysis/surface.zarr/t2m/');
  await expect
    .poll(async () => (await panel.names()).slice(0, 12))
    .toEqual(before.slice(0, 12));
});

test('the settings decide whether it comes back', async () => {
  const { page, panel } = lab;
  const set = (value: boolean) =>
    page.evaluate(async restore => {
      const { serviceManager } = window.jupyterapp;
      await serviceManager.settings.save(
        'jupyterlab_zarrbrowser:plugin',
        JSON.stringify({ restoreExpanded: restore })
      );
    }, value);
  await set(false);
  const saved = page.waitForRequest(
    request =>
      request.method() === 'PUT' && /\/api\/workspaces\//.test(request.url())
  );
  await panel.expand('js2', 'climate/');
  await saved;
  await reload(lab);
  await expect(panel.row('js2')).toHaveAttribute('aria-expanded', 'false');
  await set(true);
});
