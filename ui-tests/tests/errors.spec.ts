import type { Route } from '@playwright/test';

import { expect, reload, test, sharedLab } from './lab';
import { API, boxOf } from './panel';

const lab = sharedLab();

test.beforeEach(() => lab.panel.reset());

test('a dead endpoint says what is wrong, what to do, and tries again', async () => {
  const { page, panel } = lab;
  await panel.twisty(panel.row('old')).click();
  const error = panel.row('old', '', 'error');
  await expect(error).toContainText('Old cluster refused the connection.');
  await expect(error).toContainText('Check the address of the endpoint');
  await expect(error).toBeInViewport({ ratio: 1 });

  const asked = panel.requests('children');
  await error.getByRole('button', { name: 'Retry' }).click();
  await expect.poll(() => asked.length).toBe(1);
  await expect(panel.row('old')).not.toHaveAttribute('aria-busy');
  await expect(error).toContainText('refused the connection');
  // By keyboard, too: the message is a row.
  await panel.tree.focus();
  await panel.name(panel.row('old')).click();
  await page.keyboard.press('ArrowDown');
  await expect(error).toHaveAttribute('aria-selected', 'true');
  await page.keyboard.press('Enter');
  await expect.poll(() => asked.length).toBe(2);
  await expect(panel.row('old')).not.toHaveAttribute('aria-busy');
  // Whoever collapses it has read it; the sign on the row stays.
  await panel.twisty(panel.row('old')).click();
  await expect(error).toHaveCount(0);
  await expect(panel.row('old', '', 'note')).toHaveCount(0);
  await expect(panel.row('old')).toHaveAttribute(
    'title',
    /refused the connection/
  );
  // It bothers nobody else.
  await panel.expand('js2', 'climate/');
  await expect(panel.row('js2', 'climate/reanalysis/')).toHaveCount(1);
});

test('where listing is forbidden the row says so, and what to do', async () => {
  const { panel } = lab;
  await panel.twisty(panel.row('locked')).click();
  const error = panel.row('locked', '', 'error');
  await expect(error).toContainText('does not allow these credentials to list');
  await expect(error).toContainText('use Go to');
  await expect(panel.details).toContainText('does not allow these credentials');
});

test('a web server without index says that it does not list', async () => {
  const { panel } = lab;
  await panel.twisty(panel.row('web')).click();
  const note = panel.row('web', '', 'note');
  await expect(note).toContainText('does not list its folders');
  await expect(note).toContainText('Use Go to');
  await expect(panel.details.getByRole('note')).toContainText('Use Go to');
  // Nothing is wrong, so nothing warns.
  await expect(panel.details.getByRole('alert')).toHaveCount(0);
  for (const place of [note, panel.row('web')]) {
    await expect(
      place.locator('[data-icon="zarrbrowser:problem"]')
    ).toHaveCount(0);
  }
  await expect(note.getByRole('button')).toHaveCount(0);
});

for (const widthPx of [220, 300, 420]) {
  test(`messages get the room that they need at ${widthPx} pixels`, async () => {
    const { panel } = lab;
    await panel.setWidth(widthPx);
    for (const [endpoint, kind] of [
      ['old', 'error'],
      ['locked', 'error'],
      ['web', 'note']
    ] as const) {
      await panel.twisty(panel.row(endpoint)).click();
      const message = panel.row(endpoint, '', kind);
      await expect(message).toBeVisible();
      const { wastedPx, rowPx } = await message.evaluate(row => {
        const parts = [
          row.querySelector('.jp-ZarrBrowser-rowWords')!,
          row.querySelector('button')
        ];
        const style = getComputedStyle(
          row.querySelector('.jp-ZarrBrowser-rowMessage')!
        );
        let neededPx =
          parseFloat(style.paddingTop) + parseFloat(style.paddingBottom);
        for (const part of parts) {
          if (part) {
            // What is cut off counts, too.
            neededPx +=
              Math.max(part.scrollHeight, (part as HTMLElement).offsetHeight) +
              parseFloat(getComputedStyle(part).marginTop);
          }
        }
        return {
          wastedPx: (row as HTMLElement).offsetHeight - neededPx,
          rowPx: document.querySelector<HTMLElement>(
            '.jp-ZarrBrowser-row[data-rowkind="node"]'
          )!.offsetHeight
        };
      });
      expect(wastedPx, endpoint).toBeGreaterThanOrEqual(0);
      expect(wastedPx, endpoint).toBeLessThan(rowPx);
      await panel.twisty(panel.row(endpoint)).click();
    }
  });
}

