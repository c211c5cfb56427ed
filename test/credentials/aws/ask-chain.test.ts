/** "No secrets in … environment of children": what the process that asks the AWS SDK is given. */
import { expect, it } from 'vitest';
import { createAskChain } from '../../../src/credentials/aws/ask-chain.ts';
import type { Environment } from '../../../src/platform/paths.ts';

it('the process of the AWS chain gets the AWS variables, and no secret of another service nor the server’s token', async () => {
  let given: Environment = {};
  const ask = createAskChain(({ env }) => {
    given = env;
    return Promise.resolve({ kind: 'finished', stdout: '' });
  });
  const kept = {
    AWS_ACCESS_KEY_ID: 'AKIA',
    AWS_SECRET_ACCESS_KEY: 's',
    PATH: '/bin',
    SSH_AUTH_SOCK: '/s',
    XDG_RUNTIME_DIR: '/r',
  };
  const env = {
    ...kept,
    PROVIDER_SIDECAR_TOKEN: 't',
    OPENAI_API_KEY: 'k',
    OPENAI_API_KEY_2: 'k',
    HF_TOKEN: 'k',
    FAL_KEY: 'k',
    MY_CLIENT_SECRET: 'k',
    DB_PASSWORD: 'k',
  };
  await ask({ env, home: '/home/you', profile: null, timeoutMs: 1, signal: new AbortController().signal });
  const names = Object.keys(given).filter((name) => !['HOME', 'PROVIDER_SIDECAR_AWS_CHAIN'].includes(name));
  expect(names.sort()).toEqual(Object.keys(kept).sort());
});
