/** `exchange.<provider>` in sidecar.json5: what it may say, and what is wrong with what it may not. */
import { describe, expect, it } from 'vitest';
import { loadSettings } from '../../src/settings/load.ts';

const load = (exchange: unknown) =>
  loadSettings({
    flags: {},
    env: {},
    paths: { home: '/home/you', settings: '/state/sidecar/sidecar.json5', modelsJson: '/state/models.json' },
    readTextFile: () => Promise.resolve({ kind: 'text', text: JSON.stringify({ exchange }), mode: 0o600 }),
  });

describe('exchange', () => {
  it('is taken over; a relative file counts from the folder of the settings', async () => {
    const farm = {
      url: 'https://farm.example.com',
      baseUrl: 'https://jobs.example.com/v1',
      name: 'Farm',
      proof: 'presigned',
      serverId: 'farm.example.com',
      requiredRole: 'Farmer',
    };
    const loaded = await load({
      farm: { ...farm, credentialsFile: 'farm.json' },
      'gpu-dev': { credentialsFile: '~/keys/gpu.json' },
    });
    expect(loaded).toMatchObject({
      kind: 'loaded',
      settings: {
        exchange: {
          farm: { ...farm, credentialsFile: '/state/sidecar/farm.json' },
          'gpu-dev': { credentialsFile: '/home/you/keys/gpu.json' },
        },
      },
      origins: { exchange: 'sidecar.json5: exchange' },
    });
  });

  it('loopback needs no encryption', async () => {
    expect(await load({ farm: { url: 'http://127.0.0.1:8000', proof: 'keys' } })).toMatchObject({
      kind: 'loaded',
    });
  });

  it.each([
    ['an unknown key', { farm: { url: 'https://a.example', proof: 'keys', ulr: 1 } }, 'did you mean "url"?'],
    ['no url', { farm: { proof: 'keys' } }, 'exchange.farm in sidecar.json5 must name its url'],
    [
      'plain http',
      { farm: { url: 'http://a.example', proof: 'keys' } },
      'http is for loopback addresses only',
    ],
    [
      'plain http for the key',
      { farm: { url: 'https://a.example', baseUrl: 'http://a.example', proof: 'keys' } },
      'exchange.farm.baseUrl',
    ],
    [
      'a password',
      { farm: { url: 'https://u:p4ssw0rd@a.example', proof: 'keys' } },
      'must not hold a user name',
    ],
    ['no proof', { farm: { url: 'https://a.example' } }, 'must name its proof: keys or presigned'],
    ['another proof', { farm: { url: 'https://a.example', proof: 'jwt' } }, 'must be one of keys, presigned'],
    ['no server', { farm: { url: 'https://a.example', proof: 'presigned' } }, 'must name the serverId'],
    [
      'a server without a proof for it',
      { 'gpu-dev': { serverId: 'x' } },
      'has a serverId without proof "presigned"',
    ],
    [
      'a server with a line break',
      { farm: { url: 'https://a.example', proof: 'presigned', serverId: 'a\nb' } },
      'serverId',
    ],
    ['an id that leaves the folder', { '../x': { url: 'https://a.example', proof: 'keys' } }, 'exchange'],
    ['no object', { farm: 'https://a.example' }, 'must be an object'],
  ])('%s is an error', async (_name, exchange, message) => {
    const loaded = await load(exchange);
    if (loaded.kind === 'loaded') throw new Error('it should be broken');
    expect(loaded.problem.detail).toContain(message);
    expect(loaded.problem.detail).not.toContain('p4ssw0rd');
  });
});
