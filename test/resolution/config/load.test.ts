/** Loading the operator's config from real files: which one counts, what breaks, what is only reported. */
import { execFileSync } from 'node:child_process';
import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readTextFile } from '../../../src/platform/files.ts';
import { findPaths } from '../../../src/platform/paths.ts';
import { type CommandOutcome, type CommandRequest, runCommand } from '../../../src/platform/run-command.ts';
import { type ConfigLoad, loadOperatorConfig } from '../../../src/resolution/config/load.ts';
import { type ConfigTree, createConfigTree } from '../../helpers/config-tree.ts';

let tree: ConfigTree;
beforeEach(async () => {
  tree = await createConfigTree();
});
afterEach(() => tree.remove());

const load = (env: Record<string, string> = {}): Promise<ConfigLoad> =>
  loadOperatorConfig({ paths: findPaths(env, tree.home), env, readTextFile, runCommand });

async function loaded(env: Record<string, string> = {}): Promise<Extract<ConfigLoad, { kind: 'loaded' }>> {
  const result = await load(env);
  if (result.kind !== 'loaded') throw new Error(result.problem.detail);
  return result;
}

async function broken(env: Record<string, string> = {}): Promise<Extract<ConfigLoad, { kind: 'broken' }>> {
  const result = await load(env);
  if (result.kind !== 'broken') throw new Error('expected a broken config');
  return result;
}

describe('which file counts', () => {
  it('is empty without a file, and names every place for the watcher', async () => {
    const result = await loaded();
    expect(result).toMatchObject({
      path: null,
      findings: [],
      config: { providers: [], missingVariables: [] },
    });
    expect(result.files).toEqual([tree.at('.env'), ...findPaths({}, tree.home).configCandidates]);
  });

  it('"moltbot.json, moltbot.json5, clawdbot.json, openclaw.json: the operator\'s config, first found"', async () => {
    await tree.write('clawdbot.json', {});
    expect((await loaded()).path).toBe(tree.at('clawdbot.json'));
    await tree.write('moltbot.json5', '{}');
    const result = await loaded();
    expect(result.path).toBe(tree.at('moltbot.json5'));
    expect(result.files).toContain(tree.at('moltbot.json'));
    expect(result.files).not.toContain(tree.at('clawdbot.json'));
  });

  it('reports a path variable that names a missing file, and does not search on', async () => {
    await tree.write('moltbot.json', { models: { providers: { x: {} } } });
    const result = await loaded({ MOLTBOT_CONFIG_PATH: join(tree.home, 'gone.json') });
    expect(result).toMatchObject({
      path: null,
      config: { providers: [] },
      findings: [{ code: 'config-invalid' }],
    });
    expect(result.findings[0]?.detail).toContain('gone.json');
  });
});

