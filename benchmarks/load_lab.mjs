// Loads two JupyterLabs in turns and prints how long each takes until its shell is restored.
// node load_lab.mjs ROUNDS URL_WITHOUT URL_WITH
import { existsSync } from 'fs';
import { chromium } from '@playwright/test';

const [rounds, ...urls] = process.argv.slice(2);
const system = [process.env.ZB_CHROMIUM, '/usr/bin/chromium'].find(
  path => path && existsSync(path)
);
const browser = await chromium.launch({
  executablePath: system,
  args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking']
});
const times = urls.map(() => []);
for (let round = 0; round <= Number(rounds); round++) {
  for (const [index, url] of urls.entries()) {
    const context = await browser.newContext();
    const page = await context.newPage();
    await page.goto(url);
    await page.waitForFunction(() => globalThis.jupyterapp !== undefined);
    const ready = await page.evaluate(async () => {
      await globalThis.jupyterapp.restored;
      return performance.now();
    });
    // The first round fills the servers' and the file system's caches.
    if (round > 0) {
      times[index].push(ready);
    }
    await context.close();
  }
}
await browser.close();
const median = list => [...list].sort((a, b) => a - b)[list.length >> 1];
const differences = times[0].map((before, round) => times[1][round] - before);
console.log(
  `JupyterLab ready: without ${median(times[0]).toFixed(0)} ms, with ${median(times[1]).toFixed(0)} ms; ` +
    `median of the ${rounds} paired differences ${median(differences).toFixed(0)} ms`
);
