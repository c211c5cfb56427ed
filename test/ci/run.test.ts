/** The closing line of `.ci/run` is the verdict: it tells every failure. */
import { spawnSync } from 'node:child_process';
import { chmod, cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';

const ROOT = resolve(import.meta.dirname, '../..');

/** Stands in for npm: each of its runs of tests reports `counts`, and `npm test` ends as `NPM_TEST_ENDS` says. */
const NPM = `#!/bin/sh
if [ "$1" = ci ] || [ "$2" = check ]; then exit 0; fi
[ -z "$NPM_REPORT" ] || printf '%s' "$NPM_REPORT" > "$PROVIDER_SIDECAR_TEST_REPORT"
if [ "$1" = test ]; then exit "$NPM_TEST_ENDS"; fi
`;

const report = (passed: number, total: number, testResults: readonly object[] = []): string =>
  JSON.stringify({ numPassedTests: passed, numTotalTests: total, testResults });

/** Runs `.ci/run` in a folder of its own. */
async function runCi(
  text: string,
  ends: string,
): Promise<{ readonly stdout: string; readonly status: number | null }> {
  const folder = await mkdtemp(join(tmpdir(), 'provider-sidecar-ci-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  for (const file of ['.ci/run', 'scripts/count-tests.mjs', 'scripts/list-failures.mjs']) {
    await mkdir(dirname(join(folder, file)), { recursive: true });
    await cp(join(ROOT, file), join(folder, file));
  }
  await mkdir(join(folder, 'bin'));
  await writeFile(join(folder, 'bin/npm'), NPM);
  await chmod(join(folder, 'bin/npm'), 0o755);
  return spawnSync('bash', [join(folder, '.ci/run')], {
    encoding: 'utf8',
    env: {
      PATH: [join(folder, 'bin'), dirname(process.execPath), process.env['PATH']].join(':'),
      NPM_REPORT: text,
      NPM_TEST_ENDS: ends,
    },
  });
}

it.each([
  ['all that ran passed', report(2, 2), '0', '11 passed, 0 failed', 0],
  ['a test failed', report(1, 2), '1', '6 passed, 5 failed', 1],
  ['all tests passed and the run failed', report(2, 2), '1', '11 passed, 1 failed', 1],
  ['nothing was reported', '', '0', '1 passed, 5 failed', 1],
])('%s', async (_what, text, ends, closing, exitCode) => {
  const { stdout, status } = await runCi(text, ends);
  expect(stdout.trimEnd().split('\n').at(-1)).toBe(closing);
  expect(status).toBe(exitCode);
});

it('names what failed, with the beginning of why, once more at the end', async () => {
  const results = [
    {
      name: 'a.test.ts',
      status: 'failed',
      message: '',
      assertionResults: [
        { status: 'passed', fullName: 'fine', failureMessages: [] },
        {
          status: 'failed',
          fullName: 'adds',
          failureMessages: ['\u001b[31mexpected 2 to be 3\u001b[39m\n at x'],
        },
        { status: 'skipped', fullName: 'subtracts' },
      ],
    },
    { name: 'b.test.ts', status: 'failed', message: 'no such file', assertionResults: [] },
  ];
  const { stdout } = await runCi(report(1, 3, results), '1');
  const end = stdout.slice(stdout.indexOf('== Tests that failed'));
  expect(end).toMatch(/- \S*a\.test\.ts: adds \(failed\)\n    expected 2 to be 3\n     at x\n/);
  expect(end).toMatch(/- \S*a\.test\.ts: subtracts \(skipped\)\n/);
  expect(end).toMatch(/- \S*b\.test\.ts: it did not load\n    no such file\n/);
  expect(end).not.toContain('fine');
  expect(stdout.trimEnd().split('\n').at(-1)).toMatch(/^\d+ passed, \d+ failed$/);
});
