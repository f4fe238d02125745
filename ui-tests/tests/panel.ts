import { expect } from '@jupyterlab/galata';
import type { IJupyterLabPageFixture } from '@jupyterlab/galata';
import type { Locator, Request } from '@playwright/test';

export const API = '**/zarrbrowser/api/';

/**
 * What a row shows: a node, or something about what a container has.
 */
export type RowKind =
  'node' | 'more' | 'error' | 'note' | 'unknown' | 'empty' | 'prefix';

const ZARR = /dataset|group|array/;
const ANY = /./;

/**
 * The sidebar, as a person meets it: by roles and names; rows also by the key that they stand for.
 */
export class Panel {
  constructor(readonly page: IJupyterLabPageFixture) {
    this.root = page.getByRole('region', { name: 'Zarr Browser' });
    this.tree = this.root.getByRole('tree', { name: 'Object stores' });
    this.rows = this.tree.getByRole('treeitem');
    this.selected = this.tree.getByRole('treeitem', { selected: true });
    this.filter = this.root.getByRole('textbox', {
      name: 'Filter what is loaded by name'
    });
    this.details = this.root.getByRole('region', { name: 'Details' });
    this.address = this.root.getByRole('textbox', { name: /^URL, or path/ });
  }

  readonly root: Locator;
  readonly tree: Locator;
  /**
   * Rows that are in the page.
   */
  readonly rows: Locator;
  /**
   * The active row.
   */
  readonly selected: Locator;
  readonly filter: Locator;
  readonly details: Locator;
  /**
   * Box of "Go to".
   */
  readonly address: Locator;

  async open(): Promise<void> {
    await this.page.sidebar.openTab('jp-zarrbrowser-panel');
    await expect(this.tree).toBeVisible();
  }

  /**
   * Collapse everything, end filters, clear what lies over the page.
   */
  async reset(): Promise<void> {
    await this.filter.fill('');
    await this.button('Collapse all').click();
    await expect(this.tree.locator('[aria-expanded="true"]')).toHaveCount(0);
    await this.tree.evaluate(element => {
      element.scrollTop = 0;
    });
  }

  /**
   * Width of the sidebar, also below the least that JupyterLab's own style allows.
   */
  async setWidth(widthPx: number): Promise<void> {
    await this.page.evaluate(
      least =>
        document.documentElement.style.setProperty(
          '--jp-sidebar-min-width',
          least
        ),
      `${Math.min(widthPx, 250)}px`
    );
    // The split panel reads the least width when it is laid out.
    await this.page.sidebar.close('left');
    await this.open();
    await this.page.sidebar.setWidth(widthPx);
    await expect
      .poll(async () => Math.abs((await boxOf(this.root)).width - widthPx))
      .toBeLessThan(4);
  }

  button(name: string): Locator {
    return this.root.getByRole('button', { name, exact: true });
  }

  row(endpoint: string, key = '', kind: RowKind = 'node'): Locator {
    return this.tree.locator(
      `[role="treeitem"][data-rowkind="${kind}"][data-endpoint="${endpoint}"][data-key=${JSON.stringify(key)}]`
    );
  }

  /**
   * Expand what lies above a key, and the key itself where it is a container.
   */
  async expand(endpoint: string, key = ''): Promise<Locator> {
    const keys = [''];
    for (let at = key.indexOf('/'); at !== -1; at = key.indexOf('/', at + 1)) {
      keys.push(key.slice(0, at + 1));
    }
    for (const part of keys) {
      const row = await this.bring(endpoint, part);
      if ((await row.getAttribute('aria-expanded')) !== 'true') {
        await this.twisty(row).click();
      }
      await expect(row).toHaveAttribute('aria-expanded', 'true');
      await expect(row).not.toHaveAttribute('aria-busy');
    }
    return this.row(endpoint, key);
  }

  /**
   * Expand what lies above a key and select its row, once it has been found out what it is.
   */
  async select(
    endpoint: string,
    key = '',
    kind = key.endsWith('.zarr/') ? ZARR : ANY
  ): Promise<Locator> {
    const bare = key.endsWith('/') ? key.slice(0, -1) : key;
    if (key !== '') {
      await this.expand(endpoint, key.slice(0, bare.lastIndexOf('/') + 1));
    }
    const row = await this.bring(endpoint, key);
    await expect(row).toHaveAttribute('data-kind', kind);
    await this.name(row).click();
    await expect(row).toHaveAttribute('aria-selected', 'true');
    return row;
  }

