/** The login of any provider that `exchange` in sidecar.json5 describes. */
import type { Login, Subcommand, UserCommand } from './plugin.ts';

const PROVIDER: Pick<Subcommand, 'argument'> = {
  argument: { name: 'provider', description: 'a provider under exchange in sidecar.json5' },
};

const COMMAND: UserCommand = {
  name: 'exchange',
  description: 'API keys that an AWS identity is exchanged for',
  subcommands: [
    { name: 'login', description: 'exchange the AWS identity for an API key and store it', ...PROVIDER },
    { name: 'whoami', description: 'whose key is stored, and until when', ...PROVIDER },
    { name: 'logout', description: 'remove the stored key', ...PROVIDER },
    { name: 'status', description: 'what is stored, and how it is got', ...PROVIDER },
    { name: 'help', description: 'explain this command' },
  ],
};

/** `exchange`. */
export const exchangeLogin: Login = {
  command: COMMAND,
  create: async (deps) => {
    const { createExchangeLogin } = await import('./exchange-login.ts');
    return createExchangeLogin(
      {
        provider: null,
        displayName: 'API keys that an AWS identity is exchanged for',
        command: COMMAND,
        instructions: ['The providers stand under exchange in sidecar.json5.'],
        remedy: 'Describe it under exchange in sidecar.json5',
      },
      deps,
    );
  },
};
