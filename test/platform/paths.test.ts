/** Where things are: section 5 of the design, case by case. */
import * as fc from 'fast-check';
import { isAbsolute } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  expandPath,
  findPaths,
  findStateDir,
  firstVariable,
  otherStateDirs,
  variable,
} from '../../src/platform/paths.ts';

const HOME = '/home/u';

/** A file system in which only these paths below the home exist. */
function only(...names: readonly string[]): (path: string) => boolean {
  return (path) => names.some((name) => path === `${HOME}/${name}`);
}

describe('variable', () => {
  it('"trimmed, blank is unset"', () => {
    const env = { A: ' x ', B: '', C: ' \t\n', D: undefined };
    expect(['A', 'B', 'C', 'D', 'E'].map((name) => variable(env, name))).toEqual([
      'x',
      undefined,
      undefined,
      undefined,
      undefined,
    ]);
  });

  it('takes the first of several that is set', () => {
    expect(firstVariable({ A: ' ', B: 'b', C: 'c' }, ['A', 'B', 'C'])).toEqual({ name: 'B', value: 'b' });
    expect(firstVariable({}, ['A'])).toBeUndefined();
  });
});

describe('expandPath', () => {
  it.each([
    ['~', HOME],
    ['~/a/b', `${HOME}/a/b`],
    ['~other/a', `${HOME}/~other/a`],
    ['/a/../b', '/a/../b'],
    ['a/b', `${HOME}/a/b`],
    ['../a', '/home/a'],
  ])('%s is %s', (path, expanded) => {
    expect(expandPath(path, HOME)).toBe(expanded);
  });

  it('takes relative paths from the base where one is given, and ~ from the home all the same', () => {
    expect([expandPath('a', HOME, '/base'), expandPath('~/a', HOME, '/base')]).toEqual([
      '/base/a',
      `${HOME}/a`,
    ]);
  });
});

describe('findStateDir', () => {
  it.each([
    [
      'MOLTBOT_STATE_DIR comes first',
      { MOLTBOT_STATE_DIR: '/m', CLAWDBOT_STATE_DIR: '/c', OPENCLAW_STATE_DIR: '/o' },
      [],
      '/m',
    ],
    ['then CLAWDBOT_STATE_DIR', { CLAWDBOT_STATE_DIR: '/c', OPENCLAW_STATE_DIR: '/o' }, [], '/c'],
    ['then OPENCLAW_STATE_DIR', { OPENCLAW_STATE_DIR: '/o' }, [], '/o'],
    ['a variable beats a folder that exists', { OPENCLAW_STATE_DIR: '/o' }, ['.clawdbot'], '/o'],
    ['a blank variable is unset', { MOLTBOT_STATE_DIR: ' ', CLAWDBOT_STATE_DIR: '/c' }, [], '/c'],
    ['a value is trimmed', { MOLTBOT_STATE_DIR: ' /m ' }, [], '/m'],
    ['~ is expanded', { MOLTBOT_STATE_DIR: '~/m' }, [], `${HOME}/m`],
    ['the result is absolute', { MOLTBOT_STATE_DIR: 'm' }, [], `${HOME}/m`],
    ['else ~/.clawdbot', {}, [], `${HOME}/.clawdbot`],
    ['also when all three exist', {}, ['.openclaw', '.moltbot', '.clawdbot'], `${HOME}/.clawdbot`],
    ['~/.moltbot when it exists and ~/.clawdbot does not', {}, ['.openclaw', '.moltbot'], `${HOME}/.moltbot`],
    ['then ~/.openclaw', {}, ['.openclaw'], `${HOME}/.openclaw`],
  ])('%s', (_rule, env, existing, stateDir) => {
    expect(findStateDir(env, HOME, only(...existing))).toBe(stateDir);
  });
});

