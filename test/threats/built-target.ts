/**
 * The built program as it is attacked: its own process, started in a hostile folder, with a secret in every place that
 * can hold one, a hostile runtime at a default port, and tokens of every kind.
 */
import { randomInt } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { request } from 'undici';
import { expect, vi } from 'vitest';
import { createCallerTokenStore } from '../../src/credentials/caller-tokens.ts';
import type { CallerScope } from '../../src/domain/caller-scope.ts';
import { makeCallerToken } from '../../src/domain/caller-token.ts';
import { systemClock } from '../../src/platform/clock.ts';
import { PROOF_PREFIX } from '../../src/credentials/exchange/presigned-identity.ts';
import { createCanaryBook } from '../../src/self-test/canaries.ts';
import { startCounterpart } from '../../src/self-test/counterpart.ts';
import { PROGRAMS, workingSources } from '../../src/self-test/sources.ts';
import { makeWorld, type Source, STATE, type World } from '../../src/self-test/world.ts';
import { type CliResult, runCli, type RunningCli, startCli } from '../helpers/cli.ts';
import { type FakeOllama, startFakeOllama } from '../helpers/fake-ollama.ts';
import { freePort } from '../helpers/free-port.ts';
import { mappedPorts } from '../helpers/mapped-ports.ts';
import { type RawAnswer, sendRaw } from '../helpers/raw-http.ts';
import { type Decoy, startDecoy } from './decoy.ts';
import { type Oracle, watch } from './oracle.ts';
import { plant } from './planted-folder.ts';
import { acmeProvider, config } from './target.ts';

/** Name of the secret that a token for `acme` alone is owed. */
export const ACME_KEY = 'cfg: apiKey of acme';

/** What a token with that limit may not get: the default model, and its alias. */
export const BEYOND = { own: 'acme', other: 'cfg-key', model: 'cfg-key/m', alias: 'smart' } as const;

/** Tokens that the attacker may have, by what they are. */
export interface AttackerTokens {
  /** Of the right form, and never made by this program. */
  readonly wrong: string;
  /** For the provider `acme` alone. */
  readonly limited: string;
  /** Without limits. */
  readonly full: string;
  /** Without limits, taken back while the program runs. */
  readonly revoked: string;
  /** Without limits, replaced by a new one while the program runs. */
  readonly rotated: string;
}

export interface BuiltTarget {
  readonly port: number;
  readonly host: string;
  readonly url: string;
  readonly home: string;
  readonly cli: RunningCli;
  readonly tokens: AttackerTokens;
  readonly decoy: Decoy;
  readonly fake: FakeOllama;
  readonly oracle: Oracle;
  /** Bytes of the attacker. */
  readonly send: (bytes: string | Uint8Array) => Promise<RawAnswer>;
  /** A question of the owner, with the token of `endpoint.json`. */
  readonly ask: (
    path: string,
    method?: 'GET' | 'POST',
  ) => Promise<{ readonly status: number; readonly text: string }>;
  /** Another call of the program in the hostile folder, with the same home or with one of its own. */
  readonly call: (home: 'the same home' | 'another home', args: readonly string[]) => Promise<CliResult>;
  /** Takes `revoked` back and replaces `rotated`; resolves when the program knows. */
  readonly endTokens: () => Promise<void>;
  readonly close: () => Promise<void>;
}

const NO_RUNTIMES = { CLAWDBOT_SKIP_LOCAL_DISCOVERY: '1' };

const EVERYTHING: CallerScope = { providers: null, models: null, secrets: true };

