import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { RUNTIME_IDS } from '../src/domain/provider-id.ts';
import { silentLogger } from '../src/platform/logger.ts';
import { prepare, type PrepareOptions } from '../src/preparation.ts';
import { type FakeOllama, startFakeOllama } from './helpers/fake-ollama.ts';

async function startOllama(model: string): Promise<FakeOllama> {
  const fake = await startFakeOllama({ models: [{ name: model }] });
  onTestFinished(() => fake.stop());
  return fake;
}

/** A home in which those ports are Ollama's own, and the way to prepare there. */
async function openHome(fakes: readonly FakeOllama[]) {
  const home = await mkdtemp(join(tmpdir(), 'preparation-'));
  onTestFinished(() => rm(home, { recursive: true, force: true }));
  const noPorts = Object.fromEntries(RUNTIME_IDS.map((id) => [id, []]));
  const defaultPorts = { ...noPorts, ollama: fakes.map(({ port }) => port) };
  const modelsJson = join(home, '.clawdbot', 'sidecar', 'models.json');
  /** Ids of the endpoints and of the providers in force. */
  const idsAfter = async (scan: PrepareOptions['scan']) => {
    const surroundings = { env: {}, home, cwd: home, clock: Date.now, log: silentLogger, defaultPorts };
    const prepared = await prepare(surroundings, { flags: {}, scan });
    if (prepared.kind === 'refused') throw new Error(prepared.problem.detail);
    await prepared.discovery?.close();
    await prepared.oauth.tokens.close();
    const { modelsJson: view, discovery } = prepared.snapshot;
    return {
      endpoints: discovery.endpoints.map(({ url, provider }) => [url, provider]),
      providers: view.kind === 'loaded' ? view.definitions.map(({ id, baseUrl }) => [id, baseUrl]) : view,
    };
  };
  return { modelsJson, idsAfter };
}

describe('a command that scans in memory', () => {
  it('gives each endpoint the id that it has in models.json', async () => {
    const [one, two] = [await startOllama('a'), await startOllama('b')];
    const { modelsJson, idsAfter } = await openHome([one, two]);
    await one.stop();
    await idsAfter('write');
    await one.restart();
    const before = await readFile(modelsJson, 'utf8');
    const inMemory = await idsAfter('memory');
    expect(await readFile(modelsJson, 'utf8')).toBe(before);
    expect(inMemory.endpoints).toEqual([
      [one.url, `ollama-${one.port}`],
      [two.url, 'ollama'],
    ]);
    expect(inMemory).toEqual(await idsAfter('write'));
  });

  it("leaves the id of an operator's own entry alone", async () => {
    const fake = await startOllama('a');
    const { modelsJson, idsAfter } = await openHome([fake]);
    await mkdir(dirname(modelsJson), { recursive: true, mode: 0o700 });
    const own = { baseUrl: 'https://ollama.example/v1', api: 'openai-completions', apiKey: 'x', models: [] };
    await writeFile(modelsJson, JSON.stringify({ providers: { ollama: own } }), { mode: 0o600 });
    const inMemory = await idsAfter('memory');
    expect(inMemory.endpoints).toEqual([[fake.url, `ollama-${fake.port}`]]);
    expect(inMemory).toEqual(await idsAfter('write'));
  });
});