  /**
   * Scroll until a row is visible. Only rows near to what is visible are in the page.
   */
  async bring(endpoint: string, key: string): Promise<Locator> {
    const row = this.row(endpoint, key);
    await expect(async () => {
      await this.tree.evaluate(async (tree, id) => {
        const isThere = () =>
          [...tree.querySelectorAll('[data-row]')].some(
            element => element.getAttribute('data-row') === id
          );
        const end = () => tree.scrollHeight - tree.clientHeight - 1;
        if (!isThere()) {
          tree.scrollTop = 0;
        }
        for (;;) {
          await new Promise(resolve =>
            requestAnimationFrame(() => requestAnimationFrame(resolve))
          );
          if (isThere() || tree.scrollTop >= end()) {
            return;
          }
          tree.scrollTop += tree.clientHeight;
        }
      }, `${endpoint}\n${key}`);
      await row.scrollIntoViewIfNeeded({ timeout: 300 });
    }).toPass({ timeout: 10_000 });
    return row;
  }

  twisty(row: Locator): Locator {
    return row.locator('.jp-ZarrBrowser-twisty');
  }

  name(row: Locator): Locator {
    return row.locator('.jp-ZarrBrowser-name');
  }

  /**
   * The grey part of a row.
   */
  meta(row: Locator): Locator {
    return row.locator('.jp-ZarrBrowser-meta');
  }

  /**
   * Open the context menu of a row with the pointer.
   */
  async menu(row: Locator): Promise<Locator> {
    await this.name(row).click({ button: 'right' });
    const menu = this.page.getByRole('menu').last();
    await expect(menu).toBeVisible();
    return menu;
  }

  /**
   * Names of the nodes that are in the page, from top to bottom.
   */
  names(): Promise<string[]> {
    return this.tree.locator('[data-rowkind="node"]').evaluateAll(elements =>
      elements
        .map(element => ({
          top: parseFloat((element as HTMLElement).style.top),
          name: element.querySelector('.jp-ZarrBrowser-name')?.textContent ?? ''
        }))
        .sort((one, other) => one.top - other.top)
        .map(({ name }) => name)
    );
  }

  /**
   * Open the box of "Go to" and take it to an address.
   */
  async goTo(address: string): Promise<void> {
    if (!(await this.address.isVisible())) {
      await this.button('Go to a URL or path').click();
    }
    await this.address.fill(address);
    await this.address.press('Enter');
  }

  /**
   * Requests of the panel to its server, of one route, from now on.
   */
  requests(route: string): Request[] {
    const seen: Request[] = [];
    this.page.on('request', request => {
      if (
        new URL(request.url()).pathname.endsWith(`/zarrbrowser/api/${route}`)
      ) {
        seen.push(request);
      }
    });
    return seen;
  }

  /**
   * Let go of a row over another place of the page.
   */
  async drag(
    row: Locator,
    target: Locator,
    at: 'middle' | 'top' | 'bottom'
  ): Promise<void> {
    const { mouse } = this.page;
    await this.name(row).hover();
    await mouse.down();
    const from = await boxOf(this.name(row));
    await mouse.move(from.x + 30, from.y + 4, { steps: 4 });
    // The drag begins once the code is here.
    await expect(this.page.locator('body')).toHaveClass(
      /jp-ZarrBrowser-dragging/
    );
    const to = await boxOf(target);
    const y = {
      top: to.y + 4,
      middle: to.y + to.height / 2,
      bottom: to.y + to.height - 40
    }[at];
    await mouse.move(to.x + to.width / 2, y, { steps: 8 });
    await mouse.move(to.x + to.width / 2 + 2, y, { steps: 2 });
    await mouse.up();
    await expect(this.page.locator('body')).not.toHaveClass(
      /jp-ZarrBrowser-dragging/
    );
  }
}

export async function boxOf(
  target: Locator
): Promise<{ x: number; y: number; width: number; height: number }> {
  const box = await target.boundingBox();
  if (!box) {
    throw new Error('It is not visible.');
  }
  return box;
}
