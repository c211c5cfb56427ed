import { describe, expect, it } from 'vitest';
import type { EndpointReport } from '../../src/domain/runtime-state.ts';
import { startFakeRuntime, type Fault } from '../helpers/fake-runtime.ts';
import { freePort, only, startRig, stopLater } from './rig.ts';

const SLOW = 'no complete answer';

/** What each decoy must be found to be, and a word that the evidence must hold. */
const DECOYS: readonly [Fault, string, string][] = [
  ['html', 'wrong-service', 'text/html'],
  ['json', 'wrong-service', 'application/json'],
  ['empty-list', 'wrong-service', '200'],
  ['error-in-200', 'wrong-service', 'Unexpected endpoint or method'],
  ['redirect', 'wrong-service', '302, to'],
  ['not-found', 'wrong-service', '404'],
  ['huge', 'wrong-service', 'more than 2097152 bytes'],
  ['endless', 'wrong-service', 'more than'],
  ['silent', 'error', SLOW],
  ['slow-headers', 'error', SLOW],
  ['slow-body', 'error', SLOW],
  ['reset', 'error', 'connection closed'],
  ['truncated', 'error', 'connection closed'],
  ['unavailable', 'error', '503'],
  ['unauthorized', 'auth-required', '401'],
];

describe.each(['ollama', 'lmstudio'])(
  '"a port or a 200 proves nothing": decoys where %s is expected',
  (runtime) => {
    it.each(DECOYS.filter(([, , word]) => word !== SLOW))('%s is %s', async (fault, state, word) => {
      const fake = await startDecoy(fault);
      const { discovery, readModels } = await startRig({ [runtime]: [fake.port] });
      const endpoint = only(await discovery.scan());
      expect(endpoint).toMatchObject({ state, models: [] });
      expect(answersOf(endpoint)).toContain(word);
      expect(await readModels()).toEqual({});
    });

    it('servers that never finish are errors, all within one deadline', async () => {
      const slow = DECOYS.filter(([, , word]) => word === SLOW);
      const fakes = await Promise.all(slow.map(([fault]) => startDecoy(fault)));
      const { discovery, readModels } = await startRig({ [runtime]: fakes.map(({ port }) => port) });
      const { endpoints } = await discovery.scan();
      expect(endpoints.map(({ state }) => state)).toEqual(slow.map(() => 'error'));
      for (const endpoint of endpoints) expect(answersOf(endpoint)).toContain(SLOW);
      expect(await readModels()).toEqual({});
    });
  },
);

async function startDecoy(fault: Fault) {
  const fake = stopLater(await startFakeRuntime(() => ({ body: { models: [] } })));
  fake.setFault(fault);
  return fake;
}

function answersOf({ evidence }: EndpointReport): string {
  return evidence.map(({ answer }) => answer).join('\n');
}

describe('a scan', () => {
  it('says down, with what to run, when nothing listens', async () => {
    const port = await freePort();
    const { discovery } = await startRig({ ollama: [port] });
    expect(only(await discovery.scan())).toMatchObject({
      url: `http://127.0.0.1:${port}`,
      runtime: 'ollama',
      provider: 'ollama',
      state: 'down',
      hint: expect.stringContaining('ollama serve'),
      evidence: [{ answer: 'connection refused' }, { answer: 'connection refused' }],
    });
  });

  it('ends within its deadline, however slow every answer is', async () => {
    const fake = stopLater(
      await startFakeRuntime(({ path }) =>
        path === '/' ? { body: 'Ollama is running' } : { body: { version: '1.0.0' } },
      ),
    );
    fake.setDelay(300);
    const { discovery } = await startRig({ ollama: [fake.port] }, { deadlineMs: 450 });
    // The second question is cut off; without the deadline the third would find a foreign list.
    expect(only(await discovery.scan())).toMatchObject({ state: 'error', models: [] });
    expect(fake.requests.map(({ path }) => path)).toEqual(['/', '/api/version']);
  });

  it('asks nothing of a host that is not trusted', async () => {
    const env = { OLLAMA_HOST: '192.0.2.1:11434' };
    const { discovery } = await startRig({}, { env });
    const report = await discovery.scan();
    expect(report.endpoints).toEqual([]);
    expect(report.candidates).toMatchObject([{ url: 'http://192.0.2.1:11434', runtime: 'ollama' }]);
  });
});
