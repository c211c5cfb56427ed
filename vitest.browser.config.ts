/** The tests in a real browser, which has to be fetched first: `npm run test:browser`. */
import { defineConfig } from 'vitest/config';

/** Where the closing count is read from; nothing is written when nobody asks. */
const report = process.env['PROVIDER_SIDECAR_TEST_REPORT'];

export default defineConfig({
  test: {
    include: ['test/browser/**/*.test.ts'],
    globalSetup: ['test/browser/get-chromium.ts'],
    pool: 'forks',
    maxWorkers: 1,
    testTimeout: 180_000,
    hookTimeout: 180_000,
    env: { TZ: 'UTC', LC_ALL: 'C' },
    reporters: report === undefined ? ['default'] : ['default', ['json', { outputFile: report }]],
  },
});
