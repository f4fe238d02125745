import { expect, galata } from '@jupyterlab/galata';
import type { IJupyterLabPageFixture } from '@jupyterlab/galata';
import type { Locator } from '@playwright/test';
import type { NotebookPanel } from '@jupyterlab/notebook';

export interface ICellState {
  readonly source: string;
  /**
   * `[3]`, as the execution count says; null for what has not run.
   */
  readonly count: number | null;
}

/**
 * The notebook of a file of tests: made anew in an instant, and read as its model has it.
 */
export class NotebookProbe {
  constructor(
    private readonly _page: IJupyterLabPageFixture,
    private readonly _folder: string
  ) {}

  /**
   * Open a notebook with these code cells and make the one at `active` the active one.
   */
  async open(sources: readonly string[], active = 0): Promise<void> {
    const path = `${this._folder}/analysis.ipynb`;
    if (!(await this._page.contents.fileExists(path))) {
      await this._page.contents.uploadContent(
        JSON.stringify(galata.Notebook.makeNotebook([])),
        'text',
        path
      );
    }
    await this._page.evaluate(
      async ([at, cells, index]) => {
        const { commands, shell } = window.jupyterapp;
        const panel = (await commands.execute('docmanager:open', {
          path: at
        })) as NotebookPanel;
        await panel.context.ready;
        await panel.revealed;
        shell.activateById(panel.id);
        const { sharedModel } = panel.content.model!;
        sharedModel.transact(() => {
          sharedModel.deleteCellRange(0, sharedModel.cells.length);
          sharedModel.insertCells(
            0,
            cells.map(source => ({ cell_type: 'code' as const, source }))
          );
        });
        sharedModel.clearUndoHistory();
        panel.content.activeCellIndex = index;
        panel.content.deselectAll();
        panel.content.mode = 'command';
      },
      [path, sources, active] as const
    );
    await expect.poll(() => this.sources()).toEqual(sources);
  }

  /**
   * Cells of the current widget, which must be a notebook.
   */
  cells(): Promise<ICellState[]> {
    return this._page.evaluate(() => {
      const panel = window.jupyterapp.shell.currentWidget as NotebookPanel;
      return panel.content.model!.sharedModel.cells.map(cell => ({
        source: cell.getSource(),
        count: 'execution_count' in cell ? cell.execution_count : null
      }));
    });
  }

  async sources(): Promise<string[]> {
    return (await this.cells()).map(({ source }) => source);
  }

  /**
   * Index of the active cell of the current widget.
   */
  activeIndex(): Promise<number> {
    return this._page.evaluate(
      () =>
        (window.jupyterapp.shell.currentWidget as NotebookPanel).content
          .activeCellIndex
    );
  }

  /**
   * The visible notebook's cell.
   */
  cell(index: number): Locator {
    return this._page
      .locator('.jp-NotebookPanel:not(.lm-mod-hidden)')
      .locator(`.jp-Cell[data-windowed-list-index="${index}"]`);
  }

  /**
   * What a cell that has run printed.
   */
  output(index: number): Locator {
    return this.cell(index).locator('.jp-OutputArea-output');
  }

  /**
   * Wait until the cell has run, which the first time includes the start of a kernel and its imports.
   */
  async waitForRun(index: number): Promise<void> {
    await expect
      .poll(async () => (await this.cells())[index]?.count ?? 0, {
        timeout: 45_000
      })
      .toBeGreaterThan(0);
    await expect(
      this.cell(index).locator(
        '[data-mime-type="application/vnd.jupyter.error"], [data-mime-type="application/vnd.jupyter.stderr"]'
      )
    ).toHaveCount(0);
  }
}
