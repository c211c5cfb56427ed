/** Sources that are broken in every way that has a message of its own: a message must not quote what it is about. */
import { type Source, providerEntry, STATE, type WorldInput } from './world.ts';
import { tellingProgram } from '../platform/telling-program.ts';
import { PROGRAMS } from './sources.ts';

/** Sources that do not work, by what is wrong. The server starts with them all the same. */
export function brokenSources(input: WorldInput): Readonly<Record<string, Source>> {
  const { book, counterpart, home, node, now } = input;
  const entry = (more: object): object => providerEntry(counterpart, more);
  const login = { issuer: counterpart, clientId: 'self-test', scopes: ['openid'], obtained: 0 };
  return {
    'keys with control characters': {
      env: { GROQ_API_KEY: `${book.make('broken env: two lines')}\nmore` },
      providers: {
        'bad-lines': entry({ apiKey: `${book.make('broken cfg: two lines')}\r\nmore` }),
        'bad-header': entry({
          apiKey: 'k-0123456789',
          headers: { 'x-key': `${book.make('broken cfg: header')}\n` },
        }),
      },
      asks: ['groq'],
    },
    'keys that are none': {
      providers: {
        'bad-command': entry({ apiKey: `!echo ${book.make('broken cfg: command')}` }),
        'bad-object': entry({ apiKey: { id: book.make('broken cfg: object') } }),
        'bad-variable': entry({ apiKey: '${CANARY_THAT_IS_NOT_SET}' }),
        'bad-url': entry({
          baseUrl: `http://user:${book.make('broken cfg: password in a URL')}@127.0.0.1/v1`,
        }),
      },
    },
    'stores that cannot be read': {
      files: {
        [`${STATE}/agents/main/agent/auth-profiles.json`]: `{"profiles": {"xai:a": {"key": "${book.make('broken store: cut off')}`,
        [`${STATE}/agents/main/agent/auth.json`]: `{"xai": {"key": ${book.make('broken store: no quotes')}}}`,
      },
      ownProfiles: {
        'bad-profile:a': {
          type: 'api_key',
          provider: 'bad-profile',
          key: `${book.make('broken store: tab')}\tx`,
        },
        'bad-profile:b': {
          type: 'token',
          provider: 'bad-profile',
          token: book.make('broken store: over'),
          expires: 1,
        },
        'bad-profile:c': { type: 'what', provider: 'bad-profile', key: book.make('broken store: type') },
      },
      providers: { 'bad-profile': entry({}) },
      asks: ['xai'],
    },
    'references that lead nowhere': {
      files: {
        [`${STATE}/broken.json`]: `{"key": "${book.make('broken reference: file')}`,
        [`${PROGRAMS}/broken.mjs`]: tellingProgram(book.make('broken reference: what a command says')),
      },
      settings: {
        secrets: {
          allowExec: true,
          exec: [{ alias: 'broken', command: node, args: [`${home}/${PROGRAMS}/broken.mjs`] }],
        },
      },
      config: { secrets: { providers: { broken: { source: 'file', path: 'broken.json' } } } },
      providers: {
        'bad-file': entry({ apiKey: { source: 'file', provider: 'broken', id: '/other' } }),
        'bad-exec': entry({ apiKey: { source: 'exec', provider: 'broken', id: 'key' } }),
      },
    },
    'servers that repeat what they are sent': {
      env: { CANARY_CLIENT_SECRET: book.make('refused oauth: client secret') },
      settings: {
        oauth: {
          'bad-login': {
            issuer: `${counterpart}/refusing`,
            clientId: 'self-test',
            clientSecret: '${CANARY_CLIENT_SECRET}',
          },
          'bad-renewal': {
            issuer: `${counterpart}/refusing`,
            clientId: 'self-test',
            clientSecret: '${CANARY_CLIENT_SECRET}',
          },
        },
        exchange: {
          'bad-farm': { url: `${counterpart}/refusing`, proof: 'keys' },
          'bad-farm-proof': { url: `${counterpart}/refusing`, proof: 'presigned', serverId: 'self-test' },
        },
      },
      ownProfiles: {
        'bad-login:default': {
          ...login,
          type: 'oauth',
          provider: 'bad-login',
          issuer: `${counterpart}/refusing`,
          access: book.make('refused oauth: access token'),
          refresh: book.make('refused oauth: refresh token'),
          expires: now - 1000,
        },
        // Good until somebody reports that it was refused.
        'bad-renewal:default': {
          ...login,
          type: 'oauth',
          provider: 'bad-renewal',
          issuer: `${counterpart}/refusing`,
          access: book.make('refused renewal: access token'),
          refresh: book.make('refused renewal: refresh token'),
          expires: now + 7_200_000,
        },
      },
      providers: {
        'bad-login': entry({ auth: 'oauth' }),
        'bad-renewal': entry({ auth: 'oauth' }),
        'bad-farm': entry({}),
        'bad-farm-proof': entry({}),
      },
    },
    '.env files without an end': {
      files: {
        [`${STATE}/.env`]: `XIAOMI_API_KEY="${book.make('broken .env: no end')}\n=${book.make('broken .env: no name')}\n`,
        '.env': `JAATO_PROVIDER="${book.make('broken .env of the workspace: no end')}\n`,
      },
      asks: ['xiaomi'],
    },
    'AWS profiles': {
      env: { AWS_PROFILE: 'told', AWS_REGION: 'eu-west-1' },
      files: {
        '.aws/credentials': `[static]\naws_access_key_id = ${book.makeKeyId('shared file: id')}\naws_secret_access_key = ${book.make('shared file: secret key')}\n`,
        '.aws/config': `[profile told]\ncredential_process = "${node}" "${home}/${PROGRAMS}/aws.mjs"\n`,
        [`${PROGRAMS}/aws.mjs`]: tellingProgram(
          JSON.stringify({
            Version: 1,
            AccessKeyId: book.makeKeyId('credential_process: id'),
            SecretAccessKey: book.make('credential_process: secret key'),
            SessionToken: book.make('credential_process: session token'),
          }),
        ),
      },
      asks: ['amazon-bedrock'],
    },
    'a secret variable beside all that': {
      env: { OPENAI_API_KEY: book.make('env beside AWS profiles: OPENAI_API_KEY') },
      asks: ['openai'],
    },
  };
}

/** Files that stop the start, by what is wrong: the block that says so must not quote them. */
export function refusedStarts({
  book,
}: Pick<WorldInput, 'book'>): Readonly<Record<string, Readonly<Record<string, string>>>> {
  const secret = (what: string): string => book.make(`refused start: ${what}`);
  return {
    'a config that is cut off': {
      [`${STATE}/moltbot.json`]: `{"models": {"providers": {"a": {"apiKey": "${secret('cut off')}`,
    },
    'a config without quotes': {
      [`${STATE}/moltbot.json`]: `{models: {providers: {a: {apiKey: ${secret('no quotes')}}}}}`,
    },
    'settings with a secret in them': {
      [`${STATE}/sidecar/sidecar.json5`]: `{oauth: {a: {issuer: 'https://a.example', clientId: 'c', clientSecret: '${secret('client secret')}'}}}`,
    },
    'settings with a password in a URL': {
      [`${STATE}/sidecar/sidecar.json5`]: `{discovery: {endpoints: ['http://u:${secret('password')}@127.0.0.1:1']}}`,
    },
    'settings that are cut off': {
      [`${STATE}/sidecar/sidecar.json5`]: `{oauth: {a: {clientSecret: '${secret('settings')}`,
    },
  };
}
