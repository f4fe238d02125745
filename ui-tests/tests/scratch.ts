import { expect } from '@jupyterlab/galata';
import type { IJupyterLabPageFixture } from '@jupyterlab/galata';
import type { Locator } from '@playwright/test';

import { API } from './panel';
import type { IScratchLocations, IUsage, IUsageRow } from '../../src/wire';

/**
 * The tab that shows what a scratch, or any container, weighs.
 */
export class UsageTab {
  constructor(
    readonly page: IJupyterLabPageFixture,
    name: 'Scratch' | 'Usage' = 'Scratch'
  ) {
    this.root = page.getByRole('region', { name, exact: true });
    this.grid = this.root.getByRole('grid');
    this.search = this.root.getByRole('textbox', { name: 'Search by name' });
    this.total = this.root.getByRole('region', { name: 'In total' });
    this.selected = this.root.getByRole('region', { name: 'Selected item' });
    this.jobs = this.root.getByRole('list', { name: 'Jobs under way' });
    this.path = this.root.getByRole('navigation', { name: 'Place' });
    this.dialog = page.locator('.jp-Dialog');
  }

  readonly root: Locator;
  readonly grid: Locator;
  readonly search: Locator;
  readonly total: Locator;
  readonly selected: Locator;
  readonly jobs: Locator;
  readonly path: Locator;
  readonly dialog: Locator;

  button(name: string | RegExp): Locator {
    return this.root.getByRole('button', { name, exact: true });
  }

  row(key: string): Locator {
    return this.grid.locator(`[role="row"][data-key=${JSON.stringify(key)}]`);
  }

  cell(key: string, column: string): Locator {
    return this.row(key).locator(`[data-column="${column}"]`);
  }

  async select(key: string): Promise<void> {
    await this.row(key).click();
    await expect(this.row(key)).toHaveAttribute('aria-selected', 'true');
  }

  /**
   * Count what is shown, and wait for the end.
   */
  async count(): Promise<void> {
    const started = this.page.waitForResponse(
      response =>
        response.request().method() === 'POST' &&
        response.url().includes('/zarrbrowser/api/jobs')
    );
    await this.root.getByRole('button', { name: /^Count( again)?$/ }).click();
    await started;
    await expect(this.root.getByText('so far')).toHaveCount(0);
    await expect(this.total).toBeVisible();
  }

  /**
   * Names of the rows in the page, from top to bottom.
   */
  names(): Promise<string[]> {
    return this.grid.locator('[role="row"][data-index]').evaluateAll(elements =>
      elements
        .map(element => ({
          at: Number(element.getAttribute('data-index')),
          name: element.querySelector('.jp-ZarrUsage-name')?.textContent ?? ''
        }))
        .sort((one, other) => one.at - other.at)
        .map(({ name }) => name)
    );
  }
}

/**
 * Let the server's answer about the scratch say something else, until the result is called.
 */
export async function withScratch(
  page: IJupyterLabPageFixture,
  change: (answer: IScratchLocations) => void
): Promise<() => Promise<void>> {
  const pattern = `${API}scratch*`;
  await page.context().route(pattern, async route => {
    const response = await route.fetch();
    const answer = (await response.json()) as IScratchLocations;
    change(answer);
    await route.fulfill({ response, json: answer });
  });
  return () => page.context().unroute(pattern);
}

const HOUR_MS = 3_600_000;

function inHours(hours: number): string {
  return new Date(Date.now() + hours * HOUR_MS)
    .toISOString()
    .replace(/\.\d+Z$/, 'Z');
}

export function fakeRow(
  name: string,
  bytes: number,
  more: Partial<IUsageRow> = {}
): IUsageRow {
  return {
    key: `ada/${name}`,
    name: name.replace(/\/$/, ''),
    kind: name.endsWith('.zarr/')
      ? 'dataset'
      : name.endsWith('/')
        ? 'folder'
        : 'object',
    objects: Math.max(1, Math.round(bytes / 4_000_000)),
    bytes,
    oldestAt: inHours(-96),
    newestAt: inHours(-20),
    expiresAt: inHours(80),
    goneAt: inHours(160),
    expiringObjects: 0,
    expiringBytes: 0,
    chunks: null,
    damage: null,
    missingDocuments: 0,
    ...more
  };
}

/**
 * What a busy scratch looks like: terabytes, things that go soon, things that are partly gone.
 */
export function busyUsage(rows: IUsageRow[] = busyRows()): IUsage {
  const sum = (of: (row: IUsageRow) => number) =>
    rows.reduce((total, row) => total + of(row), 0);
  return {
    endpoint: 'scratch',
    key: 'ada/',
    objects: sum(row => row.objects),
    bytes: sum(row => row.bytes),
    isLowerBound: false,
    rows,
    otherRows: 0,
    otherObjects: 0,
    otherBytes: 0,
    asOf: inHours(0),
    oldestAt: inHours(-160),
    newestAt: inHours(-2),
    expiresAt: inHours(9),
    expiringObjects: sum(row => row.expiringObjects),
    expiringBytes: sum(row => row.expiringBytes),
    lifetimeDays: 7,
    lifetimeSource: 'bucket',
    requests: 512,
    durationS: 2.4,
    before: [
      { asOf: inHours(-2), objects: 1, bytes: 1_280_000_000_000 },
      { asOf: inHours(-25), objects: 1, bytes: 1_210_000_000_000 }
    ]
  };
}

function busyRows(): IUsageRow[] {
  return [
    fakeRow('ERA5_hourly_single_levels_0p25deg_rechunked.zarr/', 612e9, {
      expiresAt: inHours(9),
      expiringObjects: 14_320,
      expiringBytes: 58e9,
      chunks: {
        expected: 160_000,
        present: 160_000,
        arrays: 6,
        verdict: 'complete',
        gone: 0
      }
    }),
    fakeRow('cmip6-downscaled.zarr/', 301e9, {
      expiresAt: inHours(-3),
      goneAt: inHours(30),
      expiringObjects: 40_300,
      expiringBytes: 161e9,
      chunks: {
        expected: 96_000,
        present: 71_204,
        arrays: 4,
        verdict: 'deleted',
        gone: 24_796
      }
    }),
    fakeRow('dask-worker-space/', 182e9),
    fakeRow('goes16-mosaic.zarr/', 96e9, {
      chunks: {
        expected: 4_096,
        present: 1_204,
        arrays: 1,
        verdict: 'never_written',
        gone: 0
      }
    }),
    fakeRow('training-tiles/', 61e9),
    fakeRow('weights-epoch-41.pt', 12.4e9),
    fakeRow('sst-anomaly.zarr/', 9.1e9, {
      chunks: {
        expected: 900,
        present: 512,
        arrays: 2,
        verdict: 'unknown',
        gone: 0
      }
    }),
    fakeRow('bathymetry.nc', 3.2e9, { expiresAt: inHours(130) }),
    ...Array.from({ length: 14 }, (_, at) =>
      fakeRow(`run-${String(at + 1).padStart(2, '0')}/`, 2.2e9 / (at + 1))
    ),
    fakeRow('notes.md', 2_210)
  ];
}
