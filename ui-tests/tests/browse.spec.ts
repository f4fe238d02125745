import { expect, test, sharedLab } from './lab';
import { boxOf } from './panel';

const lab = sharedLab();

test.beforeEach(() => lab.panel.reset());

test('endpoints come first, each with its kind', async () => {
  const { panel } = lab;
  expect(await panel.names()).toEqual([
    'Scratch',
    'Jetstream2',
    'Archive',
    'Locked bucket',
    'Old cluster',
    'Web server',
    'Persistent',
    'My buckets',
    'My files'
  ]);
  await expect(panel.meta(panel.row('js2'))).toHaveText('S3');
  await expect(panel.meta(panel.row('web'))).toHaveText('HTTP');
  await expect(panel.meta(panel.row('files'))).toHaveText('Local');
});

test('endpoint, bucket, folder, store and array unfold below each other', async () => {
  const { panel } = lab;
  await panel.expand('js2', 'climate/reanalysis/surface.zarr/');
  expect((await panel.names()).slice(0, 15)).toEqual([
    'Scratch',
    'Jetstream2',
    'climate',
    'README.md',
    'ensemble.zarr',
    'reanalysis',
    'not-consolidated.zarr',
    'surface-v2.zarr',
    'surface.zarr',
    'lat',
    'lon',
    'precip',
    't2m',
    'time',
    'stations'
  ]);
  for (const [key, kind] of [
    ['climate/', 'bucket'],
    ['climate/reanalysis/', 'folder'],
    ['climate/reanalysis/surface.zarr/', 'dataset'],
    ['climate/reanalysis/surface.zarr/t2m/', 'array'],
    ['climate/ensemble.zarr/', 'group'],
    ['climate/README.md', 'object']
  ] as const) {
    await expect(panel.row('js2', key)).toHaveAttribute('data-kind', kind);
  }
});

test('a store is one row with its format and whether it is consolidated', async () => {
  const { panel } = lab;
  await panel.setWidth(420);
  await panel.expand('js2', 'climate/reanalysis/');
  for (const [name, format, words] of [
    ['surface.zarr', 3, 'consolidated'],
    ['surface-v2.zarr', 2, 'consolidated'],
    ['not-consolidated.zarr', 3, 'not consolidated']
  ] as const) {
    const row = panel.row('js2', `climate/reanalysis/${name}/`);
    await expect(row.getByTitle(`Zarr format ${format}`)).toHaveText(
      `v${format}`
    );
    await expect(row.getByText(words, { exact: true })).toBeVisible();
  }
});

test('an array says its dims, shape and dtype in grey', async () => {
  const { page, panel } = lab;
  await panel.setWidth(420);
  await panel.expand('js2', 'climate/reanalysis/surface.zarr/');
  const row = panel.row('js2', 'climate/reanalysis/surface.zarr/t2m/');
  const meta = panel.meta(row);
  await expect(meta).toHaveText('time 240, lat 73, lon 144 · float32');
  await expect(meta).toBeInViewport();
  const colorOf = (node: Element) => getComputedStyle(node).color;
  const grey = await page.evaluate(() => {
    const probe = document.body.appendChild(document.createElement('i'));
    probe.style.color = 'var(--jp-ui-font-color2)';
    const { color } = getComputedStyle(probe);
    probe.remove();
    return color;
  });
  expect(await meta.evaluate(colorOf)).toBe(grey);
  expect(await panel.name(row).evaluate(colorOf)).not.toBe(grey);
});

test('an ordinary object says its size and age', async () => {
  const { panel } = lab;
  await panel.setWidth(300);
  await panel.expand('js2', 'climate/');
  const row = panel.row('js2', 'climate/README.md');
  await expect(row.getByText(/^\d+ bytes$/)).toBeVisible();
  await expect(
    row.getByText(/^\d+\s?(s|sec|m|min|h|hr|d)\.? ago$/)
  ).toBeVisible();
  await expect(row).toHaveAttribute('title', /s3:\/\/climate\/README\.md/);
});

for (const width of [220, 300, 420]) {
  test(`nothing overlaps at ${width} px; what does not fit ends in an ellipsis`, async () => {
    const { panel } = lab;
    await panel.setWidth(width);
    await panel.expand('js2', 'climate/reanalysis/surface.zarr/');
    await expect(
      panel.row('js2', 'climate/reanalysis/not-consolidated.zarr/')
    ).toHaveAttribute('data-kind', /group|dataset/);
    const tree = await boxOf(panel.tree);
    expect(Math.round(tree.width)).toBeLessThanOrEqual(width);
    const nodes = panel.tree.locator('[data-rowkind="node"]');
    const rows = await nodes.evaluateAll(elements =>
      elements.map(row => {
        const frame = row.getBoundingClientRect();
        const parts = [
          ...row.querySelectorAll<HTMLElement>(
            '.jp-ZarrBrowser-twisty, .jp-ZarrBrowser-icon, .jp-ZarrBrowser-name, .jp-ZarrBrowser-meta, .jp-ZarrBrowser-facts, .jp-ZarrBrowser-chips'
          )
        ]
          .map(part => ({
            name: part.className,
            box: part.getBoundingClientRect(),
            isCut: part.scrollWidth > part.clientWidth,
            ending: getComputedStyle(part).textOverflow
          }))
          // What found no place in the row's only line stands in a second one, which is cut off.
          .filter(({ box }) => box.width > 0 && box.top < frame.bottom - 2);
        const overlaps = parts.flatMap((part, place) => {
          const next = parts[place + 1];
          return next && part.box.right > next.box.left + 0.5
            ? [`${part.name} over ${next.name}`]
            : [];
        });
        const outside = parts.filter(
          ({ box }) =>
            box.right > frame.right + 0.5 || box.left < frame.left - 0.5
        );
        const abrupt = parts.filter(
          ({ name, isCut, ending }) =>
            isCut && ending !== 'ellipsis' && /name|meta|facts/.test(name)
        );
        return {
          row: row.getAttribute('data-key'),
          nameWidth: parts.find(({ name }) => /name/.test(name))?.box.width,
          overlaps,
          outside: outside.map(({ name }) => name),
          abrupt: abrupt.map(({ name }) => name)
        };
      })
    );
    expect(rows.length).toBeGreaterThan(15);
    for (const { row, nameWidth, ...faults } of rows) {
      expect({ row, ...faults }).toEqual({
        row,
        overlaps: [],
        outside: [],
        abrupt: []
      });
      // A name that cannot be read at all is no name.
      expect(nameWidth, row ?? '').toBeGreaterThan(16);
    }
    if (width === 300) {
      const meta = panel.meta(
        panel.row('js2', 'climate/reanalysis/surface.zarr/t2m/')
      );
      expect(
        await meta.evaluate(node => node.scrollWidth > node.clientWidth)
      ).toBe(true);
    }
  });
}

