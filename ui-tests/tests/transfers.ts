import type { IJupyterLabPageFixture } from '@jupyterlab/galata';
import type { Locator } from '@playwright/test';

import { boxOf } from './panel';

/**
 * A file as a page makes it: text, or a number of bytes.
 */
export interface IMade {
  readonly name: string;
  readonly content: string | number;
}

/**
 * The section of the panel that lists what moves.
 */
export class TransferSection {
  constructor(readonly page: IJupyterLabPageFixture) {
    this.root = page
      .getByRole('region', { name: 'Zarr Browser' })
      .getByRole('region', { name: 'Transfers' });
    this.items = this.root.locator('.jp-ZarrUpload-item');
    this.dialog = page.locator('.jp-Dialog');
    this.hint = page.locator('.jp-ZarrUpload-hint');
  }

  readonly root: Locator;
  readonly items: Locator;
  readonly dialog: Locator;
  /**
   * What would happen if what is dragged were let go of.
   */
  readonly hint: Locator;

  item(name: string): Locator {
    return this.items.filter({ hasText: name });
  }

  button(name: string): Locator {
    return this.root.getByRole('button', { name, exact: true });
  }

  answer(name: string): Locator {
    return this.dialog.getByRole('button', { name, exact: true });
  }

  async clear(): Promise<void> {
    if (await this.button('Clear').isVisible()) {
      await this.button('Clear').click();
    }
  }

  /**
   * Drag files that the page makes over a row; `isDropped` lets go of them.
   */
  drag(
    target: Locator,
    files: readonly IMade[],
    isDropped: boolean
  ): Promise<void> {
    return target.evaluate(
      (element, [made, drops]) => {
        const transfer = new DataTransfer();
        for (const { name, content } of made) {
          const body =
            typeof content === 'number'
              ? new Uint8Array(content).map((_, at) => (at * 31) & 0xff)
              : content;
          transfer.items.add(
            new File([body], name, { lastModified: 1_790_000_000_000 })
          );
        }
        const fire = (type: string) => {
          const event = new DragEvent(type, {
            bubbles: true,
            cancelable: true,
            dataTransfer: transfer
          });
          element.dispatchEvent(event);
        };
        fire('dragenter');
        fire('dragover');
        if (drops) {
          fire('drop');
        }
      },
      [files, isDropped] as const
    );
  }

  drop(target: Locator, ...files: IMade[]): Promise<void> {
    return this.drag(target, files, true);
  }

  /**
   * Drag what lies on the computer over a row, as a person does, and let go of it.
   */
  async dropPaths(target: Locator, paths: readonly string[]): Promise<void> {
    // Galata's page is not one that a session can be had for.
    const context = this.page.context();
    const session = await context.newCDPSession(context.pages()[0]!);
    const box = await boxOf(target);
    const at = { x: box.x + 60, y: box.y + box.height / 2 };
    const data = { items: [], files: [...paths], dragOperationsMask: 1 };
    for (const type of ['dragEnter', 'dragOver', 'drop'] as const) {
      await session.send('Input.dispatchDragEvent', { type, ...at, data });
    }
    await session.detach();
  }
}
