import { expect, galata, test } from '@jupyterlab/galata';
import type { IJupyterLabPageFixture } from '@jupyterlab/galata';
import type { JSONObject } from '@lumino/coreutils';
import { randomUUID } from 'crypto';
import * as path from 'path';

import { NotebookProbe } from './notebook';
import { Panel } from './panel';

export { expect, test };

export type LabPage = IJupyterLabPageFixture;

/**
 * What the browser says on the console whatever the extension does: answers that a test itself made fail, and JupyterLab's own.
 */
const NOT_OURS = [
  /Failed to load resource/,
  // JupyterLab polls terminals, which this server may not have.
  /terminado/,
  // A kernel that starts while what it starts for is closed.
  /^Error: Disposed\n\s+at \S+ \(\S+\/jlab_core\./,
  /Canceled future for \w+ message before replies were done/,
  // A notebook that is closed while it is drawn.
  /^TypeError: Cannot read properties of null \(reading 'observe'\)\n\s+at \S+\/jlab_core\./
];

/**
 * JupyterLab as it comes, without the fonts that Galata sets, and quiet.
 */
const PLAIN = {
  '@jupyterlab/apputils-extension:notification': {
    checkForUpdates: false,
    fetchNews: 'false'
  },
  '@jupyterlab/codemirror-extension:plugin': {
    defaultConfig: { cursorBlinkRate: 0 }
  }
};

export interface ILab {
  readonly page: LabPage;
  readonly panel: Panel;
  readonly notebook: NotebookProbe;
  /**
   * Folder below the server's root that belongs to this file.
   */
  readonly folder: string;
}

/**
 * Close what is open in the main area, saved or not.
 */
export async function closeAll(page: LabPage): Promise<void> {
  await page.evaluate(() => {
    const widgets = [...window.jupyterapp.shell.widgets('main')];
    // Hidden ones first: JupyterLab's toolbars fail where one is shown only to be closed.
    for (const widget of [
      ...widgets.filter(({ isVisible }) => !isVisible),
      ...widgets.filter(({ isVisible }) => isVisible)
    ]) {
      widget.dispose();
    }
  });
}

/**
 * Load the page again and show the panel.
 */
export async function reload({ page, panel }: ILab): Promise<void> {
  // Galata's own waits for a launcher that need not come back.
  const options: object = { waitForIsReady: false };
  await page.reload(options);
  await page.locator('#jupyterlab-splash').waitFor({ state: 'detached' });
  await page.sidebar.openTab('jp-zarrbrowser-panel');
  await expect(panel.root).toBeVisible();
}

/**
 * Run a command of JupyterLab and wait until it is done.
 */
export async function run(
  page: LabPage,
  command: string,
  args: JSONObject = {}
): Promise<void> {
  await page.evaluate(
    async ([id, values]) => {
      // What it returns is often a widget, which cannot leave the page.
      await window.jupyterapp.commands.execute(id, values);
    },
    [command, args] as const
  );
}

/**
 * Choose a command by its label from the command palette, by keyboard.
 *
 * The palette closes whenever a command runs, and JupyterLab runs some while a kernel starts: then it is opened again.
 */
export async function runFromPalette(
  page: LabPage,
  label: string,
  expectDone: () => Promise<void>
): Promise<void> {
  const palette = page.locator('#modal-command-palette');
  await expect(async () => {
    await page.keyboard.press('Control+Shift+C');
    await palette.locator('input').fill(label, { timeout: 1000 });
    await expect(
      palette.locator('.lm-CommandPalette-item.lm-mod-active')
    ).toContainText(label, { timeout: 1000 });
    await page.keyboard.press('Enter');
    await expect(palette).toBeHidden();
    await expectDone();
  }).toPass();
}

/**
 * Hold requests back. The result lets them go, and all that come after.
 */
export async function hold(
  page: LabPage,
  pattern: RegExp
): Promise<() => Promise<void>> {
  let release = () => undefined as void;
  const held = new Promise<void>(resolve => {
    release = resolve;
  });
  const under: Promise<void>[] = [];
  await page.context().route(pattern, route => {
    const done = held.then(() => route.continue());
    under.push(done);
    return done;
  });
  return async () => {
    release();
    await Promise.all(under);
    await page.context().unroute(pattern);
  };
}

/**
 * One page for all tests of a file: opening JupyterLab takes longer than most tests. Each test puts the panel and the
 * notebook into the state that it needs.
 *
 * A test fails where the page has reported an error.
 */
export function sharedLab(options: { isPlain?: boolean } = {}): ILab {
  let open: ILab | null = null;
  let sessions: string[] = [];
  const errors: string[] = [];

  test.beforeAll(
    async ({ browser, baseURL, request, waitForApplication }, info) => {
      const folder = `${path.basename(info.file, '.spec.ts')}-${randomUUID().slice(0, 8)}`;
      await galata.newContentsHelper(request).createDirectory(folder);
      const made = await galata.newPage({
        browser,
        baseURL: baseURL!,
        tmpPath: folder,
        waitForApplication,
        ...(options.isPlain ? { mockSettings: PLAIN } : {})
      });
      const { page } = made;
      page.on('console', message => {
        if (message.type() === 'error') {
          errors.push(`${message.text()} (${message.location().url})`);
        }
      });
      page.on('pageerror', error => errors.push(String(error.stack ?? error)));
      await page
        .context()
        .grantPermissions(['clipboard-read', 'clipboard-write']);
      page.on('response', response => {
        if (/\/api\/sessions\b/.test(response.url())) {
          sessions = [...(made.sessions?.keys() ?? [])];
        }
      });
      open = {
        page,
        panel: new Panel(page),
        notebook: new NotebookProbe(page, folder),
        folder
      };
      await open.panel.open();
    }
  );

  test.afterEach(() => {
    const ours = errors.filter(text => !NOT_OURS.some(one => one.test(text)));
    errors.length = 0;
    expect(ours, 'errors on the console').toEqual([]);
  });

  test.afterAll(async ({ request }) => {
    const { page, folder } = open ?? {};
    open = null;
    const context = page?.context();
    for (const each of context?.pages() ?? []) {
      // What Galata answers in the server's place may be under way.
      await each.unrouteAll({ behavior: 'ignoreErrors' });
    }
    await context?.close();
    if (sessions.length > 0) {
      await galata.Mock.clearRunners(request, sessions, 'sessions');
    }
    if (folder) {
      await galata.newContentsHelper(request).deleteDirectory(folder);
    }
  });

  return new Proxy({} as ILab, {
    get: (_, name: keyof ILab) => {
      if (!open) {
        throw new Error('The page is open inside of tests only.');
      }
      return open[name];
    }
  });
}