describe('findPaths', () => {
  it('puts the sidecar’s own files below `<state>/sidecar`', () => {
    expect(findPaths({ MOLTBOT_STATE_DIR: '/s' }, HOME, only())).toMatchObject({
      home: HOME,
      stateDir: '/s',
      sidecarDir: '/s/sidecar',
      settings: '/s/sidecar/sidecar.json5',
      modelsJson: '/s/sidecar/models.json',
      ownProfiles: '/s/sidecar/auth-profiles.json',
      endpoint: '/s/sidecar/endpoint.json',
      identity: '/s/sidecar/identity.json',
      agentDir: '/s/agents/main/agent',
    });
  });

  it.each([
    [{ MOLTBOT_AGENT_DIR: '/m', CLAWDBOT_AGENT_DIR: '/c' }, '/m'],
    [{ CLAWDBOT_AGENT_DIR: '/c', OPENCLAW_AGENT_DIR: '/o' }, '/c'],
    [{ OPENCLAW_AGENT_DIR: '/o', PI_CODING_AGENT_DIR: '/p' }, '/o'],
    [{ PI_CODING_AGENT_DIR: '~/p' }, `${HOME}/p`],
    [{ CLAWDBOT_AGENT_DIR: ' ' }, `${HOME}/.clawdbot/agents/main/agent`],
  ])('the agent folder with %j is %s', (env, agentDir) => {
    expect(findPaths(env, HOME, only()).agentDir).toBe(agentDir);
  });

  it('"moltbot.json, moltbot.json5, clawdbot.json, openclaw.json, first found", folder by folder', () => {
    const names = ['moltbot.json', 'moltbot.json5', 'clawdbot.json', 'openclaw.json'];
    const folders = ['.moltbot', '.clawdbot', '.openclaw'].map((name) => `${HOME}/${name}`);
    const { configCandidates, configIsExplicit } = findPaths({}, HOME, only());
    expect(configCandidates).toEqual(folders.flatMap((folder) => names.map((name) => `${folder}/${name}`)));
    expect(configIsExplicit).toBe(false);
  });

  it('looks into the folders of the state variables first, then into the home’s', () => {
    const env = { CLAWDBOT_STATE_DIR: '/c', MOLTBOT_STATE_DIR: '/m', OPENCLAW_STATE_DIR: '~/.moltbot' };
    const folders = findPaths(env, HOME, only()).configCandidates.map((path) => path.replace(/\/[^/]+$/, ''));
    expect([...new Set(folders)]).toEqual([
      '/m',
      '/c',
      `${HOME}/.moltbot`,
      `${HOME}/.clawdbot`,
      `${HOME}/.openclaw`,
    ]);
    expect(folders).toHaveLength(20);
  });

  it.each([
    [{ MOLTBOT_CONFIG_PATH: '/m.json', CLAWDBOT_CONFIG_PATH: '/c.json' }, '/m.json'],
    [{ CLAWDBOT_CONFIG_PATH: '~/c.json', OPENCLAW_CONFIG_PATH: '/o.json' }, `${HOME}/c.json`],
    [{ OPENCLAW_CONFIG_PATH: '/o.json', MOLTBOT_STATE_DIR: '/m' }, '/o.json'],
  ])('"MOLTBOT_CONFIG_PATH / CLAWDBOT_CONFIG_PATH win" and stop the search: %j', (env, path) => {
    expect(findPaths(env, HOME, only())).toMatchObject({ configCandidates: [path], configIsExplicit: true });
  });

  it('property: every path is absolute, whatever the variables say', () => {
    const value = fc.oneof(fc.string(), fc.constantFrom('~', '~/x', '.', '..', '/', 'a/b'));
    const env = fc.record(
      { MOLTBOT_STATE_DIR: value, CLAWDBOT_AGENT_DIR: value, MOLTBOT_CONFIG_PATH: value },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(env, (env) => {
        const { configIsExplicit: _explicit, configCandidates, ...paths } = findPaths(env, HOME, only());
        expect([...Object.values(paths), ...configCandidates].filter((path) => !isAbsolute(path))).toEqual(
          [],
        );
      }),
    );
  });
});

describe('otherStateDirs', () => {
  it('names the state folders that exist beside the one in use', () => {
    const exists = only('.clawdbot', '.openclaw');
    expect(otherStateDirs(findPaths({}, HOME, exists), exists)).toEqual([`${HOME}/.openclaw`]);
    const elsewhere = findPaths({ MOLTBOT_STATE_DIR: '/m' }, HOME, exists);
    expect(otherStateDirs(elsewhere, exists)).toEqual([`${HOME}/.clawdbot`, `${HOME}/.openclaw`]);
  });
});