describe('files that cannot be used', () => {
  it('names file, line and column of a syntax error, and skips a byte order mark', async () => {
    const path = await tree.write('moltbot.json', '\uFEFF{\n  models: {,}\n}');
    const result = await broken();
    expect(result).toMatchObject({ path, line: 2, column: 12, problem: { code: 'config-invalid' } });
    expect(result.problem.detail).toBe(
      `${path} is not valid JSON5: invalid character ',' at line 2, column 12`,
    );
    await tree.write('moltbot.json', '\uFEFF{ models: {} }');
    expect((await loaded()).path).toBe(path);
  });

  it.each([
    ['empty', ''],
    ['a list', '[]'],
    ['null', 'null'],
    ['a string', '"x"'],
    ['nested beyond reason', `${'['.repeat(5000)}${']'.repeat(5000)}`],
    ['not UTF-8', new Uint8Array([0x7b, 0xff, 0xfe, 0x7d])],
    ['over 8 MB', `{ a: "${'x'.repeat(8 * 1024 * 1024)}" }`],
  ])('is broken, not a crash: %s', async (_, content) => {
    const path = await tree.write('moltbot.json', content);
    const result = await broken();
    expect(result.path).toBe(path);
    expect(result.problem.detail).toContain(path);
  });

  it('is broken for a folder and for a FIFO, which is never waited for', async () => {
    await mkdir(tree.at('moltbot.json'));
    expect((await broken()).problem.detail).toContain('is a folder, not a file');
    await tree.remove();
    tree = await createConfigTree();
    execFileSync('mkfifo', [tree.at('moltbot.json')]);
    expect((await broken()).problem.detail).toContain('not a regular file');
  });

  it.each(['moltbot.json', 'moltbot.json5', 'clawdbot.json', 'openclaw.json'])(
    '"a file that is there and cannot be used ends the search": a link %s that leads nowhere',
    async (name) => {
      const path = tree.at(name);
      await symlink('/nowhere/\u001b[31m', path);
      await mkdir(join(tree.home, '.openclaw'));
      await writeFile(join(tree.home, '.openclaw/openclaw.json'), '{}');
      const { problem } = await broken();
      expect(problem.detail).toContain(`${path} is a symbolic link that leads nowhere, to "/nowhere/`);
      expect(problem.detail).not.toContain('\u001b');
      const remedy = `Put the file where the link leads, or replace or remove the link ${path}`;
      expect(problem.hints).toEqual([remedy]);
    },
  );

  it('a link that leads to a file is that file, and counts again once its file is there', async () => {
    const target = join(tree.home, 'elsewhere.json');
    await symlink(target, tree.at('moltbot.json'));
    expect((await broken()).problem.code).toBe('config-invalid');
    await writeFile(target, '{}');
    expect((await loaded()).path).toBe(tree.at('moltbot.json'));
  });

  it.each<[string, () => Promise<unknown>, RegExp]>([
    ['a folder', () => mkdir(tree.at('moltbot.json')), /^Move away what stands at .*put a plain file there$/],
    ['not UTF-8', () => tree.write('moltbot.json', new Uint8Array([0x7b, 0xff])), /^Save .* as UTF-8 text/],
    ['too large', () => tree.write('moltbot.json', 'x'.repeat(8 * 1024 * 1024 + 1)), /^Put a smaller file/],
    [
      'an included folder',
      async () => {
        await mkdir(tree.at('part.json'));
        await tree.write('moltbot.json', { $include: './part.json' });
      },
      /^Move away what stands at .*part\.json/,
    ],
  ])('the hint says what to do: %s', async (_, spoil, hint) => {
    await spoil();
    expect((await broken()).problem.hints).toEqual([expect.stringMatching(hint)]);
  });

  it('the hint says what to do about a file that may not be read', async () => {
    const path = await tree.write('moltbot.json', '{}');
    // Root may read every file, so the refusal is played.
    const detail = `${path} cannot be read (EACCES)`;
    const result = await loadOperatorConfig({
      paths: tree.paths,
      env: {},
      readTextFile: async (asked, options) =>
        asked === path ? { kind: 'refused', reason: 'unreadable', detail } : readTextFile(asked, options),
      runCommand,
    });
    expect(result).toMatchObject({ problem: { hints: [expect.stringContaining(`chmod u+r ${path}`)] } });
  });

  it('is broken when an included file is, and names that file', async () => {
    await tree.write('moltbot.json', { models: { $include: './m.json5' } });
    const part = await tree.write('m.json5', '{ providers: ');
    const result = await broken();
    expect(result).toMatchObject({ path: part, line: 1 });
    expect(result.files).toEqual(expect.arrayContaining([tree.at('moltbot.json'), part]));
  });
});

