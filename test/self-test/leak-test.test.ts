/** "seeds canaries into a scratch copy of every source, drives every route and error path, scans … and reports": a planted leak is found in each place. */
import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { ROUTE_GROUPS } from '../../src/http/openapi/routes.ts';
import { type LeakReport, runLeakTest, withoutGoodAnswer } from '../../src/self-test/leak-test.ts';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

const PROGRAM = join(import.meta.dirname, 'leaky-program.mjs');

let made = 0;

/** Different secrets at each call, and the same in each run. */
function text(length: number): string {
  made += 1;
  return `${made}`.padStart(6, 'q').padEnd(length, `z${made}y`);
}

const run = (how: 'leaky' | 'clean', signal = new AbortController().signal): Promise<LeakReport> =>
  runLeakTest({
    program: [process.execPath, PROGRAM, how],
    env: { PATH: process.env['PATH'] },
    node: process.execPath,
    now: Date.now(),
    randomText: text,
    onProgress: () => undefined,
    signal,
  });

const scratchFolders = async (): Promise<string[]> =>
  (await readdir(tmpdir())).filter((name) => name.startsWith('provider-sidecar-self-test-'));

const routes = ROUTE_GROUPS.flatMap((group) => group.routes);

let report: LeakReport;
beforeAll(async () => {
  report = await run('leaky');
});

const leaksIn = (place: string): string[] =>
  report.places
    .filter((one) => one.place === place)
    .flatMap(({ leaks }) => leaks.map(({ canary, where }) => `${canary} in ${where}`));

describe('a planted leak', () => {
  it.each([
    ['the standard output', 'log and standard output', /FIREWORKS_API_KEY in the server with what works/],
    ['the log', 'log and standard output', /PERPLEXITY_API_KEY in the server with what works/],
    ['the standard error, in hexadecimal', 'standard error', /ZAI_API_KEY in the server/],
    ['the header of an answer', 'answers that hand out nothing', /COHERE_API_KEY in GET .*, headers/],
    ['a good answer', 'answers that hand out nothing', /MOONSHOT_API_KEY in GET \/v1\/providers, status 200/],
    ['an error answer', 'answers that hand out nothing', /BRAVE_API_KEY in GET \/v1\/models, status 401/],
    [
      'an error answer of a route that hands out secrets',
      'answers that hand out nothing',
      /ARCEEAI_API_KEY in GET \/v1\/resolve\?.*nobody.*, status 404/,
    ],
    [
      'a good answer to a token without secrets',
      'answers that hand out nothing',
      /CEREBRAS_API_KEY in GET \/v1\/resolve.*, status 200/,
    ],
    ['the event stream', 'events', /DEEPSEEK_API_KEY in GET \/v1\/events/],
    ['the metrics', 'metrics', /TOGETHER_API_KEY in GET \/metrics/],
    ['a state file', 'files', /NOVITA_API_KEY in .clawdbot\/sidecar\/identity.json/],
    ['a derived file', 'files', /BASETEN_API_KEY in .clawdbot\/sidecar\/models.json/],
    ['a new file, in Base64', 'files', /XAI_API_KEY in .clawdbot\/sidecar\/cache.bin/],
    ['a file of the workspace', 'files', /KIMI_API_KEY in .env \(/],
    ['the name of a file', 'files', /VOYAGE_API_KEY in the name of a file of what works: .*\/….json/],
    ['the standard output of a command', 'output of commands', /GROQ_API_KEY in status --json/],
    [
      'the standard error of a command, in part',
      'output of commands',
      /MISTRAL_API_KEY in token list .*, standard error/,
    ],
    ['the words of a refused start', 'refused starts', /refused start: cut off in a config that is cut off/],
  ])('in %s is reported', (_what, place, leak) => {
    expect(leaksIn(place)).toContainEqual(expect.stringMatching(leak));
  });

  it.runIf(existsSync('/proc/self/environ')).each([
    ['the arguments of a process', 'arguments of processes', 'VENICE_API_KEY'],
    ['the variables of a child', 'variables of child processes', 'OPENAI_API_KEY'],
    ['the variables of the child of a command', 'variables of child processes', 'HF_TOKEN'],
  ])('in %s is reported', (_what, place, name) => {
    expect(leaksIn(place)).toContainEqual(expect.stringContaining(`env: ${name} in a process of what works`));
  });

  it('is reported by its name: the report holds no secret, real or made up', () => {
    expect(JSON.stringify(report)).not.toMatch(/canary[a-z0-9]{20}/);
  });

  it('a start that should have been refused is said', () => {
    expect(report.notDone).toContain('The start with settings that are cut off was not refused');
  });

  it('a route that never gave a good answer is said: what stands in that was not looked at', () => {
    expect(report.notDone.filter((what) => what.includes('good answer'))).toEqual([]);
    expect(withoutGoodAnswer(routes, new Set(['GET /livez 200', 'GET /health 503']))).toEqual(
      expect.arrayContaining(['GET /health never gave a good answer']),
    );
    expect(withoutGoodAnswer(routes, new Set(['GET /livez 200']))).not.toContain(
      'GET /livez never gave a good answer',
    );
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
  expect(routes.filter(({ method, path }) => !asked.has(`${method.toUpperCase()} ${path}`))).toEqual([]);
});

it('each kind of source is told with how many secrets were put into it', () => {
  const sources = new Map(report.sources.map((source) => [source.name, source.secrets]));
  expect(sources.get('environment')).toBeGreaterThan(80);
  expect([...sources.keys()]).toEqual(
    expect.arrayContaining(['.env files', 'AWS, web-identity', 'AWS, sso', 'AWS, container', 'login shell']),
  );
  expect([...sources.values()].every((secrets) => secrets > 0)).toBe(true);
});

it('given up in the middle it ends its programs, removes what it made and says so', async () => {
  const before = await scratchFolders();
  const giveUp = new AbortController();
  const running = run('clean', giveUp.signal);
  await vi.waitFor(async () => {
    expect((await scratchFolders()).filter((name) => !before.includes(name))).not.toEqual([]);
  }, 15_000);
  giveUp.abort();
  const { notDone } = await running;
  expect(notDone).toEqual(['It was interrupted']);
  expect((await scratchFolders()).filter((name) => !before.includes(name))).toEqual([]);
});
