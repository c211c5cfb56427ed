import type { LookupFunction } from 'node:net';
import { describe, expect, it } from 'vitest';
import { startFakeDockerModelRunner } from '../helpers/fakes/docker-model-runner.ts';
import { startFakeLemonade } from '../helpers/fakes/lemonade.ts';
import { startFakeLlamaServer } from '../helpers/fakes/llamacpp.ts';
import { startFakeVllm } from '../helpers/fakes/vllm.ts';
import { only, startRig, stopLater } from './rig.ts';

/** Every name is this machine. */
const lookup: LookupFunction = (_host, options, done) => {
  const address = { address: '127.0.0.1', family: 4 };
  if (options.all === true) done(null, [address]);
  else done(null, address.address, address.family);
};

describe('a base URL that was copied into the settings means the server', () => {
  it.each([
    ['/api/v1', 'lemonade', startFakeLemonade],
    ['/engines/v1', 'docker-model-runner', startFakeDockerModelRunner],
    ['/v1', 'vllm', startFakeVllm],
  ])('%s of %s', async (path, runtime, start) => {
    const fake = stopLater(await start());
    const here = await startRig({}, { endpoints: [`${fake.url}${path}/`].map((url) => ({ url })) });
    expect(only(await here.discovery.scan())).toMatchObject({ url: fake.url, runtime, state: 'up' });
    const url = `http://box.example:${fake.port}`;
    const elsewhere = await startRig({}, { trust: [`${url}${path}`], lookup });
    expect(only(await elsewhere.discovery.scan())).toMatchObject({ url, runtime, state: 'up' });
  });

  it('and where a server has such a path of its own, it is found below it', async () => {
    const fake = stopLater(await startFakeLlamaServer({ prefix: '/api' }));
    const { discovery } = await startRig({}, { endpoints: [{ url: `${fake.url}/api/v1` }] });
    expect(only(await discovery.scan())).toMatchObject({ url: `${fake.url}/api`, state: 'up' });
  });
});
