/**
 * Every source of credentials, filled with canaries: one entry for each that the program knows. The kinds come from
 * where the program keeps them, so that a new kind does not compile, or is not found, until it stands here.
 */
import { secretVariableNames } from '../credentials/environment.ts';
import { PROFILE_TYPES, type ProfileType } from '../credentials/stored-profile.ts';
import { SECRET_SOURCES, type SecretSource } from '../domain/secret-ref.ts';
import { tellingProgram } from '../platform/telling-program.ts';
import { servedSources } from './served-sources.ts';
import { providerEntry, type Source, STATE, type WorldInput } from './world.ts';

const HOUR = 3_600_000;

/** Begins the names of what the login shell sets. */
export const LOGIN_SHELL = 'login shell';

/** A variable that only the login shell sets. */
const SHELL_VARIABLE = 'SYNTHETIC_API_KEY';

/** A variable that only the `.env` of the state directory sets. */
const DOT_ENV_VARIABLE = 'XIAOMI_API_KEY';

/** Sources that work, each by its name. */
export function workingSources(input: WorldInput): Readonly<Record<string, Source>> {
  return {
    environment: environment(input),
    '.env files': dotEnv(input),
    'own store': ownStore(input),
    "the agent's store": agentStore(input),
    'stores from before profiles': oldStores(input),
    cfg: cfg(input),
    references: references(input),
    'models.json': modelsJson(input),
    ...servedSources(input),
  };
}

/** A secret of each variable that the program keeps out of its log. */
function environment({ book }: WorldInput): Source {
  const elsewhere: readonly string[] = [SHELL_VARIABLE, DOT_ENV_VARIABLE];
  const names = secretVariableNames().filter((name) => !elsewhere.includes(name));
  const env = Object.fromEntries(
    names.map((name) => [
      name,
      name === 'AWS_ACCESS_KEY_ID' ? book.makeKeyId(`env: ${name}`) : book.make(`env: ${name}`),
    ]),
  );
  return {
    env: {
      ...env,
      AWS_REGION: 'eu-west-1',
      OPENAI_API_KEY_2: book.make('env: OPENAI_API_KEY_2'),
      PROVIDER_SIDECAR_TOKEN:
        book.make('env: PROVIDER_SIDECAR_TOKEN') + book.make('env: PROVIDER_SIDECAR_TOKEN').slice(-8),
    },
    asks: ['anthropic', 'openai', 'groq', 'amazon-bedrock', 'github-copilot', 'ollama', 'unset-provider'],
  };
}

/** It is asked only where no variable is set that it could set. */
export function loginShell({ book, counterpart }: WorldInput): Source {
  return {
    env: { SHELL: '/bin/sh' },
    files: { '.profile': `export ${SHELL_VARIABLE}=${book.make(`${LOGIN_SHELL}: ${SHELL_VARIABLE}`)}\n` },
    config: { env: { shellEnv: { enabled: true } } },
    providers: { synthetic: providerEntry(counterpart, {}) },
  };
}

/** The one that is read, and the one of the workspace, which the set-up adds lines to. */
function dotEnv({ book, counterpart }: WorldInput): Source {
  return {
    files: {
      [`${STATE}/.env`]: `${DOT_ENV_VARIABLE}=${book.make(`.env: ${DOT_ENV_VARIABLE}`)}\n`,
      '.env': `DATABASE_PASSWORD='${book.make('.env of the workspace: a password')}'\n`,
    },
    providers: { xiaomi: providerEntry(counterpart, {}) },
  };
}

/** A profile of each type, as the fields of a store have it. */
function profileOf(type: ProfileType, place: string, { book, now }: WorldInput): object {
  switch (type) {
    case 'api_key':
      return { type, key: book.make(`${place}: key`) };
    case 'token':
      return { type, token: book.make(`${place}: token`), expires: now + HOUR };
    case 'oauth':
      return {
        type,
        access: book.make(`${place}: access token`),
        refresh: book.make(`${place}: refresh token`),
        expires: now + HOUR,
      };
  }
}

function ownStore(input: WorldInput): Source {
  return profilesOfEachType('own', input, (profiles) => ({ ownProfiles: profiles }));
}

function agentStore(input: WorldInput): Source {
  return profilesOfEachType('agent', input, (profiles) => ({
    files: { [`${STATE}/agents/main/agent/auth-profiles.json`]: { version: 1, profiles } },
  }));
}

