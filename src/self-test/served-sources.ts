/** Sources whose credentials are had from a server: logins, exchanged keys, NIM. */
import { isoOrNull } from '../platform/clock.ts';
import { providerEntry, type Source, type WorldInput } from './world.ts';

const HOUR = 3_600_000;

/** Each by its name. */
export function servedSources(input: WorldInput): Readonly<Record<string, Source>> {
  return { oauth: oauth(input), exchange: exchange(input), nim: nim(input) };
}

/** A login that has to be renewed at once, and one that is asked for while it is good. */
function oauth({ book, counterpart, now }: WorldInput): Source {
  const login = { issuer: counterpart, clientId: 'self-test', scopes: ['openid'], tokenType: 'Bearer' };
  const client = {
    issuer: counterpart,
    clientId: 'self-test',
    clientSecret: '${CANARY_CLIENT_SECRET}',
    scopes: ['openid'],
    userinfo: `${counterpart}/userinfo`,
  };
  const profile = (provider: string, left: number): object => ({
    type: 'oauth',
    provider,
    access: book.make(`${provider}: access token`),
    refresh: book.make(`${provider}: refresh token`),
    expires: now + left,
    obtained: now - HOUR,
    ...login,
  });
  const entry = providerEntry(counterpart, { auth: 'oauth' });
  return {
    env: { CANARY_CLIENT_SECRET: book.make('oauth: client secret') },
    settings: { oauth: { 'login-good': client, 'login-over': client } },
    ownProfiles: {
      'login-good:default': profile('login-good', 2 * HOUR),
      'login-over:default': profile('login-over', -1000),
    },
    providers: { 'login-good': entry, 'login-over': entry },
  };
}

/** A key that is stored, and two that the AWS keys of the environment are exchanged for: as they are, and by a proof. */
function exchange({ book, counterpart, now }: WorldInput): Source {
  return {
    env: { GPU_DEV_API_URL: counterpart },
    files: {
      '.gpu-dev/credentials.json': {
        api_key: book.make('exchange: stored key'),
        username: 'self-test',
        expires_at: isoOrNull(now + 300 * HOUR) ?? '',
        aws_arn: null,
      },
    },
    settings: {
      exchange: {
        farm: { url: counterpart, proof: 'keys' },
        'farm-proof': { url: counterpart, proof: 'presigned', serverId: 'self-test' },
      },
    },
    providers: { farm: providerEntry(counterpart, {}), 'farm-proof': providerEntry(counterpart, {}) },
    asks: ['gpu-dev'],
  };
}

function nim({ book, counterpart }: WorldInput): Source {
  return {
    env: { JAATO_NIM_BASE_URL: counterpart, JAATO_NIM_MODEL: 'meta/llama-3.3-70b-instruct' },
    ownProfiles: {
      'nim:default': { type: 'api_key', provider: 'nim', key: book.make('own store, nim: key') },
    },
    asks: ['nim'],
  };
}
