import { describe, expect, it } from 'vitest';
import { dockerModelRunner } from '../../../src/discovery/runtimes/docker-model-runner.ts';
import { createInquiry } from '../../../src/discovery/inquiry.ts';
import { createProbe } from '../../../src/discovery/probe.ts';
import { readTextFile } from '../../../src/platform/files.ts';
import { startFakeDockerModelRunner } from '../../helpers/fakes/docker-model-runner.ts';
import { stopLater } from '../rig.ts';
import { scanFake } from './scan-fake.ts';

describe('Docker Model Runner', () => {
  it('has its API below the path of its engines', async () => {
    const { endpoint, fake, readModels } = await scanFake(
      'docker-model-runner',
      startFakeDockerModelRunner(),
    );
    expect(endpoint).toMatchObject({
      runtime: 'docker-model-runner',
      provider: 'docker-model-runner',
      state: 'up',
      version: 'v1.0.12',
      models: [{ id: 'ai/smollm2:latest', contextWindow: 8_192, contextWindowSource: 'configured' }],
    });
    expect(await readModels()).toMatchObject({
      'docker-model-runner': { baseUrl: `${fake.url}/engines/v1`, auth: 'none' },
    });
  });

  it('keeps its id over a restart of the sidecar', async () => {
    const { discovery } = await scanFake('docker-model-runner', startFakeDockerModelRunner());
    expect((await discovery.scan()).endpoints).toMatchObject([{ provider: 'docker-model-runner' }]);
  });

  it('is told by the owner of its list where it has no root text', async () => {
    const { endpoint } = await scanFake(
      'docker-model-runner',
      startFakeDockerModelRunner({ hasRootText: false }),
    );
    expect(endpoint).toMatchObject({ runtime: 'docker-model-runner', state: 'up' });
  });

  it('is up without models', async () => {
    const { endpoint } = await scanFake('docker-model-runner', startFakeDockerModelRunner({ models: [] }));
    expect(endpoint).toMatchObject({ runtime: 'docker-model-runner', state: 'up', models: [] });
  });

  it.each([
    ['v1.0.12', ['GET /version']],
    [undefined, ['GET /version', 'GET /']],
  ])('is alive by light questions (version %s)', async (version, asked) => {
    const fake = stopLater(await startFakeDockerModelRunner({ version }));
    const probe = createProbe({ clock: Date.now });
    const liveness = await dockerModelRunner.isAlive(createInquiry(probe, fake.url));
    await probe.close();
    expect(liveness).toEqual({ kind: 'alive', version: version ?? null });
    expect(fake.requests.map(({ route }) => route)).toEqual(asked);
  });

  it.each([
    [{ MODEL_RUNNER_PORT: '13434' }, ['localhost:13434']],
    [{ MODEL_RUNNER_HOST: 'http://localhost:13435' }, ['localhost:13435']],
    [{ MODEL_RUNNER_PORT: 'x', MODEL_RUNNER_HOST: 'unix:///run/x.sock' }, []],
  ])('is looked for where its variables say: %j', async (env, named) => {
    const found = await dockerModelRunner.findAddresses({
      env,
      home: '/',
      readTextFile,
      defaultPorts: [12_434],
    });
    expect(found.map(({ host, port }) => `${host}:${port}`)).toEqual([...named, 'localhost:12434']);
  });
});
