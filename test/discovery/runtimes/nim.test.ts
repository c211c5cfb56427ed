import { describe, expect, it } from 'vitest';
import { nim } from '../../../src/discovery/runtimes/nim.ts';
import { readTextFile } from '../../../src/platform/files.ts';
import { startFakeNim } from '../../helpers/fakes/nim.ts';
import { startFakeRuntime } from '../../helpers/fake-runtime.ts';
import { scanFake } from './scan-fake.ts';

describe('a NIM container', () => {
  it.each(['nim', 'vllm'] as const)('"must win over vllm on port 8000" (%s expected)', async (expected) => {
    const { endpoint } = await scanFake(expected, startFakeNim());
    expect(endpoint).toMatchObject({
      runtime: 'nim',
      provider: 'nim',
      state: 'up',
      version: '2.0.3',
      models: [{ id: 'meta/llama-3.1-8b-instruct', contextWindow: 32_768, contextWindowSource: 'loaded' }],
    });
  });

  it.each([
    ['starting', null],
    ['loading', '2.0.3'],
  ] as const)('whose model is not there yet is loading (%s)', async (stage, version) => {
    const { endpoint, readModels } = await scanFake('nim', startFakeNim({ stage }));
    expect(endpoint).toMatchObject({ state: 'loading', version });
    expect(endpoint.hint).toContain('/v1/health/ready');
    expect(await readModels()).toEqual({});
  });

  it('whose server demands a key is auth-required with the flag of that server', async () => {
    const { endpoint } = await scanFake('nim', startFakeNim({ key: 'k' }));
    expect(endpoint).toMatchObject({ runtime: 'nim', state: 'auth-required', models: [] });
    expect(endpoint.hint).toContain('--api-key');
  });

  it.each([
    { version: '1' },
    { version: '1', modelInfo: [] },
    { modelInfo: [], assetInfo: [] },
    { version: '1', modelInfo: ['a'], assetInfo: [] },
    [],
  ])('is not told by metadata of another kind: %j', async (metadata) => {
    const other = startFakeRuntime(({ path }) =>
      path === '/v1/metadata' ? { body: metadata } : { status: 404 },
    );
    expect((await scanFake('nim', other)).endpoint).toMatchObject({ runtime: null, state: 'wrong-service' });
  });

  it('is looked for at the port of its variable, too', async () => {
    const env = { NIM_SERVER_PORT: '9000' };
    const found = await nim.findAddresses({ env, home: '/', readTextFile, defaultPorts: [8_000] });
    expect(found.map(({ port, foundBy }) => [port, foundBy])).toEqual([
      [9_000, 'NIM_SERVER_PORT'],
      [8_000, 'default port'],
    ]);
  });
});
