/** Local runtimes that misbehave: what must hold while they do, and that all is well again without a restart. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import { expect, it, onTestFinished, vi } from 'vitest';
import { type FakeOllama, startFakeOllama } from '../helpers/fake-ollama.ts';
import { startFakeVllm } from '../helpers/fakes/vllm.ts';
import type { Rig } from '../helpers/sidecar-rig.ts';
import { startRig } from '../discovery/rig.ts';
import { closing, cpuOf, scan, sidecarWith } from './fault-rig.ts';

const MODEL = { name: 'qwen3:8b', contextLength: 32_000 };
const REF = 'ollama/qwen3:8b';

async function ollamaRig(): Promise<{ ollama: FakeOllama; rig: Rig }> {
  const ollama = closing(await startFakeOllama({ models: [MODEL] }));
  const rig = await sidecarWith({ ollamaPort: ollama.port, flags: { defaultModel: REF } });
  return { ollama, rig };
}

/** What health says of the default model, and what resolve does with it: they must agree. */
async function state(rig: Rig): Promise<{ health: unknown; resolves: boolean }> {
  const [health, resolved] = [await rig.ask('/health'), await rig.ask(`/v1/resolve?model=${REF}`)];
  return { health: health.body, resolves: resolved.status === 200 };
}
const ok = { health: expect.objectContaining({ status: 'ok' }), resolves: true };
const failing = { health: expect.objectContaining({ status: 'failing' }), resolves: false };

it('fault: a runtime that flaps again and again', async () => {
  const { ollama, rig } = await ollamaRig();
  expect(await state(rig)).toEqual(ok);
  const costs: number[] = [];
  for (let round = 0; round < 5; round += 1) {
    await ollama.stop();
    await scan(rig);
    expect(await state(rig)).toEqual(failing);
    await ollama.restart();
    ollama.clearRequests();
    await scan(rig);
    expect(await state(rig)).toEqual(ok);
    costs.push(ollama.requests.length);
  }
  // A return costs a look, however often it went away before; ticks of the watcher may come in between.
  for (const cost of costs) expect(cost).toBeLessThan(30);
  const lines = rig.logged.filter(({ msg, message }) => /qwen3|ollama/i.test(String(msg ?? message)));
  expect(lines.length).toBeLessThan(60);
});

it('fault: a runtime that flaps faster than anybody looks', async () => {
  const ollama = closing(await startFakeOllama({ models: [MODEL] }));
  const rig = await startRig({ ollama: [ollama.port] }, { intervals: { tickMs: 20, missMs: 5 } });
  await rig.discovery.scan();
  let reports = 0;
  rig.discovery.onChange(() => {
    reports += 1;
  });
  rig.discovery.start();
  for (let round = 0; round < 40; round += 1) {
    await ollama.stop();
    await ollama.restart();
  }
  await vi.waitFor(() => expect(rig.discovery.report().endpoints[0]).toMatchObject({ state: 'up' }), {
    timeout: 10_000,
  });
  // At most one report for each time it went and each time it came.
  expect(reports).toBeLessThanOrEqual(80);
  // While it keeps everybody waiting, ticks go by and the question is not asked once more beside the first.
  ollama.setFault('silent');
  await vi.waitFor(() => expect(rig.discovery.report().endpoints[0]).not.toMatchObject({ state: 'up' }), {
    timeout: 10_000,
  });
  expect(ollama.peak('GET /api/version')).toBeLessThanOrEqual(2);
});

it('fault: a runtime that answers slowly for ever', async () => {
  const { ollama, rig } = await ollamaRig();
  ollama.setFault('slow-body');
  const scanning = scan(rig);
  // Nobody waits for it but who asked for the scan.
  expect((await rig.ask('/livez')).status).toBe(200);
  expect((await rig.ask('/v1/providers')).status).toBe(200);
  await scanning;
  expect(await state(rig)).toEqual(failing);
  const before = ollama.requests.length;
  await scan(rig);
  expect(ollama.requests.length - before).toBeLessThan(30);
  ollama.setFault(null);
  await scan(rig);
  expect(await state(rig)).toEqual(ok);
});

