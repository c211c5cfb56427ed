/** The login of NVIDIA NIM: the hosted service with a key, or a server of one's own without. */
import { NIM_MODELS, NIM_SERVICE } from '../domain/nim-service.ts';
import { readNimSettings } from '../credentials/nim-settings.ts';
import { KEY_SUBCOMMANDS } from './key-commands.ts';
import type { Login, UserCommand } from './plugin.ts';

const COMMAND: UserCommand = {
  name: 'nim-auth',
  description: 'the credentials of NVIDIA NIM',
  subcommands: [{ name: 'login', description: 'how to get an API key' }, ...KEY_SUBCOMMANDS],
};

const INSTRUCTIONS = [
  'To use NVIDIA NIM:',
  `  1. Open ${NIM_SERVICE.keyPage}, sign in and make an API key (nvapi-…)`,
  '  2. Store it: provider-sidecar nim-auth key',
  'Or set JAATO_NIM_API_KEY or NVIDIA_API_KEY; a stored key comes first.',
  'A NIM container of your own needs no key: set JAATO_NIM_BASE_URL, for example to http://127.0.0.1:8000/v1',
] as const;

/** `nim-auth`. */
export const nimLogin: Login = {
  command: COMMAND,
  create: async (deps) => {
    const { createKeyLogin } = await import('./key-login.ts');
    const { model } = readNimSettings(deps.env);
    const known = NIM_MODELS.map(({ id, name, about }) => ({ id, name, about }));
    const named = known.find(({ id }) => id === model);
    const wanted = model === undefined ? [] : [named ?? { id: model, name: model, about: 'JAATO_NIM_MODEL' }];
    const models = [...wanted, ...known.filter(({ id }) => id !== model)];
    return createKeyLogin(
      {
        provider: NIM_SERVICE.id,
        displayName: NIM_SERVICE.name,
        command: COMMAND,
        instructions: INSTRUCTIONS,
        models: () => models,
      },
      deps,
    );
  },
};