test('an empty folder says so', async () => {
  const { panel } = lab;
  await panel.expand('files', 'empty/');
  await expect(panel.row('files', 'empty/', 'empty')).toHaveText('Empty');
});

test('broken stores hide no siblings, say why, and show their raw document', async () => {
  const { panel } = lab;
  await panel.expand('js2', 'samples/broken/');
  const broken = panel.row('js2', 'samples/broken/invalid-json.zarr/');
  await expect(broken).toHaveAttribute('title', /zarr\.json is not valid JSON/);
  for (const name of [
    'both-formats',
    'implicit-group',
    'string-codecs',
    'unknown-grid'
  ]) {
    const row = await panel.bring('js2', `samples/broken/${name}.zarr/`);
    await expect(row).toHaveAttribute('data-kind', /group|dataset/);
  }
  await panel.select('js2', 'samples/broken/invalid-json.zarr/', /folder/);
  await expect(panel.details.getByRole('alert')).toContainText(
    'zarr.json is not valid JSON'
  );
  await panel.details.getByText('zarr.json', { exact: true }).click();
  await expect(panel.details.locator('pre').last()).toHaveText(
    '{"zarr_format": 3, "node_type": "gro'
  );
  // What lies in it is there nevertheless.
  await panel.expand('js2', 'samples/broken/invalid-json.zarr/');
  await expect(
    panel.row('js2', 'samples/broken/invalid-json.zarr/good/')
  ).toHaveAttribute('data-kind', 'array');
});

test('a broken array stands beside a good one', async () => {
  const { panel } = lab;
  await panel.expand('js2', 'samples/broken/unknown-codec.zarr/');
  const at = 'samples/broken/unknown-codec.zarr/';
  await expect(panel.row('js2', `${at}good/`)).toHaveAttribute(
    'data-kind',
    'array'
  );
  await panel.select('js2', `${at}bad/`);
  await expect(panel.details).toContainText('example.org/wavelet');
});

test.describe('while the server answers slowly', () => {
  test('the row is busy, and its siblings are not', async () => {
    const { page, panel } = lab;
    let release = () => undefined as void;
    const held = new Promise<void>(resolve => {
      release = resolve;
    });
    const pattern = /\/api\/children\?.*endpoint=archive/;
    await page.context().route(pattern, async route => {
      await held;
      await route.continue();
    });
    const row = panel.row('archive');
    await panel.twisty(row).click();
    await expect(row).toHaveAttribute('aria-busy', 'true');
    await expect(row).toHaveAttribute('aria-expanded', 'true');
    await panel.expand('js2', 'imagery/');
    await expect(
      panel.row('js2', 'imagery/microscope-scan.zarr/')
    ).toBeVisible();
    await expect(row).toHaveAttribute('aria-busy', 'true');
    release();
    await expect(row).not.toHaveAttribute('aria-busy');
    await expect(panel.row('archive', 'demo/')).toHaveCount(1);
    await page.context().unroute(pattern);
  });
});

