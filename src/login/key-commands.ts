/**
 * What a key login can do, as the command line shows it. It stands apart from what is done, so that a help text
 * or the start of the server loads none of that.
 */
import type { Subcommand } from './plugin.ts';

/** The subcommand `key`, the same for every provider. */
const KEY_SUBCOMMAND: Subcommand = {
  name: 'key',
  description: 'check an API key at the provider and store it; asks for it without an argument',
  argument: {
    name: 'api_key',
    description: 'the key; - reads it from standard input. An argument ends up in the history of the shell',
  },
  options: [{ flags: '--force', description: 'store the key also when the check does not prove it' }],
  offersSetup: true,
};

/** The subcommands that follow it, the same for every provider. */
const OTHER_SUBCOMMANDS: readonly Subcommand[] = [
  { name: 'logout', description: 'remove the stored credentials of this provider' },
  {
    name: 'status',
    description: 'which credential a request would use, and why',
    options: [{ flags: '--check', description: 'also ask the provider whether it takes the credential' }],
  },
  { name: 'help', description: 'explain this command' },
];

/** The subcommands of every key login. */
export const KEY_SUBCOMMANDS: readonly Subcommand[] = [KEY_SUBCOMMAND, ...OTHER_SUBCOMMANDS];
