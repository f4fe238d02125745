import js from '@eslint/js';
import jupyter from '@jupyter/eslint-plugin';
import { defineConfig, globalIgnores } from 'eslint/config';
import prettier from 'eslint-config-prettier';
import reactHooks from 'eslint-plugin-react-hooks';
import globals from 'globals';
import tseslint from 'typescript-eslint';

const TESTS = ['**/__tests__/**', 'ui-tests/**'];

/** Rules of the Jupyter plugin whose subject is JSON: they need the parser that the plugin's own configuration brings. */
const JSON_RULES = ['no-schema-enum'];

/** Rules of the Jupyter plugin about Galata, for the browser tests. */
const GALATA_RULES = Object.keys(jupyter.rules).filter(
  name =>
    name.startsWith('galata-') ||
    name === 'require-soft-assertions-before-snapshots'
);

const CODE_RULES = Object.keys(jupyter.rules).filter(
  name => !JSON_RULES.includes(name) && !GALATA_RULES.includes(name)
);

function asErrors(names) {
  return Object.fromEntries(names.map(name => [`jupyter/${name}`, 'error']));
}

const schemaConfig = jupyter.configs.recommended.find(config =>
  config.files.some(pattern => pattern.endsWith('.json'))
);

export default defineConfig([
  globalIgnores([
    '**/node_modules',
    '**/coverage',
    '**/dist',
    '**/lib',
    '**/.*/**',
    'jupyterlab_zarrbrowser',
    'ui-tests/results',
    'ui-tests/test-results'
  ]),
  {
    linterOptions: { reportUnusedDisableDirectives: 'error' },
    plugins: { jupyter }
  },
  {
    files: ['**/*.js', '**/*.mjs'],
    extends: [js.configs.recommended],
    languageOptions: { globals: { ...globals.node, ...globals.jest } }
  },
  {
    files: ['**/*.js'],
    languageOptions: { sourceType: 'commonjs' }
  },
  {
    files: ['style/**/*.js'],
    languageOptions: { sourceType: 'module' }
  },
  {
    files: ['**/*.ts', '**/*.tsx'],
    extends: [js.configs.recommended, tseslint.configs.recommended],
    plugins: { 'react-hooks': reactHooks },
    languageOptions: {
      globals: globals.browser,
      parserOptions: {
        project: 'tsconfig.test.json',
        tsconfigRootDir: import.meta.dirname
      }
    },
    rules: {
      ...asErrors(CODE_RULES),
      '@typescript-eslint/await-thenable': 'error',
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/naming-convention': [
        'error',
        {
          selector: 'interface',
          format: ['PascalCase'],
          custom: { regex: '^I[A-Z]', match: true }
        }
      ],
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-misused-promises': [
        'error',
        { checksVoidReturn: { attributes: false } }
      ],
      '@typescript-eslint/no-namespace': 'off',
      '@typescript-eslint/no-unused-vars': ['error', { args: 'none' }],
      '@typescript-eslint/only-throw-error': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        { considerDefaultExhaustiveForUnions: true }
      ],
      curly: ['error', 'all'],
      eqeqeq: ['error', 'always', { null: 'ignore' }],
      'prefer-arrow-callback': ['error', { allowNamedFunctions: true }],
      'react-hooks/exhaustive-deps': 'error',
      'react-hooks/rules-of-hooks': 'error'
    }
  },
  {
    // Tests own no plugin and show no text to a user; what they create ends with the page or the test.
    files: TESTS,
    rules: {
      'jupyter/no-untranslated-string': 'off',
      'jupyter/plugin-id-convention': 'off',
      'jupyter/prefer-lazy-imports': 'off',
      'jupyter/require-disposable-ownership': 'off',
      'jupyter/require-signal-cleanup': 'off'
    }
  },
  {
    files: ['ui-tests/**/*.ts'],
    rules: asErrors(GALATA_RULES)
  },
  {
    ...schemaConfig,
    rules: asErrors(JSON_RULES)
  },
  prettier,
  { rules: { curly: ['error', 'all'] } }
]);
