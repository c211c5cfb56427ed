import { describe, expect, it } from 'vitest';
import { revealingFlags, withholdFromChildren } from '../../src/platform/process-guards.ts';

describe('flags of Node that reveal what a process holds', () => {
  it.each([
    ['--inspect'],
    ['--inspect=0.0.0.0:9229'],
    ['--inspect-brk'],
    ['--inspect_brk'],
    ['--heapsnapshot-signal=SIGUSR2'],
    ['--heapsnapshot-near-heap-limit=3'],
    ['--heap-prof'],
    ['--report-on-signal'],
    ['--report-uncaught-exception'],
    ['--abort_on_uncaught_exception'],
  ])('%s, on the command line and in NODE_OPTIONS', (flag) => {
    const name = flag.replace(/=.*$/, '');
    expect(revealingFlags([flag], '')).toEqual([name]);
    expect(revealingFlags([], `--no-warnings ${flag}`)).toEqual([name]);
  });

  it('others do not count', () => {
    const flags = ['--import', 'tsx', '--max-old-space-size=64', '--enable-source-maps', '--cpu-prof'];
    expect(revealingFlags(flags, flags.join('  '))).toEqual([]);
    expect(revealingFlags([], '')).toEqual([]);
  });
});

it('a variable that is withheld is not inherited any more', () => {
  process.env['SIDECAR_TEST_VARIABLE'] = 'x';
  withholdFromChildren('SIDECAR_TEST_VARIABLE');
  expect(process.env['SIDECAR_TEST_VARIABLE']).toBeUndefined();
});
