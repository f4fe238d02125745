import { expect, runFromPalette, sharedLab, test } from './lab';

const lab = sharedLab();

test.describe.configure({ timeout: 90_000 });

test.beforeEach(async () => {
  const { page, panel } = lab;
  await panel.reset();
  if (await panel.address.isVisible()) {
    await panel.address.press('Escape');
  }
  await panel.name(panel.row('js2')).click();
  await expect(page.getByRole('dialog')).toHaveCount(0);
});

/**
 * The row is there, selected, in sight and described; the box is gone and the tree has the focus.
 */
async function expectRevealed(
  endpoint: string,
  key: string,
  name: string
): Promise<void> {
  const { panel } = lab;
  const row = panel.row(endpoint, key);
  await expect(row).toHaveAttribute('aria-selected', 'true');
  await expect(row).toBeInViewport();
  await expect(
    panel.details.getByRole('heading', { name, exact: true })
  ).toBeVisible();
  await expect(panel.address).toBeHidden();
  await expect(panel.tree).toBeFocused();
}

const STORE = 'climate/reanalysis/surface.zarr/';

for (const [what, address, key, name] of [
  ['a store', 's3://climate/reanalysis/surface.zarr', STORE, 'surface.zarr'],
  [
    'an array',
    's3://climate/reanalysis/surface.zarr/t2m',
    `${STORE}t2m/`,
    't2m'
  ],
  [
    'the document of a store',
    's3://climate/reanalysis/surface.zarr/zarr.json',
    STORE,
    'surface.zarr'
  ],
  [
    'a path inside the current endpoint',
    'climate/ensemble.zarr/ssp245',
    'climate/ensemble.zarr/ssp245/',
    'ssp245'
  ],
  ['an object', '  s3://climate/README.md ', 'climate/README.md', 'README.md'],
  ['a folder', 's3://climate/stations/', 'climate/stations/', 'stations']
] as const) {
  test(`goes to ${what}`, async () => {
    await lab.panel.goTo(address);
    await expectRevealed('js2', key, name);
    await expect(lab.panel.details).toContainText(`s3://${key}`);
  });
}

test('what lies around is there, too, and in its order', async () => {
  const { panel } = lab;
  await panel.goTo('s3://climate/reanalysis/surface.zarr/t2m');
  await expectRevealed('js2', `${STORE}t2m/`, 't2m');
  await expect(panel.row('js2', `${STORE}time/`)).toBeVisible();
  await expect
    .poll(async () => {
      const names = await panel.names();
      const at = names.indexOf('surface.zarr');
      return names.slice(at, at + 6);
    })
    .toEqual(['surface.zarr', 'lat', 'lon', 'precip', 't2m', 'time']);
});

test('a key far down a big folder is scrolled to', async () => {
  const { panel } = lab;
  await panel.goTo('climate/stations/station-0777.json');
  await expectRevealed(
    'js2',
    'climate/stations/station-0777.json',
    'station-0777.json'
  );
  await expect(
    panel.row('js2', 'climate/stations/station-0776.json')
  ).toBeVisible();
});

test('https:// goes to the web server, which lists nothing; its cell runs', async () => {
  const { page, panel, notebook } = lab;
  const root = await webRoot();
  await notebook.open(['# above']);
  await panel.goTo(`${root}climate/reanalysis/surface-v2.zarr`);
  await expectRevealed(
    'web',
    'climate/reanalysis/surface-v2.zarr/',
    'surface-v2.zarr'
  );
  await page.keyboard.press('Enter');
  await expect.poll(() => notebook.sources()).toHaveLength(2);
  expect((await notebook.sources())[1]).toContain(`'${root}climate/`);
  await page.notebook.runCell(1, true);
  await notebook.waitForRun(1);
  await expect(notebook.output(1).first()).toContainText('time: 240');
});

