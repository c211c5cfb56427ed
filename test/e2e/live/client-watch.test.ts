/** The client library beside the built program: following it over restarts and changes. */
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { createClient, type WatchEvent } from '../../../src/client/client.ts';
import type { SnapshotAnswer } from '../../../src/domain/answers/snapshot.ts';
import { type RunningCli, startCli } from '../../helpers/cli.ts';
import { startRig } from '../../helpers/sidecar-rig.ts';

async function makeHome(): Promise<string> {
  const home = await mkdtemp(join(tmpdir(), 'sidecar-client-'));
  onTestFinished(() => rm(home, { recursive: true, force: true }));
  await mkdir(join(home, '.clawdbot'), { mode: 0o700 });
  return home;
}

async function writeConfig(home: string, n: number): Promise<void> {
  const mine = {
    baseUrl: `https://cfg-${n}.example/v1`,
    apiKey: 'sk-mine-0123456789',
    models: [{ id: 'm' }],
  };
  const config = { agents: { defaults: { model: 'mine/m' } }, models: { providers: { mine } } };
  await writeFile(join(home, '.clawdbot/moltbot.json'), JSON.stringify(config), { mode: 0o600 });
}

async function serve(home: string): Promise<RunningCli> {
  const program = startCli(['serve', '--port', '0'], {
    home,
    env: { CLAWDBOT_SKIP_LOCAL_DISCOVERY: '1' },
  });
  onTestFinished(async () => {
    await program.stop('SIGKILL');
  });
  await program.until(/Listening on/);
  return program;
}

/** Collects what a watch gives until the test ends. */
function collect(events: AsyncGenerator<WatchEvent, void>) {
  const states: SnapshotAnswer[] = [];
  const done = (async () => {
    for await (const event of events) if (event.kind === 'snapshot') states.push(event.snapshot);
  })();
  const shows = (n: number): Promise<SnapshotAnswer> =>
    vi.waitFor(
      () => {
        const newest = states.at(-1);
        const mine = newest?.providers.find(({ id }) => id === 'mine');
        if (newest !== undefined && mine?.baseUrl === `https://cfg-${n}.example/v1`) return newest;
        throw new Error(`cfg-${n} is not shown but ${mine?.baseUrl}`);
      },
      { timeout: 15_000, interval: 10 },
    );
  return { states, done, shows };
}

describe('client.watch', () => {
  it.each(['SIGTERM', 'SIGKILL'] as const)(
    '"survives the server’s restart during watch and continues at the right revision", ended by %s',
    { timeout: 60_000 },
    async (signal) => {
      const home = await makeHome();
      await writeConfig(home, 1);
      const first = await serve(home);
      const client = createClient({ home, env: {} });
      const end = new AbortController();
      const { states, done, shows } = collect(client.watch({ signal: end.signal }));
      const before = await shows(1);
      const endpoint = async (): Promise<string> =>
        readFile(join(home, '.clawdbot/sidecar/endpoint.json'), 'utf8');
      const firstEndpoint = await endpoint();

      await first.stop(signal);
      await writeConfig(home, 2);
      await serve(home);
      const after = await shows(2);
      expect(await endpoint()).not.toBe(firstEndpoint);
      expect(after.revision).toBeGreaterThan(before.revision);
      expect(after).toEqual(await client.snapshot());

      await writeConfig(home, 3);
      expect((await shows(3)).revision).toBeGreaterThan(after.revision);
      const revisions = states.map(({ revision }) => revision);
      expect(revisions).toEqual([...new Set(revisions)].sort((a, b) => a - b));
      end.abort();
      await done;
    },
  );

  it('ends with the loop that is left, and with the signal, also before the first event', async () => {
    const rig = await startRig({ env: { CLAWDBOT_SKIP_LOCAL_DISCOVERY: '1' } });
    onTestFinished(() => rig.close());
    const client = createClient({ home: rig.home, env: {} });
    for await (const event of client.watch()) {
      expect(event.kind).toBe('snapshot');
      break;
    }
    expect(await client.watch({ signal: AbortSignal.abort() }).next()).toMatchObject({ done: true });
    const end = new AbortController();
    const watching = client.watch({ signal: end.signal });
    expect((await watching.next()).done).toBe(false);
    const next = watching.next();
    end.abort();
    expect((await next).done).toBe(true);
  });

  it('a token that is refused ends it with the error', async () => {
    const rig = await startRig({ env: { CLAWDBOT_SKIP_LOCAL_DISCOVERY: '1' } });
    onTestFinished(() => rig.close());
    const client = createClient({ home: rig.home, env: {}, token: 'another-token-0123456789' });
    await expect(client.watch().next()).rejects.toMatchObject({ code: 'not-running' });
  });
});
