/** Settings: "a flag beats a variable beats sidecar.json5 beats the default", and what is refused. */
import { mkdir, symlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import * as fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type FileRead, readTextFile } from '../../src/platform/files.ts';
import { loadSettings, type SettingsFlags, type SettingsLoad } from '../../src/settings/load.ts';
import { type ConfigTree, createConfigTree } from '../helpers/config-tree.ts';

let tree: ConfigTree;
beforeEach(async () => {
  tree = await createConfigTree();
});
afterEach(() => tree.remove());

const TOKEN = 'a-token-of-at-least-32-characters';

const load = (flags: SettingsFlags = {}, env: Record<string, string> = {}): Promise<SettingsLoad> =>
  loadSettings({ flags, env, paths: tree.paths, readTextFile });

async function loaded(flags: SettingsFlags = {}, env: Record<string, string> = {}) {
  const result = await load(flags, env);
  if (result.kind !== 'loaded') throw new Error(result.problem.detail);
  return result;
}

async function refusal(flags: SettingsFlags = {}, env: Record<string, string> = {}): Promise<string> {
  const result = await load(flags, env);
  if (result.kind !== 'broken') throw new Error('expected broken settings');
  expect(result.problem.code).toBe('config-invalid');
  return result.problem.detail;
}

const writeFile = (content: unknown) => tree.write('sidecar/sidecar.json5', content);

describe('defaults', () => {
  it('without any place that says otherwise', async () => {
    const { settings, origins } = await loaded();
    expect(settings).toEqual({
      host: '127.0.0.1',
      port: 18_780,
      socket: null,
      defaultModel: null,
      modelsJson: join(tree.stateDir, 'sidecar/models.json'),
      minContextWindow: 16_000,
      logLevel: 'info',
      logFormat: null,
      strict: false,
      discovery: {
        trust: [],
        endpoints: [],
        mdns: { enabled: false, serviceTypes: expect.arrayContaining(['_ollama._tcp', '_openai._tcp']) },
        beacon: false,
        containerHosts: false,
      },
      secrets: { allowExec: false, exec: [] },
      exchange: {},
      oauth: {},
      token: null,
    });
    expect(new Set(Object.values(origins))).toEqual(new Set(['default']));
  });
});

