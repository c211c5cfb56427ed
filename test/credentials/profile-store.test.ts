/** Loading stores from real files in a temporary home: trust, siblings, the main agent below, breakage. */
import { existsSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { inspect } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  loadProfileStores,
  profileFindings,
  profileStoreFiles,
} from '../../src/credentials/profile-store.ts';
import { profilesFor } from '../../src/credentials/profile-order.ts';
import type { ProfileStores } from '../../src/credentials/profile-store.ts';
import { readTextFile } from '../../src/platform/files.ts';
import { findPaths } from '../../src/platform/paths.ts';

let home: string;

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'profile-store-'));
});
afterEach(async () => {
  await rm(home, { recursive: true, force: true });
});

const pathsFor = (env: Record<string, string> = {}): ReturnType<typeof findPaths> => findPaths(env, home);

async function put(path: string, content: unknown, mode = 0o600): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  await writeFile(path, typeof content === 'string' ? content : JSON.stringify(content), { mode });
  await chmod(path, mode);
}

function load(env: Record<string, string> = {}): Promise<ProfileStores> {
  return loadProfileStores({ paths: pathsFor(env), readTextFile, exists: existsSync });
}

const apiKey = (key: string): object => ({ type: 'api_key', provider: 'acme', key });
const storeWith = (key: string): object => ({ version: 1, profiles: { 'acme:default': apiKey(key) } });

