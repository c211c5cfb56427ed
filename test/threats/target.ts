/**
 * What is attacked: a running sidecar that has keys, a server that nobody may be made to ask, and a look at whether
 * anything was given away or changed.
 */
import { once } from 'node:events';
import { createServer } from 'node:http';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'vitest';
import { type RawAnswer, sendRaw } from '../helpers/raw-http.ts';
import { type Rig, type RigOptions, startRig } from '../helpers/sidecar-rig.ts';

/** The key of the provider `acme`. */
export const CANARY = 'sk-canary-0123456789-threats';

/** Where that key belongs. */
export const ACME_URL = 'https://acme.example/v1';

export interface Target {
  readonly rig: Rig;
  readonly port: number;
  /** The Host line that names the server. */
  readonly host: string;
  /** The header line with the full token. */
  readonly bearer: string;
  readonly send: (bytes: string | Uint8Array) => Promise<RawAnswer>;
  /** A second server. Nothing may lead the sidecar there. */
  readonly decoy: Decoy;
  /** Throws when the text holds the key or the token. */
  readonly expectNoSecret: (text: string) => void;
  /** Throws when state, files or revision have changed since the start, the decoy was asked, or the log tells a secret. */
  readonly expectUnharmed: () => Promise<void>;
  readonly close: () => Promise<void>;
}

export interface Decoy {
  readonly port: number;
  readonly url: string;
  /** Request lines, oldest first. */
  readonly asked: readonly string[];
  readonly close: () => Promise<void>;
}

/** Starts a server that only notes who asks. */
export async function startDecoy(): Promise<Decoy> {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    asked.push(`${request.method ?? ''} ${request.url ?? ''} ${JSON.stringify(request.rawHeaders)}`);
    response.end('{}');
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the decoy has no port');
  return {
    port: address.port,
    url: `http://127.0.0.1:${address.port}`,
    asked,
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

/** Starts all of it. */
export async function startTarget(options: RigOptions = {}): Promise<Target> {
  const decoy = await startDecoy();
  const rig = await startRig({
    files: { 'moltbot.json': config() },
    env: { CLAWDBOT_SKIP_LOCAL_DISCOVERY: '1' },
    ...options,
  });
  const port = Number(new URL(rig.sidecar.url).port);
  const before = await stateOf(rig);
  const expectNoSecret = (text: string): void => {
    for (const secret of [CANARY, rig.token]) expect(text.includes(secret)).toBe(false);
  };
  return {
    rig,
    port,
    host: `Host: 127.0.0.1:${port}`,
    bearer: `Authorization: Bearer ${rig.token}`,
    send: (bytes) => sendRaw(port, bytes),
    decoy,
    expectNoSecret,
    async expectUnharmed() {
      expect(await stateOf(rig)).toEqual(before);
      expect(decoy.asked).toEqual([]);
      expectNoSecret(JSON.stringify(rig.logged));
    },
    async close() {
      await rig.close();
      await decoy.close();
    },
  };
}

/** A default model of a provider with a key. */
export function config(): object {
  return {
    agents: { defaults: { model: 'acme/m' } },
    models: {
      providers: {
        acme: { baseUrl: ACME_URL, api: 'openai-completions', apiKey: CANARY, models: [{ id: 'm' }] },
      },
    },
  };
}

/** Everything that an attacker could want to change: what the server says of itself, and every file of the home. */
async function stateOf(rig: Rig): Promise<object> {
  const entries = await readdir(rig.home, { recursive: true, withFileTypes: true });
  const files = await Promise.all(
    entries
      .filter((entry) => entry.isFile())
      .map(async (entry) => {
        const path = join(entry.parentPath, entry.name);
        return [path, await readFile(path, 'utf8')] as const;
      }),
  );
  const answers = await Promise.all(
    ['/v1/providers', '/v1/tokens', '/v1/snapshot'].map(async (path) => (await rig.ask(path)).body),
  );
  return { files: Object.fromEntries(files), answers };
}