test.describe('when what answers is not the extension', () => {
  const fail = async (
    answer: (route: Route) => Promise<void>
  ): Promise<void> => {
    const { page, panel } = lab;
    await panel.expand('files');
    const menu = await panel.menu(panel.row('files'));
    await page.context().route(`${API}**`, answer);
    await menu.getByRole('menuitem', { name: 'Refresh', exact: true }).click();
    // What was there stays.
    await expect(panel.row('files', '', 'error')).toBeVisible();
    await expect(panel.row('files', 'data/')).toHaveCount(1);
  };

  test.afterEach(async () => {
    const { page, panel } = lab;
    await page.context().unroute(`${API}**`);
    // All of it is over once the server answers again.
    await panel
      .row('files', '', 'error')
      .getByRole('button', { name: 'Retry' })
      .click();
    await expect(panel.row('files', 'data/')).toHaveCount(1);
    await expect(panel.row('files', '', 'error')).toHaveCount(0);
  });

  for (const [what, answer, words] of [
    [
      'our own error',
      {
        status: 500,
        json: {
          code: 'internal',
          message: 'The server failed; its log says more.',
          hint: 'Tell your administrator.',
          retryable: true,
          requestId: 'abc'
        }
      },
      ['The server failed; its log says more.', 'Tell your administrator.']
    ],
    [
      'a login page',
      {
        status: 200,
        contentType: 'text/html',
        body: '<html><title>Log in</title></html>'
      },
      ['Something between this page and Zarr Browser answered']
    ],
    [
      'a hub that wants a login',
      {
        status: 403,
        contentType: 'text/html',
        body: '<html><title>Log in</title></html>'
      },
      ['The Jupyter server asks for a login.', 'log in again']
    ],
    [
      'a proxy',
      { status: 502, contentType: 'text/html', body: '<h1>Bad gateway</h1>' },
      ['Something between this page and Zarr Browser answered (status 502).']
    ],
    [
      'Jupyter without the extension',
      { status: 404, json: { message: 'Not Found', reason: null } },
      [
        'The server part of Zarr Browser is not running.',
        'jupyter server extension enable jupyterlab_zarrbrowser'
      ]
    ]
  ] as const) {
    test(`${what}: the row says who answered and what to do`, async () => {
      await fail(route => route.fulfill(answer));
      const error = lab.panel.row('files', '', 'error');
      for (const part of words) {
        await expect(error).toContainText(part);
      }
    });
  }

  test('nothing answers: the row says so', async () => {
    await fail(route => route.abort('connectionrefused'));
    await expect(lab.panel.row('files', '', 'error')).toContainText(
      'The Jupyter server does not answer.'
    );
  });
});

test.describe('from the start', () => {
  test.afterEach(async () => {
    await lab.page.context().unroute(`${API}endpoints*`);
    await reload(lab);
    await expect(lab.panel.tree).toBeVisible();
  });

  test('without the server extension the panel says how to enable it, and recovers', async () => {
    const { page, panel } = lab;
    await page
      .context()
      .route(`${API}endpoints*`, route =>
        route.fulfill({ status: 404, json: { message: 'Not Found' } })
      );
    await reload(lab);
    const alert = panel.root.getByRole('alert');
    await expect(alert).toContainText(
      'The server part of Zarr Browser is not running.'
    );
    await alert.getByRole('button', { name: 'Copy command' }).click();
    await expect
      .poll(() => page.evaluate(() => navigator.clipboard.readText()))
      .toBe('jupyter server extension enable jupyterlab_zarrbrowser');
    await page.context().unroute(`${API}endpoints*`);
    await alert.getByRole('button', { name: 'Retry' }).click();
    await expect(panel.row('js2')).toBeVisible();
    await expect(alert).toHaveCount(0);
  });

  test('what is wrong with the configuration stands above the endpoints that are well', async () => {
    const { page, panel } = lab;
    const problem = {
      code: 'bad_configuration',
      message: 'Endpoint 2: Object contains unknown field `profle`',
      hint: 'Correct c.ZarrBrowser.endpoints and restart the server.',
      retryable: false
    };
    await page.context().route(`${API}endpoints*`, async route => {
      const response = await route.fetch();
      await route.fulfill({
        response,
        json: { ...(await response.json()), problem }
      });
    });
    await reload(lab);
    await expect(panel.row('js2')).toBeVisible();
    const alert = panel.root.getByRole('alert');
    await expect(alert).toContainText('unknown field `profle`');
    // The same question has the same answer.
    await expect(alert.getByRole('button')).toHaveCount(0);
    const [box, tree] = [await boxOf(alert), await boxOf(panel.tree)];
    expect(box.y + box.height).toBeLessThanOrEqual(tree.y);
    await panel.expand('js2', 'climate/');
    await expect(panel.row('js2', 'climate/reanalysis/')).toBeVisible();
  });

  test('without any endpoint it shows how to configure one', async () => {
    const { page, panel } = lab;
    await page
      .context()
      .route(`${API}endpoints*`, route =>
        route.fulfill({ json: { endpoints: [] } })
      );
    await reload(lab);
    await expect(panel.root).toContainText('No object stores yet');
    await expect(panel.root).toContainText('c.ZarrBrowser.endpoints = [');
    await page.context().unroute(`${API}endpoints*`);
    await panel.button('Look again').click();
    await expect(panel.row('js2')).toBeVisible();
  });
});