describe('sidecar.json5', () => {
  it('sets everything but the token, and each value knows its origin', async () => {
    await writeFile(`{
      host: '[::1]', port: 0, socket: 'run/s.sock', defaultModel: 'ollama/a', modelsJson: '~/m.json',
      minContextWindow: 0, logLevel: 'debug', logFormat: 'json', strict: true,
      discovery: {
        trust: ['http://192.168.1.5:11434'],
        endpoints: ['http://127.0.0.1:9931/pfx', { url: 'http://localhost:9', runtime: 'vllm', name: 'Big' }],
        mdns: { enabled: true }, beacon: true, containerHosts: true,
      },
      secrets: { allowExec: true, exec: [{ alias: 'vault', command: '~/bin/vault', args: ['-x'] }] },
      exchange: { farm: { url: 'https://farm.example', proof: 'keys' } },
      oauth: { acme: { issuer: 'https://id.example', clientId: 'c1' } },
    } // comment`);
    const { settings, origins } = await loaded();
    expect(settings).toEqual({
      host: '::1',
      port: 0,
      socket: join(tree.stateDir, 'sidecar/run/s.sock'),
      defaultModel: 'ollama/a',
      modelsJson: join(tree.home, 'm.json'),
      minContextWindow: 0,
      logLevel: 'debug',
      logFormat: 'json',
      strict: true,
      discovery: {
        trust: ['http://192.168.1.5:11434'],
        endpoints: [
          { url: 'http://127.0.0.1:9931/pfx' },
          { url: 'http://localhost:9', runtime: 'vllm', name: 'Big' },
        ],
        mdns: { enabled: true, serviceTypes: expect.arrayContaining(['_ollama._tcp']) },
        beacon: true,
        containerHosts: true,
      },
      secrets: {
        allowExec: true,
        exec: [{ alias: 'vault', command: join(tree.home, 'bin/vault'), args: ['-x'] }],
      },
      exchange: { farm: { url: 'https://farm.example', proof: 'keys' } },
      oauth: { acme: expect.objectContaining({ issuer: 'https://id.example', clientId: 'c1' }) },
      token: null,
    });
    expect(origins).toMatchObject({
      port: 'sidecar.json5: port',
      'discovery.trust': 'sidecar.json5: discovery.trust',
      'discovery.endpoints': 'sidecar.json5: discovery.endpoints',
    });
  });

  it.each([
    ['{ prot: 1 }', 'Unknown key "prot" in sidecar.json5 (did you mean "port"?)'],
    ['{ zzzzzz: 1 }', 'Unknown key "zzzzzz" in sidecar.json5'],
    [
      '{ discovery: { trsut: [] } }',
      'Unknown key "discovery.trsut" in sidecar.json5 (did you mean "trust"?)',
    ],
    [
      '{ secrets: { alowExec: true } }',
      'Unknown key "secrets.alowExec" in sidecar.json5 (did you mean "allowExec"?)',
    ],
    [
      '{ secrets: { exec: [{ alias: "v", comand: "/v", command: "/v" }] } }',
      'Unknown key "secrets.exec.0.comand" in sidecar.json5 (did you mean "command"?)',
    ],
    [
      '{ secrets: { exec: [{ alias: "v", command: "vault" }] } }',
      'secrets.exec.0.command in sidecar.json5 must be an absolute path, or begin with "~/"',
    ],
    [
      String.raw`{ secrets: { exec: [{ alias: "v", command: "/v", args: ["a\u0000"] }] } }`,
      'secrets.exec.0.args.0 in sidecar.json5 must not hold control characters',
    ],
    [
      '{ discovery: { mdns: { enabld: true } } }',
      'Unknown key "discovery.mdns.enabld" in sidecar.json5 (did you mean "enabled"?)',
    ],
    [
      '{ discovery: { endpoints: [{ url: "http://127.0.0.1:1", runtme: "vllm" }] } }',
      'Unknown key "discovery.endpoints.0.runtme" in sidecar.json5 (did you mean "runtime"?)',
    ],
    [
      '{ discovery: { endpoints: ["ftp://127.0.0.1"] } }',
      'discovery.endpoints.0.url in sidecar.json5 must be an http or https URL',
    ],
    [
      '{ discovery: { endpoints: ["http://me:hunter2@127.0.0.1"] } }',
      'discovery.endpoints.0.url in sidecar.json5 must not hold a user name or password',
    ],
    [
      '{ discovery: { endpoints: [5] } }',
      'discovery.endpoints.0 in sidecar.json5 must be a URL, or an object with url',
    ],
    [
      '{ discovery: { endpoints: {} } }',
      'discovery.endpoints in sidecar.json5 must be a list of URLs or objects',
    ],
    [
      '{ discovery: { mdns: { serviceTypes: ["ollama"] } } }',
      'discovery.mdns.serviceTypes.0 in sidecar.json5 must be a service type like _ollama._tcp',
    ],
    ['{ token: "x" }', 'Unknown key "token" in sidecar.json5'],
    ['{ port: "80" }', 'port in sidecar.json5 must be a whole number from 0 to 65535, or "none"'],
    ['{ port: 65536 }', 'port in sidecar.json5 must be a whole number from 0 to 65535, or "none"'],
    [
      '{ minContextWindow: -1 }',
      'minContextWindow in sidecar.json5 must be a whole number of tokens, 0 or more',
    ],
    ['{ discovery: { trust: "x" } }', 'discovery.trust in sidecar.json5 must be a list of URLs'],
    ['{ discovery: { trust: [5] } }', 'discovery.trust.0 in sidecar.json5 must be a string'],
    ['{ logFormat: "xml" }', 'logFormat in sidecar.json5 must be one of json, pretty'],
    ['{ logLevel: "loud" }', 'logLevel in sidecar.json5 must be one of silent, error, warn, info, debug'],
    ['[]', 'sidecar.json5 must be an object'],
  ])('refuses %s', async (text, detail) => {
    await writeFile(text);
    expect((await refusal()).replace(/ at line 1, column \d+$/, '')).toBe(detail);
  });

  it.each([
    ['{\n  host: "::1",\n  prot: 1,\n}', 'at line 3, column 3'],
    ['{ discovery: {\n  trust: "x" } }', 'at line 2, column 3'],
    ['{ discovery: {\n  trust: ["http://a", 5] } }', 'at line 2, column 3'],
    ['{ secrets: { exec: [{},\n {\n  comand: "/x" }] } }', 'at line 3, column 3'],
  ])('"file, line and column": %j is wrong %s', async (text, place) => {
    await writeFile(text);
    expect(await refusal()).toContain(place);
  });

  it('a key that steers a terminal is written out, also where its value is what is wrong', async () => {
    await writeFile('{ exchange: { "a\\u001b[31m\\n": {} }, oauth: { "b\\u001b[2J": 5 } }');
    expect(await refusal()).toMatch(/^[^\u0000-\u001f]+$/);
  });

  it('names line and column of a syntax error', async () => {
    const path = await writeFile('{\n  port: ,\n}');
    expect(await refusal()).toBe(`${path} is not valid JSON5: invalid character ',' at line 2, column 9`);
  });

  it('tells everything that is wrong at once', async () => {
    await writeFile('{ prot: 1, strict: 5 }');
    const detail = await refusal({ port: 'x' });
    for (const part of ['"prot"', 'strict in sidecar.json5', '--port']) expect(detail).toContain(part);
  });
});