describe('loadProfileStores', () => {
  it('finds nothing in an empty home, says so, and creates nothing', async () => {
    const { stores, notes, brokenState } = await load();
    expect(stores.map(({ place, state }) => [place, state])).toEqual([
      ['sidecar', 'missing'],
      ['moltbot', 'missing'],
    ]);
    expect([notes, brokenState, await readdir(home)]).toEqual([[], [], []]);
  });

  it("reads the sidecar's own store and the agent's", async () => {
    const { ownProfiles, agentDir } = pathsFor();
    await put(ownProfiles, storeWith('own'));
    await put(join(agentDir, 'auth-profiles.json'), storeWith('theirs'), 0o644);
    const { stores } = await load();
    expect(stores.map(({ state, profiles }) => [state, profiles.length])).toEqual([
      ['loaded', 1],
      ['loaded', 1],
    ]);
  });

  it("our own store is refused when others can read it or when it is a symlink; the agent's is its owner's business", async () => {
    const { ownProfiles, agentDir } = pathsFor();
    await put(ownProfiles, storeWith('canary'), 0o644);
    const wide = await load();
    expect(wide.stores[0]).toMatchObject({ state: 'broken', profiles: [] });
    expect(wide.stores[0]?.detail).toContain('chmod 600');

    await rm(ownProfiles);
    const elsewhere = join(home, 'elsewhere.json');
    await put(elsewhere, storeWith('canary'));
    await symlink(elsewhere, ownProfiles);
    await mkdir(agentDir, { recursive: true });
    await symlink(elsewhere, join(agentDir, 'auth-profiles.json'));
    const linked = await load();
    expect(linked.stores.map(({ state }) => state)).toEqual(['broken', 'loaded']);
    expect(linked.stores[0]?.detail).toContain('symbolic link');
  });

  it.each([
    ['{"profiles": {"a": {"key": "canary', 'is not valid JSON'],
    ['\u0000', 'is not valid JSON'],
    [`"${'x'.repeat(1024 * 1024)}"`, 'is larger than'],
  ])(
    'a store that cannot be used is an error with its path, never skipped silently (%#)',
    async (text, words) => {
      const path = join(pathsFor().agentDir, 'auth-profiles.json');
      await put(path, text);
      const stores = await load();
      expect(stores.stores[1]).toMatchObject({ state: 'broken', path });
      expect(profileFindings(stores)).toHaveLength(1);
      const detail = profileFindings(stores)[0]?.detail;
      expect(detail).toContain(path);
      expect(detail).toContain(words);
      expect(inspect(stores, { depth: null })).not.toContain('canary');
    },
  );

  it('accepts a byte order mark in the store of another tool, and refuses it in its own', async () => {
    const text = `\ufeff${JSON.stringify(storeWith('k'))}`;
    await put(pathsFor().ownProfiles, text);
    await put(join(pathsFor().agentDir, 'auth-profiles.json'), text);
    expect((await load()).stores.map(({ state }) => state)).toEqual(['broken', 'loaded']);
  });

  it('"order, lastGood and usageStats live in the sibling auth-state.json; readers look in both"', async () => {
    const { agentDir } = pathsFor();
    await put(join(agentDir, 'auth-profiles.json'), {
      ...storeWith('k'),
      order: { acme: ['old'], other: ['kept'] },
      usageStats: { a: { lastUsed: 1 }, b: { lastUsed: 2 } },
    });
    await put(join(agentDir, 'auth-state.json'), {
      order: { acme: ['new'] },
      usageStats: { a: { lastUsed: 9 } },
    });
    const store = (await load()).stores[1];
    expect(Object.fromEntries(store?.order ?? [])).toEqual({ acme: ['new'], other: ['kept'] });
    expect(store?.usage.get('a')?.lastUsed).toBe(9);
    expect(store?.usage.get('b')?.lastUsed).toBe(2);
  });

  it('reports a broken auth-state.json and keeps the credentials', async () => {
    const { agentDir } = pathsFor();
    await put(join(agentDir, 'auth-profiles.json'), storeWith('k'));
    const path = join(agentDir, 'auth-state.json');
    await put(path, '{');
    const stores = await load();
    expect(stores.stores[1]?.profiles).toHaveLength(1);
    expect(stores.brokenState).toEqual([{ path, detail: `${path} is not valid JSON` }]);
    expect(profileFindings(stores)).toHaveLength(1);
  });

  it("loads the main agent's store below a sub-agent's", async () => {
    const agentDir = join(home, '.clawdbot', 'agents', 'helper', 'agent');
    const main = join(home, '.clawdbot', 'agents', 'main', 'agent');
    await put(join(agentDir, 'auth-profiles.json'), storeWith('agent'));
    await put(join(main, 'auth-profiles.json'), storeWith('main'));
    const { stores } = await load({ CLAWDBOT_AGENT_DIR: agentDir });
    expect(stores.map(({ path }) => dirname(path)).slice(1)).toEqual([agentDir, main]);
  });

  it('"auth.json: flat map, imported as <provider>:default; credentials/oauth.json: {access, refresh, expires}", below the real stores', async () => {
    const { agentDir } = pathsFor();
    const main = join(home, '.clawdbot', 'agents', 'main', 'agent');
    const oauthJson = join(home, '.clawdbot', 'credentials', 'oauth.json');
    await put(join(agentDir, 'auth.json'), { acme: apiKey('k1'), other: { apiKey: 'k2' } });
    await put(oauthJson, { acme: { access: 'a1', refresh: 'canary-refresh', expires: 5 } }, 0o644);
    const { stores } = await load();
    expect(stores.map(({ place, path }) => [place, path]).slice(1)).toEqual([
      ['moltbot', join(main, 'auth-profiles.json')],
      ['moltbot', join(main, 'auth.json')],
      ['moltbot', oauthJson],
    ]);
    expect(stores[2]?.profiles).toMatchObject([
      { kind: 'credential', id: 'acme:default', type: 'api_key' },
      { kind: 'credential', id: 'other:default', provider: 'other', type: 'api_key' },
    ]);
    expect(stores[3]).toMatchObject({
      isOpenToOthers: true,
      profiles: [{ kind: 'credential', id: 'acme:default', type: 'oauth', expires: 5 }],
    });
    expect(inspect(stores, { depth: null })).not.toContain('canary');
    expect(profileStoreFiles(pathsFor())).toEqual(
      expect.arrayContaining([join(main, 'auth.json'), oauthJson]),
    );
  });

  it('an entry of the real store hides the one from before profiles', async () => {
    const { agentDir } = pathsFor();
    await put(join(agentDir, 'auth-profiles.json'), storeWith('new'));
    await put(join(agentDir, 'auth.json'), { acme: apiKey('old') });
    const places = profilesFor(await load(), 'acme', { order: {}, profiles: {} }, 0);
    expect(places.map(({ path }) => path)).toEqual([join(agentDir, 'auth-profiles.json')]);
  });

  it.each(['CLAWDBOT_OAUTH_DIR', 'OPENCLAW_OAUTH_DIR'])('"folder override %s"', async (name) => {
    await put(join(home, 'elsewhere', 'oauth.json'), { acme: { access: 'a1', refresh: 'r', expires: 5 } });
    const { stores } = await load({ [name]: '~/elsewhere' });
    expect(stores.at(-1)).toMatchObject({ path: join(home, 'elsewhere', 'oauth.json'), state: 'loaded' });
  });

  it('a broken file from before profiles is an error with its path', async () => {
    const path = join(pathsFor().agentDir, 'auth.json');
    await put(path, '{"acme": {"key": "canary');
    const findings = profileFindings(await load());
    expect(findings.map(({ detail }) => detail)).toEqual([`${path} is not valid JSON`]);
  });

  it('says when openclaw-agent.sqlite is there, because its credentials are not read', async () => {
    const path = join(pathsFor().agentDir, 'openclaw-agent.sqlite');
    await put(path, '');
    const { notes } = await load();
    expect(notes).toHaveLength(1);
    expect(notes[0]).toContain(path);
  });

  it('names every file that it looks at, for the watcher', () => {
    const paths = pathsFor();
    const names = ['auth-profiles.json', 'auth-state.json', 'openclaw-agent.sqlite', 'auth.json'];
    expect(profileStoreFiles(paths)).toEqual([
      paths.ownProfiles,
      ...names.map((name) => join(paths.agentDir, name)),
      join(home, '.clawdbot', 'credentials', 'oauth.json'),
    ]);
  });
});

describe('profileFindings', () => {
  it('reports a broken profile by id and path, and stays quiet about markers and references', async () => {
    const { ownProfiles } = pathsFor();
    await put(ownProfiles, {
      profiles: {
        'acme:good': apiKey('canary-1'),
        'acme:marker': apiKey('ollama-local'),
        'acme:reference': { type: 'api_key', provider: 'acme', keyRef: { source: 'env', id: 'X' } },
        'acme:bad': apiKey('canary\r\nX: y'),
      },
    });
    const stores = await load();
    const findings = profileFindings(stores);
    expect(findings).toHaveLength(1);
    expect(findings[0]?.detail).toContain(`"acme:bad" in ${ownProfiles}`);
    expect(JSON.stringify([stores, findings]) + inspect(stores, { depth: null })).not.toContain('canary');
  });
});
