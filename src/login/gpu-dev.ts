/** The login of the GPU Dev API: an AWS identity exchanged for a key that lives for a time. */
import { GPU_DEV } from '../domain/exchange.ts';
import type { Login, UserCommand } from './plugin.ts';

const COMMAND: UserCommand = {
  name: GPU_DEV.id,
  description: 'the API key of GPU Dev, got with an AWS identity',
  subcommands: [
    { name: 'login', description: 'exchange the AWS identity for an API key and store it' },
    { name: 'whoami', description: 'whose key is stored, and until when' },
    { name: 'logout', description: 'remove the stored key' },
    { name: 'status', description: 'what is stored, and how it is got' },
    { name: 'help', description: 'explain this command' },
  ],
};

const MISSING = `the variable ${GPU_DEV.urlVariable} is not set`;
const REMEDY = `export ${GPU_DEV.urlVariable}=https://your-api`;

/** `gpu-dev`. */
export const gpuDevLogin: Login = {
  command: COMMAND,
  create: async (deps) => {
    const { createExchangeLogin } = await import('./exchange-login.ts');
    return createExchangeLogin(
      {
        provider: GPU_DEV.id,
        displayName: 'the API key of GPU Dev',
        command: COMMAND,
        instructions: [
          `${GPU_DEV.urlVariable} names the API; AWS_PROFILE and AWS_REGION choose the AWS identity.`,
          'A login hands over the AWS keys to that API, which stores none of them. An expired key is renewed by itself.',
        ],
        missing: MISSING,
        remedy: REMEDY,
      },
      deps,
    );
  },
};
