/** The login of any provider that takes an API key and has no login of its own: `auth <provider> key`. */
import type { OfferedModel } from '../domain/nim-service.ts';
import { environmentVariablesOf } from '../credentials/environment.ts';
import { KEY_SUBCOMMANDS } from './key-commands.ts';
import { createKeyLogin } from './key-login.ts';
import type { LoginDeps, LoginPlugin } from './plugin.ts';

/** A provider as its login needs it. */
export interface KeyProvider {
  readonly id: string;
  readonly displayName: string;
  readonly models: readonly OfferedModel[];
}

/** Makes the login of one provider. */
export function createProviderKeyLogin(
  { id, displayName, models }: KeyProvider,
  deps: LoginDeps,
): LoginPlugin {
  const name = `auth ${id}`;
  const variables = environmentVariablesOf(id);
  return createKeyLogin(
    {
      provider: id,
      displayName,
      command: { name, description: `the credentials of ${displayName}`, subcommands: KEY_SUBCOMMANDS },
      instructions: [
        `Store a key: provider-sidecar ${name} key`,
        ...(variables.length === 0 ? [] : [`Or set ${variables.join(' or ')}; a stored key comes first.`]),
      ],
      models: () => models,
    },
    deps,
  );
}
