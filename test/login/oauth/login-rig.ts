/** Logins at the certified server with an own store in a temporary folder, and waiting that takes no time. */
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createAuthorizationServers } from '../../../src/credentials/oauth/authorization-server.ts';
import { createOwnStore } from '../../../src/credentials/own-store.ts';
import { createReferences } from '../../../src/credentials/references.ts';
import type { OAuthClientSettings } from '../../../src/domain/oauth-client.ts';
import type { LoginFlow, WaitingLogin } from '../../../src/login/oauth/flow.ts';
import { type LoginParts, startLogin } from '../../../src/login/oauth/start-login.ts';
import { type Clock, systemClock } from '../../../src/platform/clock.ts';
import { publicClient } from '../../helpers/public-client.ts';

export interface LoginRig {
  readonly parts: LoginParts;
  /** The entry of provider `acme`. */
  readonly settings: OAuthClientSettings;
  /** Every wait that was asked for, in milliseconds. */
  readonly waits: number[];
  /** Cancels what is under way. */
  readonly stop: AbortController;
  /** Starts a login; fails the test where it does not begin. */
  start(flow: LoginFlow): Promise<WaitingLogin>;
  /** The stored profile, or undefined. */
  stored(): Promise<Readonly<Record<string, unknown>> | undefined>;
  /** Names of everything in the folder of the store. */
  files(): Promise<readonly string[]>;
  close(): Promise<void>;
}

export interface LoginRigOptions {
  readonly issuer: string;
  readonly clientId: string;
  readonly secret?: string;
  readonly settings?: Partial<OAuthClientSettings>;
  readonly parts?: Partial<LoginParts>;
  /** @default the machine's clock */
  readonly clock?: Clock;
}

/** Makes the folder; nothing is asked yet. */
export async function createLoginRig(options: LoginRigOptions): Promise<LoginRig> {
  const { issuer, clientId, secret, clock = systemClock } = options;
  const folder = await mkdtemp(join(tmpdir(), 'sidecar-oauth-login-'));
  const path = join(folder, 'auth-profiles.json');
  const settings = publicClient(issuer, {
    clientId,
    ...(secret !== undefined && {
      clientSecret: { source: 'env', provider: null, id: 'CLIENT_SECRET' },
      tokenEndpointAuthMethod: null,
    }),
    scopes: ['openid', 'profile', 'email'],
    ...options.settings,
  });
  const env = secret === undefined ? {} : { CLIENT_SECRET: secret };
  const references = createReferences({
    env,
    outside: env,
    config: { providers: {}, defaults: {} },
    files: new Map(),
    policy: { allowExec: false, commands: [] },
    run: () => Promise.resolve({ kind: 'failed', reason: 'not here' }),
    clock: systemClock,
    onSecret: () => undefined,
  });
  const waits: number[] = [];
  const stop = new AbortController();
  const parts: LoginParts = {
    servers: createAuthorizationServers({
      clients: { acme: settings },
      clock,
      onSecret: () => undefined,
    }),
    lookup: () => ({ env, references }),
    store: createOwnStore({ path, clock: systemClock }),
    clock,
    sleep: (ms) => {
      waits.push(ms);
      return new Promise((resolve) => setImmediate(resolve));
    },
    ...options.parts,
  };
  return {
    parts,
    settings,
    waits,
    stop,
    async start(flow) {
      const started = await startLogin(parts, 'acme', flow, stop.signal);
      if (started.kind === 'failed') throw new Error(`${started.code}: ${started.detail}`);
      return started;
    },
    async stored() {
      const text = await readFile(path, 'utf8').catch(() => '{}');
      const body: { profiles?: Record<string, Record<string, unknown>> } = JSON.parse(text);
      return body.profiles?.['acme:default'];
    },
    files: () => readdir(folder),
    close: () => rm(folder, { recursive: true, force: true }),
  };
}