describe('flags and variables', () => {
  it.each([
    [
      'PROVIDER_SIDECAR_PORT',
      'http',
      'PROVIDER_SIDECAR_PORT must be a whole number from 0 to 65535, or "none", not "http"',
    ],
    [
      'PROVIDER_SIDECAR_LOG_LEVEL',
      'x',
      'PROVIDER_SIDECAR_LOG_LEVEL must be one of silent, error, warn, info, debug, not "x"',
    ],
  ])('a bad value names the variable: %s', async (name, value, detail) => {
    expect(await refusal({}, { [name]: value })).toBe(detail);
  });

  it.each([['-1'], ['1e3'], ['65536'], ['8.5'], ['0x50'], ['']])(
    'a bad --port is refused: %j',
    async (port) => {
      expect(await refusal({ port })).toContain('--port must be a whole number from 0 to 65535, or "none"');
    },
  );

  it('"port 0 is allowed", and a blank variable is unset', async () => {
    expect((await loaded({ port: '0' })).settings.port).toBe(0);
    expect((await loaded({}, { PROVIDER_SIDECAR_PORT: '  ' })).origins.port).toBe('default');
  });

  it('"a non-loopback host is refused", wherever it is set', async () => {
    const rule = 'only loopback is served';
    expect(await refusal({ host: '0.0.0.0' })).toContain(rule);
    expect(await refusal({}, { PROVIDER_SIDECAR_HOST: 'example.com' })).toContain(rule);
    await writeFile({ host: '192.168.1.5' });
    expect(await refusal()).toContain(rule);
    expect(await refusal({ host: '127.0.0.1' })).toContain(rule);
  });

  it('relative paths: a flag is meant from the current folder, a variable from the home', async () => {
    const result = await loadSettings({
      flags: { modelsJson: 'a.json' },
      env: { PROVIDER_SIDECAR_SOCKET: 's.sock' },
      paths: tree.paths,
      cwd: '/work-here',
      readTextFile,
    });
    expect(result).toMatchObject({
      settings: { modelsJson: '/work-here/a.json', socket: join(tree.home, 's.sock') },
    });
  });

  it('the token is a secret of 32 or more visible ASCII characters, and no error repeats it', async () => {
    const { settings, origins } = await loaded({}, { PROVIDER_SIDECAR_TOKEN: TOKEN });
    expect(settings.token?.reveal()).toBe(TOKEN);
    expect(JSON.stringify(settings)).not.toContain(TOKEN);
    expect(origins.token).toBe('env: PROVIDER_SIDECAR_TOKEN');
    for (const bad of ['short-secret', `${TOKEN} with a space`, `${TOKEN}é`]) {
      const detail = await refusal({}, { PROVIDER_SIDECAR_TOKEN: bad });
      expect(detail).toContain('PROVIDER_SIDECAR_TOKEN must be at least 32 visible ASCII characters');
      expect(detail).not.toContain(bad.slice(0, 12));
    }
  });
});