function profilesOfEachType(
  store: string,
  input: WorldInput,
  put: (profiles: Readonly<Record<string, object>>) => Source,
): Source {
  const idOf = (type: ProfileType): string => `${store}-${type.replace('_', '-')}`;
  const profiles = PROFILE_TYPES.map(
    (type) =>
      [
        `${idOf(type)}:p`,
        { provider: idOf(type), ...profileOf(type, `${store} store, ${type}`, input) },
      ] as const,
  );
  const providers = PROFILE_TYPES.map((type) => [idOf(type), providerEntry(input.counterpart, {})] as const);
  return { ...put(Object.fromEntries(profiles)), providers: Object.fromEntries(providers) };
}

function oldStores({ book, counterpart, now }: WorldInput): Source {
  const entry = providerEntry(counterpart, {});
  return {
    files: {
      [`${STATE}/agents/main/agent/auth.json`]: { 'old-key': { key: book.make('auth.json: key') } },
      [`${STATE}/credentials/oauth.json`]: {
        'old-login': {
          access: book.make('oauth.json: access token'),
          refresh: book.make('oauth.json: refresh token'),
          expires: now + HOUR,
        },
      },
    },
    providers: { 'old-key': entry, 'old-login': entry },
  };
}

function cfg({ book, counterpart }: WorldInput): Source {
  const model = {
    id: 'm',
    contextWindow: 32_000,
    headers: { 'x-model-key': book.make('cfg: header of a model') },
  };
  return {
    config: {
      env: { vars: { CANARY_VARIABLE: book.make('cfg: env.vars') } },
      agents: { defaults: { model: 'cfg-key/m' } },
    },
    providers: {
      'cfg-key': providerEntry(counterpart, { apiKey: book.make('cfg: apiKey') }),
      'cfg-headers': providerEntry(counterpart, {
        apiKey: book.make('cfg: apiKey beside headers'),
        headers: { 'x-api-key': book.make('cfg: header'), cookie: `s=${book.make('cfg: cookie')}` },
        models: [model],
      }),
      'cfg-variable': providerEntry(counterpart, { apiKey: '${CANARY_VARIABLE}' }),
    },
  };
}

/** A variable of the scratch machine alone; in parts, because it is none that this program knows. */
const REFERENCE_VARIABLE = ['CANARY', 'REFERENCE', 'SECRET'].join('_');

/** Words of a reference of each source; the aliases stand in `secrets.providers`. */
function referenceOf(source: SecretSource): object {
  switch (source) {
    case 'env':
      return { source, id: REFERENCE_VARIABLE };
    case 'file':
      return { source, provider: 'vault-file', id: '/key' };
    case 'exec':
      return { source, provider: 'vault', id: 'key' };
    case 'store':
      return { source, id: 'key' };
  }
}

/** Folder of those programs and of what they saw, below the home folder. */
export const PROGRAMS = 'programs';

function references({ book, counterpart, home, node }: WorldInput): Source {
  const answer = { protocolVersion: 1, values: { key: book.make('reference: exec') } };
  return {
    env: { [REFERENCE_VARIABLE]: book.make('reference: env') },
    files: {
      [`${STATE}/vault.json`]: { key: book.make('reference: file') },
      [`${PROGRAMS}/vault.mjs`]: tellingProgram(JSON.stringify(answer)),
    },
    settings: {
      secrets: {
        allowExec: true,
        exec: [{ alias: 'vault', command: node, args: [`${home}/${PROGRAMS}/vault.mjs`] }],
      },
    },
    config: { secrets: { providers: { 'vault-file': { source: 'file', path: 'vault.json' } } } },
    providers: Object.fromEntries(
      SECRET_SOURCES.map((source) => [
        `ref-${source}`,
        providerEntry(counterpart, { apiKey: referenceOf(source) }),
      ]),
    ),
  };
}

/** A file of somebody who put a key where none belongs. */
function modelsJson({ book, counterpart }: WorldInput): Source {
  const foreign = providerEntry(counterpart, { apiKey: book.make('models.json: apiKey of a foreign entry') });
  return {
    files: { [`${STATE}/sidecar/models.json`]: { providers: { foreign } } },
    asks: ['foreign'],
  };
}
