/** A hostile runtime at a default port: it may be shown as what it is, and can do nothing else. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type FakeOllama, startFakeOllama } from '../helpers/fake-ollama.ts';
import { head, sendRaw } from '../helpers/raw-http.ts';
import { type Rig, startRig } from '../helpers/sidecar-rig.ts';
import { type Decoy, startDecoy } from './decoy.ts';
import {
  expectNothingOfBadRows,
  expectNothingTold,
  listBadRows,
  listTooMany,
  sendOn,
  UNUSABLE_ANSWERS,
} from './hostile-runtime.ts';
import { CANARY, config } from './target.ts';

let fake: FakeOllama;
let decoy: Decoy;
let rig: Rig | undefined;
beforeEach(async () => {
  decoy = await startDecoy();
  fake = await startFakeOllama({ models: [{ name: 'llama3:chat' }] });
});
afterEach(async () => {
  await rig?.close();
  rig = undefined;
  await fake.stop();
  await decoy.close();
});

async function startWithKeys(): Promise<Rig> {
  rig = await startRig({
    files: { 'moltbot.json': config() },
    env: { OPENAI_API_KEY: `${CANARY}-openai`, OLLAMA_API_KEY: `${CANARY}-ollama`, HTTP_PROXY: decoy.url },
    ollamaPort: fake.port,
  });
  return rig;
}

describe('threat 14: discovery probe leaks', () => {
  it('probes carry no credential, and a redirect is not followed', async () => {
    sendOn(fake, decoy);
    const asked = await startWithKeys();
    await asked.ask('/v1/discovery/scan', { method: 'POST' });
    expectNothingTold(fake, decoy);
    expect((await asked.ask('/v1/providers')).text).not.toContain(String(decoy.port));
  });

  it.each(UNUSABLE_ANSWERS)(
    'a runtime whose answers are %s costs a scan its deadline and no more; keys of others still resolve',
    async (fault) => {
      fake.setFault(fault);
      const asked = await startWithKeys();
      const scanned = await asked.ask('/v1/discovery/scan', { method: 'POST' });
      expect(scanned.status).toBe(200);
      expect(scanned.text).not.toContain('"state":"up"');
      expect((await asked.ask('/v1/resolve?model=acme/m')).status).toBe(200);
      const { port } = new URL(asked.sidecar.url);
      const alive = head('GET /livez HTTP/1.1', `Host: 127.0.0.1:${port}`, 'Connection: close');
      expect((await sendRaw(Number(port), alive)).status).toBe(200);
      expectNothingTold(fake, decoy);
    },
  );
});

describe('threat 15: fake local provider', () => {
  it('control characters, paths, endless names, places and keys in the rows', async () => {
    listBadRows(fake, decoy);
    const asked = await startWithKeys();
    const texts = await Promise.all(
      ['/v1/models', '/v1/providers', '/v1/discovery', '/v1/snapshot', '/metrics'].map(
        async (path) => (await asked.ask(path)).text,
      ),
    );
    const modelsJson = JSON.stringify(await asked.readModelsJson());
    for (const text of [...texts, modelsJson, JSON.stringify(asked.logged)]) {
      expectNothingOfBadRows(text, decoy);
    }
    expect(modelsJson).toContain('"good"');
    // A model that is called like one of a hosted provider takes nothing from it.
    const hosted = await asked.ask('/v1/resolve?model=openai/gpt-5');
    expect(hosted.text).toContain('https://api.openai.com');
    expect(hosted.text).not.toContain(String(fake.port));
    const local = await asked.ask('/v1/resolve?model=ollama/good');
    expect(local.text).toContain(`127.0.0.1:${fake.port}`);
    expect(local.text).not.toContain('canary');
    expectNothingTold(fake, decoy);
  });

  it('100,000 models: as many as may be, or none, and the server answers', async () => {
    listTooMany(fake);
    const asked = await startWithKeys();
    const { data }: { data: { owned_by: string }[] } = JSON.parse((await asked.ask('/v1/models')).text);
    expect(data.filter((model) => model.owned_by === 'ollama').length).toBeLessThanOrEqual(5_000);
    expect((await asked.ask('/v1/resolve?model=acme/m')).status).toBe(200);
    expectNothingTold(fake, decoy);
  });

  it('one that turns hostile while it runs is taken out', async () => {
    const asked = await startWithKeys();
    expect((await asked.ask('/v1/resolve?model=ollama/llama3:chat')).status).toBe(200);
    fake.setFault('html');
    await vi.waitFor(
      async () => {
        await asked.ask('/v1/discovery/scan', { method: 'POST' });
        expect((await asked.ask('/v1/resolve?model=ollama/llama3:chat')).status).not.toBe(200);
      },
      { timeout: 15_000 },
    );
    expectNothingTold(fake, decoy);
  });
});