describe('precedence', () => {
  const values = {
    host: ['127.0.0.1', '127.0.0.2', '127.0.0.3'],
    port: ['1', '2', '3'],
    defaultModel: ['a/flag', 'a/env', 'a/file'],
    logLevel: ['error', 'warn', 'debug'],
    logFormat: ['json', 'pretty', 'json'],
  } as const;
  const names = {
    host: ['--host', 'PROVIDER_SIDECAR_HOST'],
    port: ['--port', 'PROVIDER_SIDECAR_PORT'],
    defaultModel: ['--default-model', 'PROVIDER_SIDECAR_DEFAULT_MODEL'],
    logLevel: ['--log-level', 'PROVIDER_SIDECAR_LOG_LEVEL'],
    logFormat: ['--log-format', 'PROVIDER_SIDECAR_LOG_FORMAT'],
  } as const;
  const keys = ['host', 'port', 'defaultModel', 'logLevel', 'logFormat'] as const;
  type Key = (typeof keys)[number];
  const subset = fc.subarray([...keys]);

  it('property: for any set of layers the strongest wins, and the origin is its', async () => {
    await fc.assert(
      fc.asyncProperty(subset, subset, subset, async (inFlags, inEnv, inFile) => {
        const pick = (chosen: readonly Key[], layer: 0 | 1 | 2): Record<string, string> =>
          Object.fromEntries(chosen.map((key) => [key, values[key][layer]]));
        const file = pick(inFile, 2);
        const text = JSON.stringify({ ...file, ...(file['port'] && { port: Number(file['port']) }) });
        const result = await loadSettings({
          flags: pick(inFlags, 0),
          env: Object.fromEntries(inEnv.map((key) => [names[key][1], values[key][1]])),
          paths: tree.paths,
          readTextFile: (): Promise<FileRead> => Promise.resolve({ kind: 'text', text, mode: 0o600 }),
        });
        if (result.kind !== 'loaded') throw new Error(result.problem.detail);
        for (const key of keys) {
          const [value, origin] = inFlags.includes(key)
            ? [values[key][0], `flag ${names[key][0]}`]
            : inEnv.includes(key)
              ? [values[key][1], `env: ${names[key][1]}`]
              : inFile.includes(key)
                ? [values[key][2], `sidecar.json5: ${key}`]
                : [undefined, 'default'];
          expect(result.origins[key]).toBe(origin);
          if (value !== undefined) expect(String(result.settings[key])).toBe(value);
        }
      }),
      { numRuns: 150 },
    );
  });

  it('--strict beats the file', async () => {
    await writeFile({ strict: false });
    const { settings, origins } = await loaded({ strict: true });
    expect({ strict: settings.strict, origin: origins.strict }).toEqual({
      strict: true,
      origin: 'flag --strict',
    });
  });
});

describe('a file that is there and cannot be read', () => {
  const spoiled = async (spoil: (path: string) => Promise<unknown>) => {
    await mkdir(dirname(tree.paths.settings), { recursive: true });
    await spoil(tree.paths.settings);
    const result = await load();
    if (result.kind !== 'broken') throw new Error('expected broken settings');
    return result.problem;
  };

  it('a link that leads nowhere is no missing file', async () => {
    expect(await spoiled((path) => symlink('/nowhere/at-all', path))).toEqual({
      code: 'config-invalid',
      detail: `${tree.paths.settings} is a symbolic link that leads nowhere, to "/nowhere/at-all"`,
      hints: [`Put the file where the link leads, or replace or remove the link ${tree.paths.settings}`],
    });
  });

  it('the hint says what to do about a folder', async () => {
    expect(await spoiled((path) => mkdir(path))).toMatchObject({
      detail: `${tree.paths.settings} is a folder, not a file`,
      hints: [`Move away what stands at ${tree.paths.settings}, and put a plain file there`],
    });
  });
});
