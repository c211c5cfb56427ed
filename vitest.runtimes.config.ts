/** The tests against real runtimes, which have to be fetched first: `npm run test:runtimes`. */
import { defineConfig } from 'vitest/config';

/** Where the closing count is read from; nothing is written when nobody asks. */
const report = process.env['PROVIDER_SIDECAR_TEST_REPORT'];

export default defineConfig({
  test: {
    include: ['test/runtimes-real/**/*.test.ts'],
    globalSetup: ['test/runtimes-real/get-llama-server.ts'],
    pool: 'forks',
    maxWorkers: 1,
    testTimeout: 180_000,
    hookTimeout: 180_000,
    env: { TZ: 'UTC', LC_ALL: 'C' },
    reporters: report === undefined ? ['default'] : ['default', ['json', { outputFile: report }]],
  },
});