it.each(['silent', 'endless', 'reset', 'huge', 'redirect', 'unauthorized'] as const)(
  'fault: a runtime whose every answer is %s',
  async (fault) => {
    const { ollama, rig } = await ollamaRig();
    ollama.setFault(fault);
    await scan(rig);
    expect(await state(rig)).toEqual(failing);
    ollama.clearRequests();
    const cpu = await cpuOf(() => scan(rig));
    expect(ollama.requests.length).toBeLessThan(100);
    expect(cpu).toBeLessThan(5_000);
    ollama.setFault(null);
    await scan(rig);
    expect(await state(rig)).toEqual(ok);
  },
);

it('fault: the port of a runtime is taken by another service', async () => {
  const { ollama, rig } = await ollamaRig();
  await ollama.stop();
  const seen: string[] = [];
  const other = createServer((request, response) => {
    seen.push(JSON.stringify(request.headers));
    response.writeHead(200, { 'content-type': 'text/html' }).end('<html>my notes</html>');
  }).listen(ollama.port, '127.0.0.1');
  await once(other, 'listening');
  onTestFinished(() => {
    other.close();
    other.closeAllConnections();
  });
  await scan(rig);
  const { body } = await rig.ask('/health');
  expect(body).toMatchObject({
    status: 'failing',
    endpoints: expect.arrayContaining([
      expect.objectContaining({ url: expect.stringContaining(String(ollama.port)), state: 'wrong-service' }),
    ]),
  });
  expect(JSON.stringify(await rig.readModelsJson())).not.toContain(String(ollama.port));
  expect(seen.join('\n')).not.toMatch(/authorization|cookie|rig-token/i);
  other.closeAllConnections();
  other.close();
  await once(other, 'close');
  await ollama.restart();
  await scan(rig);
  expect(await state(rig)).toEqual(ok);
});

it('fault: a runtime with 10,000 models', async () => {
  const ollama = closing(await startFakeOllama({ models: [MODEL] }));
  const rig = await sidecarWith({ ollamaPort: ollama.port, flags: { defaultModel: REF } });
  const models = Array.from({ length: 10_000 }, (_, index) => ({ name: `model-${index}:latest` }));
  ollama.setModels([MODEL, ...models]);
  ollama.clearRequests();
  let scans = 0;
  const cpu = await cpuOf(() =>
    // So long a list takes its time: on a busy machine it may not come within the deadline of a look at once.
    vi.waitFor(
      async () => {
        scans += 1;
        await scan(rig);
        expect((await rig.ask('/v1/discovery')).text).toContain('(5001 more)');
      },
      { timeout: 20_000, interval: 100 },
    ),
  );
  expect((await rig.ask('/health')).body).toMatchObject({ status: 'ok' });
  // The first ones are listed, and the report says how many there are beyond them.
  const listed = (await rig.ask('/v1/models')).text.match(/model-\d+:latest/g);
  expect(new Set(listed).size).toBe(4_999);
  // Not one question per model in one look: those that fit into its time, and the rest in later ones.
  expect(ollama.requests.length).toBeLessThan(2_500 * scans);
  expect(cpu / scans).toBeLessThan(20_000);
  ollama.setModels([MODEL]);
  await scan(rig);
  expect(await state(rig)).toEqual(ok);
});

it('fault: 200 runtimes at a time', async () => {
  const fakes = await Promise.all(Array.from({ length: 200 }, () => startFakeVllm()));
  onTestFinished(async () => void (await Promise.all(fakes.map((fake) => fake.stop()))));
  const real = closing(await startFakeOllama({ models: [MODEL] }));
  const rig = await sidecarWith({
    ollamaPort: real.port,
    flags: { defaultModel: REF },
    ports: { vllm: fakes.map(({ port }) => port) },
  });
  expect(await state(rig)).toEqual(ok);
  const counts = fakes.map((fake) => fake.requests.length);
  // Each is looked at once, with the few questions that one look has, and none is forgotten.
  expect(Math.min(...counts)).toBeGreaterThan(0);
  expect(Math.max(...counts)).toBeLessThan(100);
  // Each has an id of its own, under which its model is asked for.
  const report = await rig.ask('/v1/discovery');
  const ids = new Set(report.text.match(/"provider":"vllm[^"]*"/g));
  expect(ids.size).toBe(200);
  const scanning = scan(rig);
  expect((await rig.ask('/livez')).status).toBe(200);
  await scanning;
  await Promise.all(fakes.map((fake) => fake.stop()));
  await scan(rig);
  const { endpoints } = await rig.sidecar.health();
  expect(endpoints.filter(({ state: is }) => is === 'down').length).toBeGreaterThanOrEqual(200);
  expect(await state(rig)).toEqual(ok);
});
