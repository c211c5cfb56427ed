/**
 * Time until the program says that a real llama-server died or started, medians of five. Taken by the test
 * against the real server, which knows how to get one; so only where Debian's packages can be had.
 */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { Figure, Measure } from '../measure.ts';

const PRINTED = /noticed, median of five: a death (\d+) ms, a start (\d+) ms/;
const COMMAND = ['run', '--silent', 'test:runtimes', '--', '-t', 'killed and started again'];

export const noticeReal: Measure = {
  name: 'notice-real',
  title: 'Time to notice a start and a death of a real llama-server',
  needsProc: false,
  async run() {
    const { stdout } = await promisify(execFile)('npm', COMMAND, { timeout: 300_000 });
    const [, death, start] = PRINTED.exec(stdout) ?? [];
    if (death === undefined || start === undefined) throw new Error('The test printed no times');
    const figure = (what: string, value: string, limit: number): Figure => ({
      what: `${what}, median`,
      value: Number(value),
      unit: 'ms',
      goal: { of: 'value', sense: 'at-most', limit },
      rounds: 5,
    });
    return [figure('start', start, 2_500), figure('death', death, 5_000)];
  },
};
