/** Tests of the tests: `npm run test:defences` takes each defence away and expects the test that holds it to fail. */
import { defineConfig } from 'vitest/config';

/** Where the closing count is read from; nothing is written when nobody asks. */
const report = process.env['PROVIDER_SIDECAR_TEST_REPORT'];

export default defineConfig({
  test: {
    include: ['test/defences/without-*.test.ts'],
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 10 * 60_000,
    hookTimeout: 2 * 60_000,
    env: { TZ: 'UTC', LC_ALL: 'C' },
    reporters: report === undefined ? ['default'] : ['default', ['json', { outputFile: report }]],
  },
});
