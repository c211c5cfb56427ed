/**
 * Rounds of `kill -9`: the built server under load, and a command that writes, are killed at a random moment; the
 * next start must find everything whole. One home lives through all rounds of a run.
 */
import { existsSync, readFileSync } from 'node:fs';
import { lstat, mkdir, mkdtemp, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type CliResult, type RunningCli, runCli, startCli } from '../helpers/cli.ts';
import { type FakeOllama, startFakeOllama } from '../helpers/fake-ollama.ts';

/** What a run counted. Everything that was wrong is in `wrong`. */
export interface KillReport {
  readonly rounds: number;
  /** Rounds in which the server was killed before it listened. */
  readonly killedAtStart: number;
  /** Commands that were killed, and those that ended well. */
  readonly writersKilled: number;
  readonly writersDone: number;
  /** Requests that were answered while everything was written. */
  readonly requests: number;
  readonly wrong: readonly string[];
}

/** Longest that a start may take: a lock of a killed holder is taken over after ten seconds. */
const START_MS = 60_000;
/** Longest that the load lasts before the kill, in milliseconds. */
const LOAD_MS = 600;

/**
 * @param random from 0 up to 1
 */
export async function runKillRounds(rounds: number, random: () => number): Promise<KillReport> {
  const home = await mkdtemp(join(tmpdir(), 'sidecar-kill-'));
  const ollama = await startFakeOllama({ models: [{ name: 'one:1b', contextLength: 32_000 }] });
  const run = createRun(home, ollama, random);
  try {
    await run.prepare();
    for (let round = 1; round <= rounds; round += 1) await run.round(round);
    await run.finish();
    return { rounds, ...run.counts, wrong: run.wrong };
  } finally {
    await ollama.stop();
    await rm(home, { recursive: true, force: true });
  }
}

