/** What takes many minutes: `npm run test:soak`. The number of rounds is in KILL_ROUNDS, 200 without it. */
import { defineConfig } from 'vitest/config';

/** Where the closing count is read from; nothing is written when nobody asks. */
const report = process.env['PROVIDER_SIDECAR_TEST_REPORT'];

export default defineConfig({
  test: {
    include: ['test/soak/**/*.test.ts'],
    pool: 'forks',
    maxWorkers: 1,
    testTimeout: 60 * 60_000,
    env: { TZ: 'UTC', LC_ALL: 'C' },
    reporters: report === undefined ? ['default'] : ['default', ['json', { outputFile: report }]],
  },
});
