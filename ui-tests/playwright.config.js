const fs = require('fs');
const path = require('path');

const base = require('@jupyterlab/galata/lib/playwright-config');

const port = process.env.ZB_UI_PORT || '8899';
const python = process.env.ZB_PYTHON || 'python';
// Without a system browser, the one that Playwright installed is used.
const chromium = [process.env.ZB_CHROMIUM, '/usr/bin/chromium'].find(
  candidate => candidate && fs.existsSync(candidate)
);

module.exports = {
  ...base,
  testDir: path.join(__dirname, 'tests'),
  outputDir: path.join(__dirname, 'test-results'),
  reporter: [
    ['list'],
    [
      'html',
      { open: 'never', outputFolder: path.join(__dirname, 'results', 'report') }
    ]
  ],
  forbidOnly: Boolean(process.env.CI),
  retries: process.env.CI ? 1 : 0,
  workers: 1,
  use: {
    ...base.use,
    baseURL: `http://127.0.0.1:${port}`,
    // Recording makes each step take twice as long.
    trace: 'on-first-retry',
    screenshot: 'only-on-failure',
    video: 'off',
    actionTimeout: 10000,
    launchOptions: {
      executablePath: chromium,
      args: [
        '--headless',
        '--no-sandbox',
        '--disable-gpu',
        '--disable-quic',
        '--no-first-run',
        '--disable-background-networking',
        '--disable-component-update',
        '--disable-sync'
      ]
    }
  },
  webServer: [
    {
      // Starts the stores, fills them, and then JupyterLab, which is what the tests wait for.
      command: `"${python}" "${path.join(__dirname, 'serve.py')}"`,
      env: { ...process.env, ZB_UI_PORT: port },
      url: `http://127.0.0.1:${port}/lab`,
      timeout: 120000,
      gracefulShutdown: { signal: 'SIGTERM', timeout: 10000 },
      reuseExistingServer: !process.env.CI
    }
  ]
};
