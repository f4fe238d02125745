const jestJupyterLab = require('@jupyterlab/testutils/lib/jest-config');

// Packages in node_modules that ship only ES modules and therefore pass through Babel.
const esModules = [
  '@codemirror',
  '@jupyter/',
  '@jupyterlab/',
  '@marijn',
  '@microsoft/',
  '@rjsf/',
  'color',
  'exenv-es6',
  'lib0',
  'marked',
  'nanoid',
  'uuid',
  'vscode-ws-jsonrpc',
  'y-protocols',
  'y-websocket',
  'yjs'
].join('|');

const base = jestJupyterLab(__dirname);

module.exports = {
  ...base,
  collectCoverageFrom: ['src/**/*.{ts,tsx}', '!src/**/__tests__/**'],
  coverageReporters: ['lcov', 'text'],
  reporters: ['default'],
  // Elsewhere, above all in .venv, are packages of the same names.
  roots: ['<rootDir>/src'],
  setupFilesAfterEnv: ['<rootDir>/jest.setup.js'],
  testRegex: '/__tests__/.*\\.spec\\.tsx?$',
  transformIgnorePatterns: [`/node_modules/(?!${esModules}).+`]
};
