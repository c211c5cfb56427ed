import { defineConfig } from 'vitest/config';

/** Where the closing count is read from; nothing is written when nobody asks. */
const report = process.env['PROVIDER_SIDECAR_TEST_REPORT'];

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // They need what is fetched first: npm run test:runtimes, npm run test:browser. These take long: npm run test:soak, npm run test:defences, npm run fuzz.
    exclude: [
      'test/runtimes-real/**',
      'test/browser/**',
      'test/soak/**',
      'test/defences/without-*',
      'test/fuzz/**',
    ],
    pool: 'forks',
    maxWorkers: 2,
    unstubEnvs: true,
    restoreMocks: true,
    testTimeout: 180_000,
    hookTimeout: 180_000,
    env: { TZ: 'UTC', LC_ALL: 'C' },
    reporters: report === undefined ? ['default'] : ['default', ['json', { outputFile: report }]],
  },
});