describe('wrong shapes', () => {
  it('"a wrong shape is a finding, not a crash"; the rest of the file still counts', async () => {
    await tree.write('moltbot.json', {
      models: { providers: [1, 2] },
      agents: { defaults: { model: 7, models: 'x' } },
      auth: {
        order: { openai: 'one' },
        profiles: { a: { provider: 5 }, b: { provider: ' OpenAI ', mode: 'api_key' } },
      },
    });
    const { config, findings } = await loaded();
    expect(findings.map(({ detail }) => detail)).toEqual([
      'agents.defaults.model must be a string or an object with "primary"; it is ignored',
      'agents.defaults.models must be an object; it is ignored',
      'models.providers must be an object; it is ignored',
      'auth.order.openai must be a list of profile ids; it is ignored',
      'auth.profiles.a must be an object with "provider" and "mode"; it is ignored',
    ]);
    expect(config.auth.profiles).toEqual({ b: { provider: 'openai', mode: 'api_key' } });
  });

  it('leaves unknown keys alone', async () => {
    await tree.write('moltbot.json', {
      gateway: { port: 1 },
      channels: { x: '${NOT_OURS}' },
      models: { mode: 'replace' },
    });
    const { config, findings } = await loaded();
    expect({ findings, missing: config.missingVariables }).toEqual({ findings: [], missing: [] });
  });

  it('keys named like prototype members are plain ids', async () => {
    await tree.write(
      'moltbot.json',
      '{ models: { providers: { "__proto__": { baseUrl: "http://127.0.0.1:1/v1" }, constructor: { api: "x" } } }, auth: { order: { "__proto__": ["a"] } } }',
    );
    const { config } = await loaded();
    expect(config.providers.map(({ id }) => id)).toEqual(['__proto__', 'constructor']);
    expect(config.auth.order['constructor']).toBeUndefined();
    expect(Object.hasOwn(config.auth.order, '__proto__')).toBe(true);
  });
});

describe('default model and aliases', () => {
  it('reads a string and says where it stands', async () => {
    await tree.write('moltbot.json', { agents: { defaults: { model: ' ollama/llama3:chat ' } } });
    expect((await loaded()).config.defaultModel).toEqual({
      primary: 'ollama/llama3:chat',
      fallbacks: [],
      configPath: 'agents.defaults.model',
    });
  });

  it('reads {primary, fallbacks} and reports a fallback that is no reference', async () => {
    await tree.write('moltbot.json', {
      agents: { defaults: { model: { primary: 'a/b', fallbacks: ['c/d', 5] } } },
    });
    const { config, findings } = await loaded();
    expect(config.defaultModel).toEqual({
      primary: 'a/b',
      fallbacks: ['c/d'],
      configPath: 'agents.defaults.model.primary',
    });
    expect(findings[0]?.detail).toContain('agents.defaults.model.fallbacks[1]');
  });

  it('reads aliases', async () => {
    await tree.write('moltbot.json', {
      agents: { defaults: { models: { 'a/b': { alias: 'Fast' }, 'c/d': {} } } },
    });
    expect((await loaded()).config.modelAliases).toEqual({ Fast: 'a/b' });
  });
});

