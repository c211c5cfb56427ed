/** A login at the certified server, stored in a temporary folder, and keepers of its tokens as processes have them. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, vi } from 'vitest';
import { createAuthorizationServers } from '../../src/credentials/oauth/authorization-server.ts';
import { createOAuthTokens } from '../../src/credentials/oauth/create-oauth-tokens.ts';
import { createLoginStore } from '../../src/credentials/oauth/login-store.ts';
import type { OAuthTokenKeeper, OAuthTokenRequest } from '../../src/credentials/oauth/oauth-tokens.ts';
import { toHeldToken } from '../../src/credentials/oauth/profile-state.ts';
import { readStoredLogin, type StoredLogin } from '../../src/credentials/oauth/stored-grant.ts';
import { createOwnStore, type OwnStore } from '../../src/credentials/own-store.ts';
import { createReferences } from '../../src/credentials/references.ts';
import { SidecarError } from '../../src/domain/errors.ts';
import type { OAuthClientSettings } from '../../src/domain/oauth-client.ts';
import { Secret } from '../../src/domain/secret.ts';
import { type Clock, systemClock } from '../../src/platform/clock.ts';
import { getTokens } from './oauth-browser.ts';
import { CLIENTS, startOidcProvider, type TestServer, type TestServerOptions } from './oidc-provider.ts';
import { publicClient } from './public-client.ts';

const PROFILE = 'acme:default';

export interface OAuthRig {
  readonly server: TestServer;
  readonly stateDir: string;
  readonly storePath: string;
  readonly store: OwnStore;
  readonly settings: OAuthClientSettings;
  /** How often keepers looked into the store. */
  readonly reads: () => number;
  /** Everything that keepers wrote to their logs. */
  readonly logged: string[];
  /** Secrets that keepers announced. */
  readonly learned: Set<string>;
  /** Logs somebody in and stores the tokens; `left` seconds before their end, or after it when negative. */
  logIn(left?: number): Promise<void>;
  /** Holds back what comes to the token endpoint from now on. */
  hold(): HeldRequests;
  /** The login as the file has it; throws when there is none. */
  stored(): Promise<StoredLogin>;
  keeper(options?: KeeperOptions): OAuthTokenKeeper;
  /** What a resolution would ask, from the file as it is. */
  request(now?: number, env?: Readonly<Record<string, string>>): Promise<OAuthTokenRequest>;
  /** Status of `/api/me` for a token. */
  accepts(token: string): Promise<number>;
  readText(): Promise<string>;
  close(): Promise<void>;
}

export interface HeldRequests {
  /** Resolves when one waits. */
  readonly arrived: Promise<void>;
  release(): void;
}

export interface KeeperOptions {
  readonly clock?: Clock;
  readonly background?: boolean;
  readonly settings?: Partial<OAuthClientSettings>;
  /** True while new tokens cannot be written down. @default never */
  readonly refuseWrites?: () => boolean;
}

/** Starts the server and makes the folder; nobody is logged in yet. */
export async function createOAuthRig(options: TestServerOptions = {}): Promise<OAuthRig> {
  const server = await startOidcProvider(options);
  const stateDir = await mkdtemp(join(tmpdir(), 'sidecar-oauth-'));
  const storePath = join(stateDir, 'sidecar/auth-profiles.json');
  const store = createOwnStore({ path: storePath, clock: systemClock });
  let reads = 0;
  const logged: string[] = [];
  const learned = new Set<string>();
  const keepers: OAuthTokenKeeper[] = [];
  const settings = publicClient(server.issuer, {
    clientId: CLIENTS.public.client_id,
    scopes: ['openid'],
  });
  const stored = async (): Promise<StoredLogin> => {
    const login = readStoredLogin(await store.readEntry(PROFILE));
    if (login === undefined) throw new Error('nobody is logged in');
    return login;
  };
  return {
    server,
    stateDir,
    storePath,
    store,
    settings,
    reads: () => reads,
    logged,
    learned,
    stored,
    async logIn(left) {
      const tokens = await getTokens(server.issuer);
      const expires = Date.now() + (left ?? tokens.expiresIn) * 1000;
      await store.put(PROFILE, {
        type: 'oauth',
        provider: 'acme',
        access: new Secret(tokens.access),
        refresh: new Secret(tokens.refresh),
        expires,
        login: {
          issuer: server.issuer,
          clientId: CLIENTS.public.client_id,
          scopes: ['openid'],
          tokenType: 'bearer',
          obtained: expires - tokens.expiresIn * 1000,
        },
      });
      server.grants.length = 0;
      server.requests.length = 0;
    },
    hold() {
      const { faults, requests } = server;
      let open: () => void = () => undefined;
      const count = requests.length;
      faults.gate = new Promise((resolve) => {
        open = resolve;
      });
      const isHere = (): boolean => requests.slice(count).includes('POST /token');
      return {
        arrived: vi.waitFor(() => expect(isHere()).toBe(true), { timeout: 20_000, interval: 5 }),
        release: () => {
          faults.gate = null;
          open();
        },
      };
    },
    keeper({ clock = systemClock, background = false, settings: changed, refuseWrites = () => false } = {}) {
      const onSecret = (value: string): void => void learned.add(value);
      const clients = { acme: { ...settings, ...changed } };
      const logins = createLoginStore(store);
      const tokens = createOAuthTokens({
        servers: createAuthorizationServers({ clients, clock, onSecret }),
        store: {
          ...logins,
          read: (profileId) => {
            reads += 1;
            return logins.read(profileId);
          },
          replace: async (...tokens) => {
            if (refuseWrites()) throw new SidecarError('cannot-write', 'the disk is full');
            return logins.replace(...tokens);
          },
        },
        lockFolder: join(stateDir, 'sidecar/locks'),
        clock,
        log: { warn: (message, fields) => logged.push(`${message} ${JSON.stringify(fields)}`) },
        onSecret,
        random: () => 0.5,
        background,
      });
      keepers.push(tokens);
      return tokens;
    },
    async request(now = Date.now(), env = {}) {
      const references = createReferences({
        env,
        outside: env,
        config: { providers: {}, defaults: {} },
        files: new Map(),
        policy: { allowExec: false, commands: [] },
        run: () => Promise.resolve({ kind: 'failed', reason: 'is not there' }),
        clock: systemClock,
        onSecret: (value) => learned.add(value),
      });
      const token = toHeldToken(await stored());
      return { providerId: 'acme', profileId: PROFILE, token, lookup: { env, references }, now };
    },
    async accepts(token) {
      const headers = { authorization: `Bearer ${token}` };
      const response = await fetch(`${server.issuer}/api/me`, { headers });
      await response.arrayBuffer();
      return response.status;
    },
    readText: () => readFile(storePath, 'utf8'),
    async close() {
      await Promise.all(keepers.map((keeper) => keeper.close()));
      await server.close();
      await rm(stateDir, { recursive: true, force: true });
    },
  };
}
