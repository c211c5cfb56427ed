/** The tables of README and docs are complete, and name nothing that does not exist. */
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  environmentVariablesOf,
  isKnownProviderVariable,
  secretVariableNames,
} from '../../src/credentials/environment.ts';
import { providerSubcommands } from '../../src/commands/login-list.ts';
import { RUNTIMES } from '../../src/discovery/runtimes/index.ts';
import { unknownApiHint } from '../../src/domain/api-ids.ts';
import { ERROR_CODES, EXIT } from '../../src/domain/errors.ts';
import { CONTEXT_WINDOW_SOURCES } from '../../src/domain/provider.ts';
import { ENDPOINT_STATES } from '../../src/domain/runtime-state.ts';
import { silentLogger } from '../../src/platform/logger.ts';
import { Secret } from '../../src/domain/secret.ts';
import { ROUTE_SCOPES } from '../../src/http/callers/route-scope.ts';
import { createCallers } from '../../src/http/callers/callers.ts';
import { systemClock } from '../../src/platform/clock.ts';
import { createResolver } from '../../src/resolution/resolver.ts';
import { createApp, OPEN_PATHS } from '../../src/server.ts';
import { loadSettings } from '../../src/settings/load.ts';
import { SETTING_NAMES, settingsFile } from '../../src/settings/schema.ts';
import { runCli } from '../helpers/cli.ts';
import { type Rig, startRig } from '../helpers/sidecar-rig.ts';
import { codesIn, readPage, ROOT, tableOf } from './pages.ts';

const readme = readPage('README.md');
const cli = readPage('docs/cli.md');
const configuration = readPage('docs/configuration.md');
const decisions = readPage('docs/decisions.md');
const discovery = readPage('docs/discovery.md');
const errors = readPage('docs/errors.md');
const httpApi = readPage('docs/http-api.md');

/** The first code of each row's first cell. */
const firsts = (rows: readonly (readonly string[])[]): string[] =>
  rows.flatMap(([cell = '']) => codesIn(cell)[0] ?? []);

/** Rows as lines, in an order that does not depend on the page's. */
const sorted = (rows: readonly (readonly string[])[]): string[] => rows.map((row) => row.join(' ')).sort();