describe('variables', () => {
  const withKey = (env: object = {}) => ({ env, models: { providers: { x: { apiKey: '${X_KEY}' } } } });
  const keyOf = async (env: Record<string, string> = {}) => (await loaded(env)).config.providers[0]?.apiKey;

  it('the process beats <state>/.env beats the env block, "only where unset or blank"', async () => {
    await tree.write('moltbot.json', withKey({ vars: { X_KEY: 'from-vars' }, X_KEY: 'from-env' }));
    expect(await keyOf()).toBe('from-vars');
    await tree.write('.env', '# comment\nexport X_KEY="from-dotenv"\n');
    expect(await keyOf()).toBe('from-dotenv');
    expect(await keyOf({ X_KEY: '  ' })).toBe('from-dotenv');
    expect(await keyOf({ X_KEY: 'from-process' })).toBe('from-process');
  });

  it('hands out the whole environment and does not change the one it was given', async () => {
    await tree.write('moltbot.json', {
      env: { NEW_ONE: '1', shellEnv: { enabled: true }, vars: { NEW_TWO: '2' } },
    });
    const given = { HOME: '/h' };
    expect((await loaded(given)).env).toEqual({ HOME: '/h', NEW_ONE: '1', NEW_TWO: '2' });
    expect(given).toEqual({ HOME: '/h' });
  });

  it('"moltbot.json … cannot bring" a command: neither it nor <state>/.env chooses the login shell or what it reads', async () => {
    const planted = { SHELL: '/planted/program', HOME: '/planted/home', PATH: '/planted/bin' };
    await tree.write('moltbot.json', { env: { shellEnv: { enabled: true }, vars: planted } });
    await tree.write('.env', 'SHELL=/planted/too\n');
    const asked: CommandRequest[] = [];
    const run = (request: CommandRequest): Promise<CommandOutcome> => {
      asked.push(request);
      return Promise.resolve({ kind: 'finished', stdout: 'OPENAI_API_KEY=sk-shell\0' });
    };
    for (const env of [{}, { SHELL: '/bin/zsh', PATH: '/bin' }]) {
      await loadOperatorConfig({ paths: findPaths(env, tree.home), env, readTextFile, runCommand: run });
    }
    expect(asked).toMatchObject([
      { command: '/bin/sh', env: {} },
      { command: '/bin/zsh', env: { SHELL: '/bin/zsh', PATH: '/bin' } },
    ]);
    expect(JSON.stringify(asked)).not.toContain('planted');
  });

  it('a value of the env block may name a variable from outside; with that missing it stays unset', async () => {
    await tree.write('moltbot.json', withKey({ X_KEY: '${REAL_KEY}' }));
    expect(await keyOf({ REAL_KEY: 'real' })).toBe('real');
    const { config, env } = await loaded();
    expect(Object.hasOwn(env, 'X_KEY')).toBe(false);
    expect(config.missingVariables).toEqual([
      { variable: 'REAL_KEY', configPath: 'env.X_KEY' },
      { variable: 'X_KEY', configPath: 'models.providers.x.apiKey' },
    ]);
  });

  it('"a missing variable breaks that provider alone", with variable and config path', async () => {
    await tree.write('moltbot.json', {
      models: {
        providers: { x: { apiKey: '${X_KEY}', baseUrl: '${X_URL}/v1' }, 'x.y': { apiKey: '${Y_KEY}' } },
      },
    });
    const { config } = await loaded();
    const [x, y] = config.providers;
    expect(x).toMatchObject({
      id: 'x',
      apiKey: '${X_KEY}',
      baseUrl: '${X_URL}/v1',
      missingVariables: [
        { variable: 'X_KEY', configPath: 'models.providers.x.apiKey' },
        { variable: 'X_URL', configPath: 'models.providers.x.baseUrl' },
      ],
    });
    expect(x).not.toHaveProperty('defects');
    expect(y?.missingVariables).toEqual([{ variable: 'Y_KEY', configPath: 'models.providers.x.y.apiKey' }]);
  });

  it('reports a .env that cannot be read and goes on', async () => {
    await mkdir(tree.at('.env'));
    await tree.write('moltbot.json', {});
    const { findings } = await loaded();
    expect(findings).toHaveLength(1);
    expect(findings[0]?.detail).toContain(tree.at('.env'));
  });
});

describe('catalog', () => {
  it('fills what a model row leaves out from the catalog of the same provider', async () => {
    await tree.write('moltbot.json', { models: { providers: { x: { models: [{ id: 'm' }] } } } });
    const result = await loadOperatorConfig({
      paths: tree.paths,
      env: {},
      readTextFile,
      runCommand,
      catalogModels: (id) =>
        id === 'x'
          ? [
              {
                id: 'm',
                name: 'M',
                reasoning: true,
                input: ['text'],
                cost: { input: 1, output: 1, cacheRead: 0, cacheWrite: 0 },
                contextWindow: 5000,
                contextWindowSource: 'trained-max',
                maxTokens: 100,
              },
            ]
          : [],
    });
    expect(result).toMatchObject({
      config: {
        providers: [{ models: [{ name: 'M', contextWindow: 5000, contextWindowSource: 'trained-max' }] }],
      },
    });
  });
});
