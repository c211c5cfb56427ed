/** What is attacked in a test's own process: a running sidecar that has keys, a server that nobody may be made to ask. */
import { type RawAnswer, sendRaw } from '../helpers/raw-http.ts';
import { type Rig, type RigOptions, startRig } from '../helpers/sidecar-rig.ts';
import { type Decoy, startDecoy } from './decoy.ts';
import type { Aim } from './forged-requests.ts';
import { type Oracle, watch } from './oracle.ts';

/** The key of the provider `acme`. */
export const CANARY = 'sk-canary-0123456789-threats';

/** Where that key belongs. */
export const ACME_URL = 'https://acme.example/v1';

export interface Target extends Aim, Pick<Oracle, 'expectNoSecret' | 'expectUnharmed'> {
  readonly rig: Rig;
  /** The header line with the full token. */
  readonly bearer: string;
  readonly send: (bytes: string | Uint8Array) => Promise<RawAnswer>;
  /** A second server. Nothing may lead the sidecar there. */
  readonly decoy: Decoy;
  readonly close: () => Promise<void>;
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
  const oracle = await watch({
    canaries: () => [
      { name: 'the key', value: CANARY },
      { name: 'the token', value: rig.token },
    ],
    folders: [rig.home],
    ask: async (path) => (await rig.ask(path)).body,
    decoy,
    printed: () => rig.logged.map((line) => JSON.stringify(line)).join('\n'),
  });
  return {
    rig,
    port,
    host: `Host: 127.0.0.1:${port}`,
    token: rig.token,
    bearer: `Authorization: Bearer ${rig.token}`,
    send: (bytes) => sendRaw(port, bytes),
    decoy,
    expectNoSecret: oracle.expectNoSecret,
    expectUnharmed: oracle.expectUnharmed,
    async close() {
      await rig.close();
      await decoy.close();
    },
  };
}

/** The entry of `models.providers` for a provider with a key. */
export function acmeProvider(apiKey: string): object {
  return { baseUrl: ACME_URL, api: 'openai-completions', apiKey, models: [{ id: 'm' }] };
}

/** A default model of a provider with a key. */
export function config(): object {
  return {
    agents: { defaults: { model: 'acme/m' } },
    models: { providers: { acme: acmeProvider(CANARY) } },
  };
}
