/** Logins at authorization servers: `oauth …`, for every provider that has an entry under `oauth` in the settings. */
import { SidecarError } from '../domain/errors.ts';
import type { Login, Subcommand, UserCommand } from './plugin.ts';

const PROVIDER = { name: 'provider', description: 'a provider under oauth in sidecar.json5' } as const;

const SUBCOMMANDS: readonly Subcommand[] = [
  {
    name: 'login',
    description: 'log in with the browser of this machine, or with --device in any browser',
    argument: PROVIDER,
    options: [
      { flags: '--no-browser', description: 'print the address, open no browser' },
      { flags: '--device', description: 'show a code to enter in any browser' },
    ],
  },
  {
    name: 'status',
    description: 'how each login stands; asks no server',
    argument: PROVIDER,
  },
  { name: 'whoami', description: 'ask the provider whose token this is', argument: PROVIDER },
  {
    name: 'logout',
    description: 'revoke the tokens at the server, and remove them here',
    argument: PROVIDER,
  },
  { name: 'help', description: 'explain this command' },
];

const COMMAND: UserCommand = {
  name: 'oauth',
  description: 'logins at authorization servers (OAuth 2.0)',
  subcommands: SUBCOMMANDS,
};

/** `oauth`. */
export const oauthLogin: Login = {
  command: COMMAND,
  create: async (deps) => {
    const { createOAuthPlugin } = await import('./oauth/oauth-plugin.ts');
    const session = await deps.oauth.open().catch((error: unknown) => {
      if (error instanceof SidecarError) return error;
      throw error;
    });
    return createOAuthPlugin(COMMAND, session, deps);
  },
};
