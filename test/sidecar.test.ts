/** What happens to a start, and to the announced address, while something else touches the same state directory. */
import { mkdirSync, readFileSync, renameSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it, onTestFinished, vi } from 'vitest';
import { SidecarError } from '../src/domain/errors.ts';
import { systemClock } from '../src/platform/clock.ts';
import { createLogger } from '../src/platform/create-logger.ts';
import { loadIdentity } from '../src/platform/identity.ts';
import { type SidecarOptions, startSidecar } from '../src/sidecar.ts';
import { freePort } from './helpers/free-port.ts';
import { tempFolder } from './platform/temp-folder.ts';

const TOKENS = ['first', 'second'].map((name) => name.padEnd(43, '-'));

/** Starts without discovery; stopped with the test. */
async function start(home: string, options: Partial<SidecarOptions> = {}) {
  const outcome = await startSidecar({
    env: { AWS_EC2_METADATA_DISABLED: 'true', CLAWDBOT_SKIP_LOCAL_DISCOVERY: '1' },
    home,
    cwd: home,
    clock: systemClock,
    log: createLogger({ level: 'error', format: 'json', write: () => undefined }),
    flags: { port: '0' },
    ...options,
  });
  if (outcome.kind === 'started') onTestFinished(() => outcome.sidecar.close());
  return outcome;
}

function stateFile(home: string, name: string): string {
  return join(home, '.clawdbot/sidecar', name);
}

/** As `token rotate` does, at once. */
function storeToken(home: string, token: string | undefined): void {
  const path = stateFile(home, 'identity.json');
  const stored: object = JSON.parse(readFileSync(path, 'utf8'));
  writeFileSync(path, JSON.stringify({ ...stored, token }), { mode: 0o600 });
}

function announcedToken(home: string): unknown {
  const endpoint: { token: unknown } = JSON.parse(readFileSync(stateFile(home, 'endpoint.json'), 'utf8'));
  return endpoint.token;
}

it('a rotation of the token during the start counts, and does not end the start', async () => {
  const home = await tempFolder();
  await loadIdentity(stateFile(home, 'identity.json'), 0);
  let rotated = false;
  const outcome = await start(home, {
    // Told for the first time when the token is read, and nothing listens yet.
    onSecrets: () => {
      if (!rotated) storeToken(home, TOKENS[0]);
      rotated = true;
    },
  });
  expect(outcome.kind).toBe('started');
  expect(announcedToken(home)).toBe(TOKENS[0]);
});

it('a rotation while endpoint.json is written for the first time is in it', async () => {
  const home = await tempFolder();
  await loadIdentity(stateFile(home, 'identity.json'), 0);
  // The lock of another process keeps the first writing waiting.
  const lock = stateFile(home, 'endpoint.json.lock');
  mkdirSync(lock);
  const told: string[] = [];
  const starting = start(home, { onSecrets: ([token = '']) => void told.push(token) });
  await vi.waitFor(() => expect(told).not.toEqual([]), 15_000);
  await vi.waitFor(() => {
    storeToken(home, TOKENS[0]);
    expect(told).toContain(TOKENS[0]);
  }, 15_000);
  rmdirSync(lock);
  expect((await starting).kind).toBe('started');
  expect(announcedToken(home)).toBe(TOKENS[0]);
});

it('endpoint.json that could not be written after a rotation is written as soon as it can be; both are said once', async () => {
  const home = await tempFolder();
  const told: string[] = [];
  const logged: string[] = [];
  const log = createLogger({ level: 'info', format: 'json', write: (line) => void logged.push(line) });
  expect(await start(home, { log, onSecrets: ([token = '']) => void told.push(token) })).toMatchObject({
    kind: 'started',
  });
  const said = (text: string) => logged.filter((line) => line.includes(text));
  const [path, aside] = [stateFile(home, 'endpoint.json'), stateFile(home, 'aside.json')];
  // A folder in its place: nothing can be written there.
  renameSync(path, aside);
  mkdirSync(path);
  storeToken(home, TOKENS[0]);
  await vi.waitFor(() => expect(told).toContain(TOKENS[0]), 15_000);
  await vi.waitFor(() => expect(said('endpoint.json is tried again')).toHaveLength(1), 15_000);
  // Later attempts, which fail in the same way, say nothing.
  storeToken(home, TOKENS[1]);
  await vi.waitFor(() => expect(told).toContain(TOKENS[1]), 15_000);
  rmdirSync(path);
  await vi.waitFor(() => expect(announcedToken(home)).toBe(TOKENS[1]), 10_000);
  await vi.waitFor(() => expect(said('endpoint.json is written')).toHaveLength(1), 15_000);
  expect(said('endpoint.json is tried again')).toHaveLength(1);
  expect(said('Tokens could not be read')).toEqual([]);
});

it('a start that fails half-way is refused, and leaves nothing that watches', async () => {
  const home = await tempFolder();
  await loadIdentity(stateFile(home, 'identity.json'), 0);
  let looks = 0;
  const outcome = await start(home, {
    // Told of the first token, and while the callers are made of the rotated one.
    onSecrets: () => {
      looks += 1;
      if (looks === 1) storeToken(home, TOKENS[0]);
      else throw new SidecarError('cannot-write', 'no room');
    },
  });
  expect(outcome).toMatchObject({ kind: 'refused', problem: { code: 'cannot-write', detail: 'no room' } });
  const told: string[] = [];
  await start(home, { onSecrets: ([token = '']) => void told.push(token) });
  storeToken(home, TOKENS[1]);
  await vi.waitFor(() => expect(told).toContain(TOKENS[1]), 15_000);
  expect(looks).toBe(2);
});

it('"one server for one state directory": of two that start at once one is refused', async () => {
  const home = await tempFolder();
  const outcomes = await Promise.all([start(home), start(home)]);
  expect(outcomes.map(({ kind }) => kind).toSorted()).toEqual(['refused', 'started']);
  const [winner] = outcomes.flatMap((one) => (one.kind === 'started' ? [one.sidecar.url] : []));
  expect(outcomes.find(({ kind }) => kind === 'refused')).toMatchObject({
    problem: { code: 'address-in-use', detail: expect.stringContaining(winner ?? 'none') },
  });
  expect(JSON.parse(readFileSync(stateFile(home, 'endpoint.json'), 'utf8'))).toMatchObject({ url: winner });
});

it('endpoint.json that a killed server left behind with the same address keeps no server from starting', async () => {
  const home = await tempFolder();
  const port = String(await freePort());
  const first = await start(home, { flags: { port } });
  if (first.kind !== 'started') throw new Error('refused');
  const left = readFileSync(stateFile(home, 'endpoint.json'));
  await first.sidecar.close();
  writeFileSync(stateFile(home, 'endpoint.json'), left, { mode: 0o600 });
  expect((await start(home, { flags: { port } })).kind).toBe('started');
});

it('a start in an empty home tells each hint of its warning apart, in one line', async () => {
  const home = await tempFolder();
  const lines: string[] = [];
  const log = createLogger({ level: 'warn', format: 'json', write: (line) => lines.push(line) });
  expect((await start(home, { log })).kind).toBe('started');
  const entry: unknown = JSON.parse(lines.find((line) => line.includes('no-default-model')) ?? '');
  expect(entry).toMatchObject({
    level: 'warn',
    hints: [
      expect.stringMatching(/^[^;]+$/),
      expect.stringMatching(/^Name one: [^;]+$/),
      expect.stringMatching(/^Or set [^;]+$/),
    ],
  });
});
