/** "seeds canaries into a scratch copy of every source, drives every route and error path, scans … and reports": a planted leak is found in each place. */
import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { ROUTE_GROUPS } from '../../src/http/openapi/routes.ts';
import { type LeakReport, runLeakTest } from '../../src/self-test/leak-test.ts';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

const PROGRAM = join(import.meta.dirname, 'leaky-program.mjs');

let made = 0;

/** Different secrets at each call, and the same in each run. */
function text(length: number): string {
  made += 1;
  return `${made}`.padStart(6, 'q').padEnd(length, `z${made}y`);
}

const run = (how: 'leaky' | 'clean'): Promise<LeakReport> =>
  runLeakTest({
    program: [process.execPath, PROGRAM, how],
    env: { PATH: process.env['PATH'] },
    node: process.execPath,
    now: Date.now(),
    randomText: text,
    onProgress: () => undefined,
    signal: new AbortController().signal,
  });

const scratchFolders = async (): Promise<string[]> =>
  (await readdir(tmpdir())).filter((name) => name.startsWith('provider-sidecar-self-test-'));

let report: LeakReport;
beforeAll(async () => {
  report = await run('leaky');
});

const leaksIn = (place: string): string[] => [
  ...new Set(
    report.places
      .filter((one) => one.place === place)
      .flatMap(({ leaks }) => leaks.map(({ canary }) => canary)),
  ),
];

describe('a planted leak', () => {
  it.each([
    ['log and standard output', 'env: FIREWORKS_API_KEY'],
    ['standard error', 'env: ZAI_API_KEY'],
    ['answers that hand out nothing', 'env: COHERE_API_KEY'],
    ['answers that hand out nothing', 'env: ANTHROPIC_API_KEY'],
    ['events', 'env: DEEPSEEK_API_KEY'],
    ['metrics', 'env: TOGETHER_API_KEY'],
    ['files', 'env: XAI_API_KEY'],
    ['output of commands', 'env: GROQ_API_KEY'],
    ['output of commands', 'env: MISTRAL_API_KEY'],
  ])('in %s is reported: %s', (place, canary) => {
    expect(leaksIn(place)).toContain(canary);
  });

  it.runIf(existsSync('/proc/self/environ'))('in arguments and variables of children is reported', () => {
    expect(leaksIn('arguments of processes')).toContain('env: VENICE_API_KEY');
    expect(leaksIn('variables of child processes')).toContain('env: OPENAI_API_KEY');
  });

  it('is reported by its name: the report holds no secret, real or made up', () => {
    expect(JSON.stringify(report)).not.toMatch(/canary[a-z0-9]{20}/);
  });

  it('a start that should have been refused is said', () => {
    expect(report.notDone).toContain('The start with a config that is cut off was not refused');
  });
});

describe('a program without leaks', () => {
  it('is clean: what is handed out on purpose is no leak; nothing is left behind', async () => {
    const before = await scratchFolders();
    const { places, inUse } = await run('clean');
    expect(places.flatMap(({ leaks }) => leaks)).toEqual([]);
    expect(inUse).toBeGreaterThan(0);
    expect((await scratchFolders()).filter((name) => !before.includes(name))).toEqual([]);
  });
});

it('"a test fails when a route of the OpenAPI document … is not driven": each route is asked', () => {
  const asked = new Set(report.answers.map((answer) => answer.split(' ').slice(0, 2).join(' ')));
  const routes = ROUTE_GROUPS.flatMap(({ routes }) => routes);
  expect(routes.filter(({ method, path }) => !asked.has(`${method.toUpperCase()} ${path}`))).toEqual([]);
});