function createRun(home: string, ollama: FakeOllama, random: () => number) {
  const folder = join(home, '.clawdbot/sidecar');
  const env = { OLLAMA_HOST: `127.0.0.1:${ollama.port}` };
  const counts = { killedAtStart: 0, writersKilled: 0, writersDone: 0, requests: 0 };
  const wrong: string[] = [];
  /** Names of tokens whose command ended well: they must never be lost. */
  const tokens = new Set<string>();
  /** True once a key was stored; a later command may have replaced it by its own. */
  let hasKey = false;
  let identity = '';

  const check = async (round: number): Promise<void> => {
    const note = (what: string): void => void wrong.push(`round ${round}: ${what}`);
    for (const name of await readdir(folder, { recursive: true })) {
      // A draft may take its place while it is looked at.
      const facts = await lstat(join(folder, name)).catch(() => undefined);
      if (facts === undefined) continue;
      if ((facts.mode & 0o077) !== 0) note(`${name} has the mode ${(facts.mode & 0o777).toString(8)}`);
      // A draft is a torn file by nature; it only must be as private as the rest.
      if (!facts.isFile() || !name.endsWith('.json')) continue;
      try {
        JSON.parse(readFileSync(join(folder, name), 'utf8'));
      } catch {
        note(`${name} is torn`);
      }
    }
    const has = (name: string): string =>
      existsSync(join(folder, name)) ? readFileSync(join(folder, name), 'utf8') : '';
    if (identity === '') identity = has('identity.json');
    else if (has('identity.json') !== identity) note('the identity was lost');
    for (const name of tokens) {
      if (!has('tokens.json').includes(`"${name}"`)) note(`the token ${name} was lost`);
    }
    if (hasKey && !has('auth-profiles.json').includes('"sk-')) note('the key was lost');
    const corrupt = (await readdir(folder)).filter((name) => name.includes('.corrupt-'));
    if (corrupt.length > 0) note(`moved aside: ${corrupt.join(', ')}`);
  };

  /** Waits until this very server has announced itself; undefined when it ended before. */
  const announced = async (server: RunningCli): Promise<{ url: string; token: string } | undefined> => {
    const until = Date.now() + START_MS;
    for (;;) {
      if (/Listening on/.test(server.stderr() + server.stdout())) break;
      if (server.child.exitCode !== null || Date.now() > until) return undefined;
      await sleep(10);
    }
    const endpoint: { url: string; token: string; pid: number } = JSON.parse(
      readFileSync(join(folder, 'endpoint.json'), 'utf8'),
    );
    return endpoint.pid === server.child.pid ? endpoint : undefined;
  };

  /** Requests, rewrites of the config and changes of the runtime, until it is told to stop. */
  const load = async ({ url, token }: { url: string; token: string }, signal: AbortSignal): Promise<void> => {
    const ask = async (path: string, method: string): Promise<void> => {
      const headers = { authorization: `Bearer ${token}` };
      const answer = await fetch(`${url}${path}`, { method, headers, signal });
      await answer.arrayBuffer();
      counts.requests += 1;
    };
    const repeat = async (work: () => Promise<void>): Promise<void> => {
      while (!signal.aborted) await work().catch(() => sleep(5));
    };
    await Promise.all([
      repeat(() => ask('/v1/resolve?model=mine/m', 'GET')),
      repeat(() => ask('/v1/models', 'GET')),
      repeat(async () => {
        const count = 1 + Math.floor(random() * 20);
        ollama.setModels(Array.from({ length: count }, (_, index) => ({ name: `model-${index}:1b` })));
        await ask('/v1/discovery/scan', 'POST');
      }),
      repeat(async () => {
        await writeConfig(home, random());
        await sleep(5);
      }),
    ]);
  };

  const write = async (round: number, isKilled: boolean): Promise<CliResult | undefined> => {
    const name = `round-${round}`;
    const args =
      round % 2 === 0
        ? ['token', 'create', '--name', name]
        : ['auth', 'openai', 'key', `sk-round-${round}-0123456789`, '--force', '--no-input'];
    const writer = startCli(args, { home, env });
    if (isKilled) {
      await sleep(random() * 2 * LOAD_MS);
      if (writer.child.exitCode === null) {
        counts.writersKilled += 1;
        await writer.stop('SIGKILL');
        return undefined;
      }
    }
    const result = await writer.ended();
    if (result.code === 0) {
      counts.writersDone += 1;
      if (round % 2 === 0) tokens.add(name);
      else hasKey = true;
    } else {
      wrong.push(`round ${round}: ${args.slice(0, 2).join(' ')} ended with ${result.code}: ${result.stderr}`);
    }
    return result;
  };

  return {
    counts,
    wrong,
    async prepare() {
      await mkdir(join(home, '.clawdbot'), { mode: 0o700 });
      await writeConfig(home, 0);
    },
    async round(round: number) {
      const server = startCli(['serve', '--port', '0'], { home, env });
      if (round % 5 === 0) {
        counts.killedAtStart += 1;
        await sleep(random() * 2 * LOAD_MS);
        await server.stop('SIGKILL');
        return;
      }
      const endpoint = await announced(server);
      if (endpoint === undefined) {
        wrong.push(`round ${round}: no clean start: ${server.stderr()}`);
        await server.stop('SIGKILL');
        return;
      }
      await check(round);
      const stop = new AbortController();
      const loading = load(endpoint, stop.signal);
      const writing = write(round, random() < 0.5);
      await sleep(random() * LOAD_MS);
      await server.stop('SIGKILL');
      stop.abort();
      await Promise.all([loading, writing]);
      await check(round);
    },
    /** Everything still works after the last kill, and what the killed ones left behind is gone. */
    async finish() {
      const server = startCli(['serve', '--port', '0'], { home, env });
      const endpoint = await announced(server);
      if (endpoint === undefined) wrong.push(`the last start failed: ${server.stderr()}`);
      for (const args of [
        ['token', 'create', '--name', 'last'],
        ['auth', 'openai', 'key', 'sk-last-0123456789', '--force', '--no-input'],
      ]) {
        const { code, stderr } = await runCli(args, { home, env });
        if (code !== 0) wrong.push(`at the end ${args.slice(0, 2).join(' ')} fails: ${stderr}`);
      }
      await server.stop();
      await check(Infinity);
      const drafts = (await readdir(folder)).filter((name) => name.endsWith('.tmp'));
      if (drafts.length > 0) wrong.push(`drafts left behind: ${drafts.join(', ')}`);
    },
  };
}

/** As an editor saves it: beside the file, then in its place. */
async function writeConfig(home: string, n: number): Promise<void> {
  const path = join(home, '.clawdbot/moltbot.json');
  const baseUrl = `https://cfg-${Math.floor(n * 1_000)}.example/v1`;
  const mine = { baseUrl, apiKey: 'sk-mine-0123456789', models: [{ id: 'm' }] };
  await writeFile(`${path}.new`, JSON.stringify({ models: { providers: { mine } } }), { mode: 0o600 });
  await rename(`${path}.new`, path);
}