test('at the least width of JupyterLab sizes, ages, choices and ends of messages are there', async () => {
  const { panel } = lab;
  await panel.setWidth(250);
  await panel.expand('js2', 'climate/');
  const row = panel.row('js2', 'climate/README.md');
  for (const text of [/^\d+ bytes$/, /^\d+\s?(s|m|h|d)$/]) {
    await expect(row.getByText(text)).toBeVisible();
    await expect(row.getByText(text)).toBeInViewport({ ratio: 1 });
  }
  await panel.select('js2', 'climate/reanalysis/surface.zarr/');
  const choice = panel.details.getByLabel('Way to open it');
  // As much room as the text needs.
  const spare = await choice.evaluate(element => {
    const select = element as HTMLSelectElement;
    const twin = select.cloneNode() as HTMLSelectElement;
    twin.append(new Option(select.selectedOptions[0]!.label));
    twin.style.cssText = 'flex: none; position: absolute';
    select.after(twin);
    const px = twin.getBoundingClientRect().width;
    twin.remove();
    return select.getBoundingClientRect().width - px;
  });
  expect(spare).toBeGreaterThanOrEqual(0);
  await panel.expand('archive', 'wide/');
  await panel.name(panel.row('archive', 'wide/')).click();
  await panel.page.keyboard.type('p000999');
  const link = panel.row('archive', 'wide/', 'more').getByRole('button');
  await expect(link).toHaveText('Load more (1,000 of many)');
  await expect(link).toHaveCSS('text-overflow', 'ellipsis');
  const [end, tree] = [await boxOf(link), await boxOf(panel.tree)];
  expect(end.x + end.width).toBeLessThanOrEqual(tree.x + tree.width);
});

test('details describe an array, and show the raw document of a store', async () => {
  const { panel } = lab;
  const { details } = panel;
  await panel.select('js2', 'climate/reanalysis/surface.zarr/t2m/');
  await expect(details.getByRole('heading', { name: 't2m' })).toBeVisible();
  const fact = (name: string) =>
    details.getByRole('row', { name: new RegExp(`^${name} `) });
  await expect(fact('Shape')).toContainText('240 × 73 × 144 (10 MB)');
  await expect(fact('Chunks')).toContainText('60 × 73 × 72');
  await expect(fact('Chunks')).toContainText('8 pieces');
  await expect(details).toContainText('2 metre temperature');
  await panel.select('js2', 'climate/reanalysis/surface.zarr/');
  await details.getByText('zarr.json', { exact: true }).click();
  await expect(details).toContainText('"consolidated_metadata"');
});

test('a double toggle asks once, and collapsing takes the question back', async () => {
  const { page, panel } = lab;
  await page.context().route(/\/api\/children\?.*key=imagery/, async route => {
    await new Promise(resolve => setTimeout(resolve, 400));
    await route.continue().catch(() => undefined);
  });
  try {
    await panel.expand('js2');
    const asked = panel.requests('children');
    const row = panel.row('js2', 'imagery/');
    const ended = page.waitForEvent('requestfailed', request =>
      /key=imagery/.test(request.url())
    );
    await panel.twisty(row).click();
    await expect(row).toHaveAttribute('aria-busy', 'true');
    await panel.twisty(row).click();
    await expect(row).toHaveAttribute('aria-expanded', 'false');
    const failed = await ended;
    expect(failed.failure()?.errorText).toBe('net::ERR_ABORTED');
    expect(asked).toHaveLength(1);

    await panel.twisty(row).dblclick();
    await panel.twisty(row).click();
    await expect(
      panel.row('js2', 'imagery/microscope-scan.zarr/')
    ).toBeVisible();
    await panel.twisty(row).click();
    await panel.twisty(row).click();
    await expect(
      panel.row('js2', 'imagery/microscope-scan.zarr/')
    ).toBeVisible();
    // The third answer was remembered.
    expect(asked).toHaveLength(3);
  } finally {
    await page.context().unroute(/\/api\/children\?.*key=imagery/);
  }
});