/** Starts all of it; resolves when the program is at rest. */
export async function startBuiltTarget(): Promise<BuiltTarget> {
  const folder = await mkdtemp(join(tmpdir(), 'sidecar-attack-'));
  const [home, other, cwd] = [join(folder, 'home'), join(folder, 'other'), join(folder, 'work')];
  const book = createCanaryBook(randomText);
  const [decoy, counterpart, fake, nobody] = await Promise.all([
    startDecoy(),
    startCounterpart(book),
    startFakeOllama({ models: [{ name: 'llama3:chat' }] }),
    freePort(),
  ]);
  const world = makeWorld(
    'attacked',
    [
      ...Object.values(
        workingSources({ book, counterpart: counterpart.url, home, node: process.execPath, now: Date.now() }),
      ),
      acme(book.make(ACME_KEY)),
    ],
    { ...mappedPorts(fake.port, nobody), HTTP_PROXY: decoy.url, ALL_PROXY: decoy.url },
    'everything',
  );
  await writeHome(home, world.files);
  await writeHome(other, { [`${STATE}/moltbot.json`]: JSON.stringify(config()) });
  await plant(cwd, decoy);
  const store = createCallerTokenStore(join(home, STATE, 'sidecar/tokens.json'), systemClock);
  const make = async (name: string, scope: CallerScope): Promise<string> => {
    const { token } = await store.create({ name, scope, lifeMs: null });
    const text = token.secret.reveal();
    book.learn(`token: ${name}`, text);
    return text;
  };
  const tokens: AttackerTokens = {
    wrong: makeCallerToken().secret.reveal(),
    limited: await make('limited', { ...EVERYTHING, providers: [BEYOND.own] }),
    full: await make('full', EVERYTHING),
    revoked: await make('revoked', EVERYTHING),
    rotated: await make('rotated', EVERYTHING),
  };
  const options = { home, cwd, env: world.env };
  const cli = startCli(['serve', '--port', '0', '--log-level', 'debug', '--log-format', 'json'], options);
  await cli.until(/Listening on /);
  const { url, token }: { url: string; token: string } = JSON.parse(
    await readFile(join(home, STATE, 'sidecar/endpoint.json'), 'utf8'),
  );
  // A connection for each question: a kept one may be closed by a busy server at the moment when it is used again.
  const ask = async (path: string, method: 'GET' | 'POST' = 'GET') => {
    const headers = { authorization: `Bearer ${token}` };
    const answer = await request(`${url}${path}`, { method, headers, reset: true });
    return { status: answer.statusCode, text: await answer.body.text() };
  };
  // Everything that is fetched, renewed or run once, is so now.
  await Promise.all(world.providers.map((id) => ask(`/v1/resolve?provider=${id}`)));
  // On a busy machine the server of NIM may have been asked in vain at the start, and is asked again after a while.
  await vi.waitFor(
    async () => {
      expect((await ask('/v1/resolve?provider=nim')).text).toContain('"source":"profile:nim:default"');
    },
    { timeout: 15_000, interval: 100 },
  );
  const port = Number(new URL(url).port);
  const oracle = await watch({
    // What every proof begins with is no secret.
    canaries: () => book.all().map(({ name, value }) => ({ name, value: value.replace(PROOF_PREFIX, '') })),
    folders: [home, cwd],
    isForeign: (path) => path.includes(`/${PROGRAMS}/seen`),
    ask: async (path) => JSON.parse((await ask(path)).text),
    decoy,
    printed: () => cli.stdout() + cli.stderr(),
  });
  // What is not at rest yet comes to rest within seconds.
  const expectRest = async (): Promise<void> => {
    try {
      await oracle.expectUnharmed();
    } finally {
      await oracle.accept();
    }
  };
  await vi.waitFor(expectRest, { timeout: 15_000, interval: 100 });
  return {
    port,
    host: `Host: 127.0.0.1:${port}`,
    url,
    home,
    cli,
    tokens,
    decoy,
    fake,
    oracle,
    send: (bytes) => sendRaw(port, bytes),
    ask,
    call: (whose, args) =>
      runCli(args, whose === 'the same home' ? options : { home: other, cwd, env: NO_RUNTIMES }),
    async endTokens() {
      await store.revoke('revoked');
      const { token: next } = await store.rotate('rotated');
      book.learn('token: rotated, the new one', next.secret.reveal());
      await ask('/v1/tokens');
      await oracle.accept();
    },
    async close() {
      await cli.stop();
      await Promise.all([fake.stop(), counterpart.close(), decoy.close()]);
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** A provider that is not the default one. */
function acme(key: string): Source {
  return {
    providers: { acme: acmeProvider(key) },
    config: {
      agents: { defaults: { model: BEYOND.model, models: { [BEYOND.model]: { alias: BEYOND.alias } } } },
    },
  };
}

async function writeHome(home: string, files: World['files']): Promise<void> {
  for (const [path, text] of Object.entries(files)) {
    const target = join(home, path);
    await mkdir(dirname(target), { recursive: true, mode: 0o700 });
    await writeFile(target, text, { mode: 0o600 });
  }
}

function randomText(length: number): string {
  const characters = 'abcdefghijklmnopqrstuvwxyz0123456789';
  return Array.from({ length }, () => characters[randomInt(characters.length)]).join('');
}