test('where listing is forbidden it reveals, selects and describes; its cell runs', async () => {
  const { page, panel, notebook } = lab;
  await notebook.open(['# above', "print(ds['t2m'][3].values.shape)"]);
  await panel.name(panel.row('locked')).click();
  await panel.goTo('s3://climate/reanalysis/surface.zarr');
  await expectRevealed('locked', 'reanalysis/surface.zarr/', 'surface.zarr');
  await expect(panel.details).toContainText('consolidated');
  await expect(panel.details).toContainText('Synthetic surface fields');
  // The listing that failed says so and hides nothing.
  await expect(panel.row('locked', '', 'error')).toContainText(
    'does not allow these credentials to list here'
  );
  await page.keyboard.press('ArrowRight');
  await expect(
    panel.row('locked', 'reanalysis/surface.zarr/t2m/')
  ).toBeVisible();

  await page.keyboard.press('Enter');
  await expect.poll(() => notebook.sources()).toHaveLength(3);
  await page.notebook.runCell(1, true);
  await notebook.waitForRun(1);
  await expect(notebook.output(1).first()).toContainText('time: 240');
  await page.notebook.runCell(2, true);
  await notebook.waitForRun(2);
  await expect(notebook.output(2)).toHaveText('(73, 144)');
});

test('a group that cannot be listed says that its members are unknown', async () => {
  const { page, panel } = lab;
  await panel.name(panel.row('locked')).click();
  await panel.goTo('reanalysis/not-consolidated.zarr');
  const key = 'reanalysis/not-consolidated.zarr/';
  await expectRevealed('locked', key, 'not-consolidated.zarr');
  await page.keyboard.press('ArrowRight');
  await expect(panel.row('locked', key, 'unknown')).toContainText(
    /^Members unknown: /
  );
  await panel.goTo('reanalysis/not-consolidated.zarr/t2m');
  await expectRevealed('locked', `${key}t2m/`, 't2m');
  await expect(panel.details).toContainText('240 × 73 × 144');
});

test.describe('refusals', () => {
  for (const [what, address, reason] of [
    [
      'another service',
      'gs://elsewhere/data.zarr',
      /No endpoint holds this address.*s3:\/\/.*c\.ZarrBrowser\.endpoints/s
    ],
    [
      'another site',
      'https://example.org/data.zarr',
      /No endpoint holds this address.*c\.ZarrBrowser\.endpoints/s
    ],
    ['a missing key', 'climate/none.zarr', /does not exist|not found|nothing/i],
    [
      'a missing address',
      's3://climate/none.zarr',
      /does not exist|not found|nothing/i
    ],
    ['a missing bucket', 's3://no-such-bucket/a.zarr', /no.*bucket/i]
  ] as const) {
    test(`${what} is refused with the reason`, async () => {
      const { panel } = lab;
      const before = await panel.selected.getAttribute('data-row');
      await panel.goTo(address);
      await expect(panel.root.getByRole('alert')).toHaveText(reason);
      await expect(panel.address).toBeFocused();
      await expect(panel.address).toHaveValue(address);
      await expect(panel.address).toHaveAttribute('aria-invalid', 'true');
      expect(await panel.selected.getAttribute('data-row')).toBe(before);
      // Typing takes the refusal away, Escape the box.
      await panel.address.press('End');
      await panel.address.press('x');
      await expect(panel.root.getByRole('alert')).toHaveCount(0);
      await panel.address.press('Escape');
      await expect(panel.address).toBeHidden();
      await expect(panel.tree).toBeFocused();
    });
  }
});

test('the command palette and the shortcut open the box', async () => {
  const { page, panel, notebook } = lab;
  // The palette gives the focus back to what is open there.
  await notebook.open(['# above']);
  await panel.tree.focus();
  await page.keyboard.press('Control+Shift+G');
  await expect(panel.address).toBeFocused();
  await page.keyboard.press('Escape');
  await runFromPalette(page, 'Go to URL or path', () =>
    expect(panel.address).toBeFocused({ timeout: 1000 })
  );
});

async function webRoot(): Promise<string> {
  const { page } = lab;
  const response = await page.request.get(
    new URL('/zarrbrowser/api/endpoints', page.url()).href
  );
  const { endpoints } = (await response.json()) as {
    endpoints: { id: string; url: string }[];
  };
  return endpoints.find(({ id }) => id === 'web')!.url;
}
