import { describe, expect, it } from 'vitest';
import { createModelsJsonFile } from '../../src/discovery/models-json.ts';
import { startFakeOllama } from '../helpers/fake-ollama.ts';
import { only, recordingLog, startRig, stopLater } from './rig.ts';

const model = { name: 'llama3:chat' };
/** Nothing but what the test does itself looks at the runtime. */
const AT_REST = { tickMs: 60_000, refreshMs: 60_000, missMs: 10 };

async function startUp(intervals: object = AT_REST) {
  const fake = stopLater(await startFakeOllama({ models: [model] }));
  const rig = await startRig({ ollama: [fake.port] }, { intervals });
  expect(only(await rig.discovery.scan({ explicit: true })).state).toBe('up');
  fake.clearRequests();
  return { ...rig, fake };
}

describe('"two misses in a row mean that the runtime is gone", also where something else than a tick looks', () => {
  it.each(['silent', 'reset', 'unavailable'] as const)(
    'an explicit scan forgives one miss of a runtime that was up (%s)',
    async (fault) => {
      const { fake, discovery, readModels, lines } = await startUp();
      fake.setFault(fault, 'GET /', 1);
      expect(only(await discovery.scan({ explicit: true })).state).toBe('up');
      expect(fake.count('GET /')).toBe(2);
      expect(await readModels()).toHaveProperty('ollama');
      expect(lines.map(({ level }) => level)).toEqual(['info']);
    },
  );

  it('and believes the second', async () => {
    const { fake, discovery, readModels } = await startUp();
    fake.setFault('silent', 'GET /', 2);
    expect(only(await discovery.scan({ explicit: true })).state).toBe('error');
    expect(fake.count('GET /')).toBe(2);
    expect(await readModels()).toEqual({});
  });

  it('a light answer that shows a change, and one look in vain after it, take nothing away', async () => {
    const { fake, discovery, lines } = await startUp({ ...AT_REST, tickMs: 20 });
    fake.setFault('reset', 'GET /', 1);
    fake.setVersion('0.33.0');
    discovery.start();
    await expect.poll(() => only(discovery.report()).version, { timeout: 10_000 }).toBe('0.33.0');
    expect(fake.count('GET /')).toBe(2);
    expect(lines.map(({ level }) => level)).toEqual(['info']);
  });

  /** A new start with the files of an earlier one. */
  async function startAgain(port: number, path: string, intervals: object = AT_REST) {
    const { log } = recordingLog();
    const modelsJson = createModelsJsonFile({ path, clock: Date.now, log });
    return startRig({ ollama: [port] }, { modelsJson, intervals });
  }

  it('a start forgives one silence of a runtime that models.json has', async () => {
    const { fake, path } = await startUp();
    fake.setFault('silent', 'GET /', 1);
    const { discovery } = await startAgain(fake.port, path);
    expect(only(await discovery.scan()).state).toBe('up');
    expect(fake.count('GET /')).toBe(2);
  });

  it('a start waits for no other silence, and takes a refusal at its word', async () => {
    const { fake, path } = await startUp();
    fake.setFault('silent', 'GET /', 1);
    const other = await startRig({ ollama: [fake.port] }, { intervals: AT_REST });
    expect(only(await other.discovery.scan()).state).toBe('error');
    expect(fake.count('GET /')).toBe(1);
    await fake.stop();
    // With a pause the test would not end in time.
    const { discovery } = await startAgain(fake.port, path, { ...AT_REST, missMs: 600_000 });
    expect(only(await discovery.scan()).state).toBe('down');
  });
});