describe('routes', () => {
  const unused = (): never => {
    throw new Error('no route is called here');
  };
  const app = createApp({
    snapshot: unused,
    resolver: createResolver(unused, unused),
    reportRejection: unused,
    health: unused,
    discovery: unused,
    scan: unused,
    setUp: { describe: unused, connect: unused, changeDefaultModel: unused },
    callers: createCallers(new Secret('token-of-the-tables-test-0123456789'), systemClock),
    reloadCallers: unused,
    watching: { stream: unused, poll: unused },
    logins: { start: unused, progress: unused },
    metrics: { timer: unused, resolved: unused, text: unused },
    audit: { handedOut: unused },
    clock: unused,
    log: silentLogger,
  });
  const real = app.routes.map(({ method, path }) => `${method} ${path}`);

  it.each([
    ['README.md', tableOf(readme, 'route', 'token', 'answer')],
    ['docs/http-api.md', tableOf(httpApi, 'route', 'token', 'parameters')],
  ])('every route of the server is in the table of %s, with its need for a token', (_page, rows) => {
    expect(firsts(rows)).toEqual(real);
    const open = rows
      .filter(([, token = '']) => token.startsWith('no'))
      .flatMap(([route = '']) => codesIn(route));
    expect(open).toEqual(OPEN_PATHS.map((path) => `GET ${path}`));
  });

  it('every route has a chapter', () => {
    const chapters = [...httpApi.text.matchAll(/^## `((?:GET|POST|PUT) .*)`$/gm)].map(([, route]) => route);
    expect(chapters).toEqual(real);
  });

  it('what a limited token may do is in the table, route by route', () => {
    const rows = tableOf(httpApi, 'route', 'limited to providers or models', 'without secrets');
    expect(firsts(rows)).toEqual(ROUTE_SCOPES.map(({ method, path }) => `${method} ${path}`));
    for (const [index, { narrowed, withoutSecrets }] of ROUTE_SCOPES.entries()) {
      const [, limited = '', secretless] = rows[index] ?? [];
      expect(limited === 'no', limited).toBe(narrowed === 'refused');
      expect(secretless).toBe(withoutSecrets === 'allowed' ? 'yes' : 'no');
    }
  });

  describe('parameters', () => {
    let rig: Rig;
    beforeAll(async () => {
      rig = await startRig({ env: { CLAWDBOT_SKIP_LOCAL_DISCOVERY: '1' } });
    });
    afterAll(() => rig.close());

    const rows = tableOf(httpApi, 'route', 'token', 'parameters');
    it.each(rows)('%s knows the parameters that the page names', async (route, _token, parameters) => {
      const [method = '', path = ''] = (codesIn(route)[0] ?? '').split(' ');
      const { status, text } = await rig.ask(`${path.replace(/:\w+/, 'openai')}?zzzzzzzz=1`, { method });
      expect(status).toBe(400);
      const known = /This route knows: ([\w, ]+)/.exec(text)?.[1]?.split(', ') ?? [];
      expect(codesIn(parameters)).toEqual(known);
    });
  });
});

describe('codes', () => {
  const real = Object.entries(ERROR_CODES).map(([code, { status, exitCode }]) => [
    `\`${code}\``,
    String(status),
    String(exitCode),
  ]);

  it.each([
    ['README.md', tableOf(readme, 'code', 'HTTP', 'exit', 'meaning')],
    ['docs/errors.md', tableOf(errors, 'code', 'HTTP', 'exit', 'where', 'what it means', 'what to do')],
  ])('every error code is in the table of %s, with its status and its exit code', (_page, rows) => {
    expect(sorted(rows.map((row) => row.slice(0, 3)))).toEqual(sorted(real));
  });

  it.each([readme, errors])('every exit code is in the table of $path', (page) => {
    const documented = tableOf(page, 'exit code', 'meaning').map(([code]) => Number(code));
    expect(documented).toEqual(Object.values(EXIT));
  });
});

describe('commands', () => {
  let home: string;
  beforeAll(async () => {
    home = await mkdtemp(join(tmpdir(), 'sidecar-docs-help-'));
  });
  afterAll(() => rm(home, { recursive: true, force: true }));

  const help = async (...command: readonly string[]): Promise<string> =>
    (await runCli([...command, '--help'], { home })).stdout;
  /** The left column of one part of a help text, as far as the pages name it. */
  const entries = (text: string, title: string): string[] => {
    const part = text.split(`\n${title}:\n`)[1]?.split('\n\n')[0] ?? '';
    return [...part.matchAll(/^ {2}(\S.*?)(?: {2}.*)?$/gm)].map(([, entry = '']) =>
      entry.replace(' [options]', ''),
    );
  };
  const documented = tableOf(cli, 'command', 'options');

  it('every command of --help is in README and docs/cli.md', async () => {
    const real = entries(await help(), 'Commands');
    expect(firsts(documented)).toEqual(real);
    expect(firsts(tableOf(readme, 'command', 'does'))).toEqual(
      real.filter((name) => !name.startsWith('help')),
    );
  });

  const subcommands = tableOf(cli, 'subcommand', 'options');

  it('every subcommand of --help is in docs/cli.md', async () => {
    const parents = ['auth', 'token', 'service', 'aws', 'nim-auth', 'gpu-dev', 'exchange', 'oauth'];
    const real = await Promise.all(
      parents.map(async (parent) =>
        entries(await help(parent), 'Commands').map((entry) => `${parent} ${entry}`),
      ),
    );
    const ofProviders = providerSubcommands().map(({ name }) => `auth <provider> ${name}`);
    const named = firsts(subcommands).map((name) => name.replace(' [api_key]', ''));
    expect(named).toEqual(
      [...(real[0] ?? []), ...ofProviders, ...real.slice(1).flat()].map((name) =>
        name.replace(' [api_key]', ''),
      ),
    );
  });

  /** The words before the first argument. */
  const pathOf = (command: string): string[] =>
    (codesIn(command)[0] ?? '').split(/ [<[]/, 1)[0]?.split(' ') ?? [];
  const common = ['--default-model', '--models-json', '--json'];
  const withHelp = [...documented, ...subcommands].filter(
    ([command = '']) => !/^`(?:help \[command\]|auth <provider> .*)`$/.test(command),
  );
  it.each(withHelp)('%s has the options that the page names', async (command = '', options = '') => {
    const real = entries(await help(...pathOf(command)), 'Options').flatMap(
      (entry) => /^--[\w-]+/.exec(entry)?.[0] ?? [],
    );
    const named = [...codesIn(options), ...(options.includes('those of every command') ? common : [])];
    expect(named.sort()).toEqual(real.sort());
  });

  it('every option is explained once, as --help writes it', async () => {
    const texts = await Promise.all([help(), ...withHelp.map(([command = '']) => help(...pathOf(command)))]);
    const real = new Set(texts.flatMap((text) => entries(text, 'Options')));
    expect(firsts(tableOf(cli, 'option', 'meaning')).sort()).toEqual([...real].sort());
  });
});

describe('settings and variables', () => {
  /** Settings that stand together in an object, in the file alone. */
  const GROUPS = ['discovery', 'secrets'] as const;
  /** Settings by provider, in the file alone. */
  const FILE_ONLY = [
    ['exchange', '–', '–'],
    ['oauth', '–', '–'],
  ] as const;

  it('every setting is in the table, with its flag, its variable and its default', async () => {
    const folder = '/state/sidecar';
    const loaded = await loadSettings({
      flags: {},
      env: {},
      paths: { home: '/home/you', settings: `${folder}/sidecar.json5`, modelsJson: `${folder}/models.json` },
      readTextFile: () => Promise.resolve({ kind: 'missing' }),
    });
    if (loaded.kind === 'broken') throw new Error(loaded.problem.detail);
    const defaults = new Map<string, unknown>([
      ...Object.entries(loaded.settings),
      ...GROUPS.flatMap((group) =>
        Object.entries(loaded.settings[group]).map(([key, value]) => [`${group}.${key}`, value] as const),
      ),
    ]);
    const real = Object.entries(SETTING_NAMES).map(([key, names]) => [
      // A setting without a key in the file has none in the table.
      Object.hasOwn(settingsFile.shape, key) ? key : '–',
      'flag' in names ? names.flag : '–',
      'variable' in names ? names.variable : '–',
    ]);
    const rows = tableOf(configuration, 'key', 'flag', 'variable', 'default', 'meaning');
    const documented = rows.map((row) => row.slice(0, 3).map((cell) => codesIn(cell)[0] ?? cell));
    const grouped = GROUPS.flatMap((group) =>
      Object.keys(loaded.settings[group]).map((key) => [`${group}.${key}`, '–', '–']),
    );
    expect(sorted(documented)).toEqual(sorted([...real, ...grouped, ...FILE_ONLY]));
    for (const [key = '', , , text = ''] of rows) {
      const value = defaults.get(codesIn(key)[0] ?? '');
      const shown = codesIn(text)[0]?.replace('<state>', '/state');
      if (shown !== undefined) expect(shown, key).toBe(String(value));
    }
  });

  it('every key of sidecar.json5 is in the table', () => {
    const keys = firsts(tableOf(configuration, 'key', 'flag', 'variable', 'default', 'meaning'));
    const tops = new Set(keys.map((key) => key.split('.')[0]));
    expect(Object.keys(settingsFile.shape).filter((key) => !tops.has(key))).toEqual([]);
  });

  it('every variable that the program reads is documented, and no other', async () => {
    const documented = new Set([
      ...tableOf(configuration, 'variable', 'effect').flatMap(([cell = '']) => codesIn(cell)),
      ...tableOf(configuration, 'key', 'flag', 'variable', 'default', 'meaning').flatMap(([, , cell = '']) =>
        codesIn(cell),
      ),
      'NODE_ENV',
    ]);
    expect([...documented].sort()).toEqual([...(await variablesInSource())].sort());
  });

  it('the table of keys has every provider variable, in the order in which they are tried', () => {
    const rows = tableOf(configuration, 'provider', 'variables');
    for (const [provider = '', variables = ''] of rows) {
      expect(codesIn(variables), provider).toEqual(environmentVariablesOf(codesIn(provider)[0] ?? ''));
    }
    const documented = new Set(rows.flatMap(([, variables = '']) => codesIn(variables)));
    expect([...documented].sort()).toEqual(secretVariableNames().filter(isKnownProviderVariable).sort());
  });
});

describe('discovery', () => {
  it('every runtime is in the table', () => {
    const documented = tableOf(discovery, 'runtime', 'places');
    expect(firsts(documented)).toEqual(RUNTIMES.map(({ id }) => id));
    for (const { displayName, id, defaultPorts } of RUNTIMES) {
      const [name, places] = documented.find(([cell = '']) => codesIn(cell)[0] === id) ?? [];
      expect(name).toContain(displayName);
      for (const port of defaultPorts) expect(places).toContain(`port ${port}`);
    }
  });

  it('every state and every source of a context window is in its table', () => {
    expect(firsts(tableOf(discovery, 'state', 'meaning', 'in models.json'))).toEqual([...ENDPOINT_STATES]);
    expect(firsts(tableOf(discovery, 'source', 'meaning', 'Ollama', 'LM Studio'))).toEqual([
      ...CONTEXT_WINDOW_SOURCES,
    ]);
  });
});

it('every api that is known is named in docs/configuration.md, and no other', () => {
  const known = (unknownApiHint('nothing like one') ?? '').replace('Known are ', '').split(', ');
  expect(known).toContain('openai-completions');
  const said = /^`api` is one of ([^.]*)/m.exec(configuration.text)?.[1] ?? '';
  expect(codesIn(said)).toEqual(known);
});

it('every runtime dependency has its reason in docs/decisions.md', () => {
  const { dependencies }: { dependencies: Record<string, string> } = JSON.parse(
    readFileSync(join(ROOT, 'package.json'), 'utf8'),
  );
  expect(firsts(tableOf(decisions, 'package', 'why')).sort()).toEqual(Object.keys(dependencies).sort());
});

/** Upper-case names in the source that begin as a variable of somebody does; provider keys have a table of their own. */
async function variablesInSource(): Promise<ReadonlySet<string>> {
  const files = await readdir(join(ROOT, 'src'), { recursive: true });
  const sources = files.filter(
    (file) => file.endsWith('.ts') && !file.endsWith('credentials/environment.ts'),
  );
  expect(sources.length).toBeGreaterThan(50);
  const texts = await Promise.all(sources.map((file) => readFile(join(ROOT, 'src', file), 'utf8')));
  const quoted = texts
    .flatMap((text) => [...text.matchAll(/'([A-Z][A-Z0-9]*_[A-Z0-9_]+)'/g)])
    .map(([, name = '']) => name);
  const placeholders = ['CLOUDFLARE_ACCOUNT_ID', 'CLOUDFLARE_GATEWAY_ID'];
  // Codes of errors, names that only look like it, and what is passed on to other programs unread.
  const notRead =
    /^(?:EAI|ERR|HPE|OAUTH|UND_ERR)_|^(?:API_KEY_INVALID|GOOGLE_APPLICATION_CREDENTIALS|LC_ALL)$/;
  return new Set(
    [...quoted, ...placeholders].filter((name) => !notRead.test(name) && !isKnownProviderVariable(name)),
  );
}
