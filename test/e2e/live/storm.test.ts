/** Many changes under load: what callers and watchers see of them. */
import { rename, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import * as z from 'zod';
import { createStateParser, openEventStream } from '../../helpers/event-stream.ts';
import { type Rig, startRig } from '../../helpers/sidecar-rig.ts';

const WRITES = 200;
const CLIENTS = 20;
const WATCHERS = 100;

/** One state of a file: its number stands in several values, so that a mixture of two shows. */
const configOf = (n: number): string =>
  JSON.stringify({
    agents: { defaults: { model: 'mine/m' } },
    models: {
      providers: {
        mine: {
          baseUrl: `https://cfg-${n}.example/v1`,
          apiKey: `sk-config-${n}-0123456789`,
          api: 'openai-completions',
          models: [{ id: 'm', name: `cfg-${n}`, contextWindow: 32_000, maxTokens: 1_000 }],
        },
      },
    },
  });
const modelsJsonOf = (n: number): string =>
  JSON.stringify({
    providers: {
      lab: {
        baseUrl: `https://lab-${n}.example/v1`,
        api: 'openai-completions',
        auth: 'none',
        models: [
          {
            id: 'l',
            name: `lab-${n}`,
            reasoning: false,
            input: ['text'],
            cost: { input: 0, output: 0, cacheRead: 0, cacheWrite: 0 },
            contextWindow: 32_000,
            maxTokens: 1_000,
          },
        ],
      },
    },
  });

/** The four ways in which programs write files. */
const WAYS: readonly ((path: string, text: string) => Promise<void>)[] = [
  async (path, text) => {
    await writeFile(`${path}.new`, text, { mode: 0o600 });
    await rename(`${path}.new`, path);
  },
  (path, text) =>
    writeFile(path, text, { mode: 0o600, flag: 'r+' }).catch(() => writeFile(path, text, { mode: 0o600 })),
  async (path, text) => {
    await truncate(path, 0);
    await writeFile(path, text, { mode: 0o600 });
  },
  async (path, text) => {
    await rm(path);
    await writeFile(path, text, { mode: 0o600 });
  },
];

const resolution = z.object({
  revision: z.number(),
  provider: z.object({ baseUrl: z.string() }),
  model: z.object({ name: z.string() }),
  auth: z.object({ apiKey: z.string().optional() }),
});

/** The numbers in an answer, which must be one. */
function numbersOf(text: string): string[] {
  return [...new Set([...text.matchAll(/\b(?:cfg|lab|sk-config)-(\d+)/g)].map(([, n = '']) => n))];
}

async function startLoaded(): Promise<Rig> {
  const rig = await startRig({
    files: { 'moltbot.json': configOf(0), 'sidecar/models.json': modelsJsonOf(0) },
  });
  onTestFinished(() => rig.close());
  return rig;
}

it(
  '"200 rewrites in four ways while 20 clients resolve and 100 watch: no answer mixes two states, no 5xx, every reader ends at the final revision"',
  { timeout: 240_000 },
  async () => {
    const rig = await startLoaded();
    const { url } = rig.sidecar;
    const parse = createStateParser();
    const streams = await Promise.all(
      Array.from({ length: WATCHERS }, () => openEventStream({ url, token: rig.token, parse })),
    );
    onTestFinished(() => {
      for (const stream of streams) stream.close();
    });
    const done = new AbortController();
    onTestFinished(() => done.abort());
    let answers = 0;
    const revisions = new Map<number, { mine?: string; lab?: string }>();
    const client = async (provider: 'mine' | 'lab'): Promise<void> => {
      let last = 0;
      while (!done.signal.aborted) {
        const { status, text, body } = await rig.ask(
          `/v1/resolve?model=${provider}/${provider === 'mine' ? 'm' : 'l'}`,
        );
        // While a file is gone or empty, what it defined may be gone; that is an answer, not a failure.
        if (status !== 200) {
          expect(status, text).toBe(404);
          continue;
        }
        const { revision } = resolution.parse(body);
        expect(revision).toBeGreaterThanOrEqual(last);
        last = revision;
        const [n, ...others] = numbersOf(text);
        expect(others).toEqual([]);
        const known = revisions.get(revision) ?? {};
        expect(known[provider] ?? n).toBe(n);
        revisions.set(revision, { ...known, ...(n === undefined ? {} : { [provider]: n }) });
        answers += 1;
      }
    };
    const clients = Array.from({ length: CLIENTS }, (_, index) => client(index % 2 === 0 ? 'mine' : 'lab'));

    const config = join(rig.stateDir, 'moltbot.json');
    const modelsJson = join(rig.stateDir, 'sidecar/models.json');
    for (let n = 1; n <= WRITES; n += 1) {
      const write = WAYS[n % WAYS.length];
      if (write === undefined) throw new Error('four ways');
      await Promise.all([write(config, configOf(n)), write(modelsJson, modelsJsonOf(n))]);
      // At least one answer between two writes, or nobody would see what comes in between.
      const before = answers;
      await expect.poll(() => answers, { interval: 1 }).toBeGreaterThan(before);
    }
    const isFinal = (state: { providers: readonly { id: string; baseUrl: string | null }[] }): boolean =>
      ['mine', 'lab'].every((id) =>
        state.providers.some((provider) => provider.id === id && provider.baseUrl?.includes(`-${WRITES}.`)),
      );
    const finals = await Promise.all(streams.map((stream) => stream.until(isFinal)));
    done.abort();
    await Promise.all(clients);
    await rig.sidecar.settled();
    const { revision } = await rig.sidecar.health();
    await Promise.all(streams.map((stream) => stream.until((state) => state.revision === revision)));
    expect(new Set(finals.map((state) => JSON.stringify(state.providers))).size).toBe(1);
    expect(answers).toBeGreaterThan(WRITES);
    // Watchers and callers speak of the same states.
    for (const stream of streams) {
      expect(stream.states.length).toBeGreaterThan(10);
      let last = 0;
      for (const state of stream.states) {
        expect(state.revision).toBeGreaterThan(last);
        last = state.revision;
        const known = revisions.get(state.revision);
        for (const id of ['mine', 'lab'] as const) {
          const shown = state.providers.find((provider) => provider.id === id)?.baseUrl ?? '';
          if (known?.[id] !== undefined) expect(numbersOf(shown)).toEqual([known[id]]);
        }
      }
    }
  },
);

it('"broken JSON5 under load: no request fails that worked before; /health says where; mended, all is well"', async () => {
  const rig = await startLoaded();
  const stream = await openEventStream({ url: rig.sidecar.url, token: rig.token });
  onTestFinished(() => stream.close());
  await stream.until(({ health }) => health.status === 'ok');
  const done = new AbortController();
  onTestFinished(() => done.abort());
  let answers = 0;
  const statuses = new Set<number>();
  const client = async (): Promise<void> => {
    while (!done.signal.aborted) {
      statuses.add((await rig.ask('/v1/resolve')).status);
      answers += 1;
    }
  };
  const clients = Array.from({ length: CLIENTS }, client);
  const path = join(rig.stateDir, 'moltbot.json');
  const someMore = async (): Promise<void> => {
    const before = answers;
    await expect.poll(() => answers, { interval: 1 }).toBeGreaterThan(before + CLIENTS);
  };
  for (const [broken, line] of [
    ['{', 1],
    ['{\n  agents: {},\n  models: oops oops\n}', 3],
    ['\n\n{ "models": [ }', 3],
  ] as const) {
    await writeFile(path, broken);
    const state = await stream.until(({ health }) =>
      health.findings.some(({ detail }) => detail.includes(`line ${line}`)),
    );
    expect(state.health).toMatchObject({ status: 'degraded', code: 'config-invalid' });
    expect((await rig.ask('/health')).body).toMatchObject({
      status: 'degraded',
      findings: [
        { code: 'config-invalid', detail: expect.stringMatching(/moltbot\.json.*line \d+, column \d+/) },
      ],
    });
    await someMore();
  }
  await writeFile(path, configOf(1));
  await stream.until(
    ({ health, providers }) =>
      health.status === 'ok' && providers.some(({ baseUrl }) => baseUrl?.includes('cfg-1.')),
  );
  await someMore();
  done.abort();
  await Promise.all(clients);
  expect([...statuses]).toEqual([200]);
  expect((await rig.ask('/health')).body).toMatchObject({ status: 'ok', findings: [] });
});
