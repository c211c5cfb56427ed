/** Many processes with one login, and processes that die at the worst moments, against a server that revokes for reuse. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, utimes } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createOAuthRig, type OAuthRig } from '../../helpers/oauth-rig.ts';

const PROCESS = join(import.meta.dirname, 'token-process.mjs');

let rig: OAuthRig;
let children: ChildProcess[];
/** What all processes wrote to their logs. */
let logged: string;
beforeEach(async () => {
  logged = '';
  children = [];
  rig = await createOAuthRig();
});
afterEach(async () => {
  for (const child of children) child.kill('SIGKILL');
  await rig.close();
});

interface Result {
  readonly kind: string;
  readonly detail?: string;
  readonly access: string | null;
}

interface TokenProcess {
  readonly ready: Promise<void>;
  /** Lets it ask for the token. */
  go(): void;
  /** What it printed; null when it was killed. */
  readonly result: Promise<Result | null>;
}

function start(options: { readonly skew?: number; readonly killAt?: 'answer' | 'write' } = {}): TokenProcess {
  const given = { stateDir: rig.stateDir, settings: rig.settings, skew: 0, ...options };
  const child = spawn(process.execPath, [PROCESS, JSON.stringify(given)], {
    env: { HOME: rig.stateDir },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  children.push(child);
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (part: string) => {
    text += part;
  });
  child.stderr.setEncoding('utf8').on('data', (part: string) => {
    logged += part;
  });
  const closed = once(child, 'close');
  return {
    ready: vi.waitFor(() => expect(text).toContain('ready'), { timeout: 30_000, interval: 20 }),
    go: () => child.stdin.write('go\n'),
    result: closed.then(() => {
      const line = text.split('\n')[1] ?? '';
      return line === '' ? null : JSON.parse(line);
    }),
  };
}

/** As if a lock had no sign of its holder for ten seconds: any lock of this program is taken over then. */
async function letLocksAge(): Promise<void> {
  const folders = [join(rig.stateDir, 'sidecar'), join(rig.stateDir, 'sidecar/locks')];
  const names = await Promise.all(
    folders.map(async (folder) => (await readdir(folder)).map((name) => join(folder, name))),
  );
  const locks = names.flat().filter((name) => name.endsWith('.lock'));
  expect(locks).toContainEqual(expect.stringContaining('/locks/oauth-'));
  const past = new Date(Date.now() - 11_000);
  for (const lock of locks) await utimes(lock, past, past);
}

async function runAll(processes: readonly TokenProcess[]): Promise<(Result | null)[]> {
  await Promise.all(processes.map(({ ready }) => ready));
  for (const process of processes) process.go();
  return Promise.all(processes.map(({ result }) => result));
}

describe('"Twenty processes with one expired token and a rotating server that revokes the family on reuse"', () => {
  it('"one refresh call, all twenty get the new token, none logged out", on a slow server', async () => {
    await rig.logIn(-1);
    rig.server.faults.delay = 500;
    const results = await runAll(Array.from({ length: 20 }, () => start()));
    const access = (await rig.stored()).access.reveal();
    expect(results).toEqual(Array.from({ length: 20 }, () => ({ kind: 'token', access })));
    expect(rig.server.grants).toEqual([{ grant: 'refresh_token', outcome: 'success' }]);
    expect(await rig.accepts(access)).toBe(200);
  });

  it('clocks an hour off in both directions: one refresh call', async () => {
    await rig.logIn(-2 * 3600);
    rig.server.faults.delay = 300;
    const skews = [-3_600_000, 0, 3_600_000, -3_600_000, 0, 3_600_000];
    const results = await runAll(skews.map((skew) => start({ skew })));
    const access = (await rig.stored()).access.reveal();
    expect(results.map((result) => result?.access)).toEqual(skews.map(() => access));
    expect(rig.server.grants).toEqual([{ grant: 'refresh_token', outcome: 'success' }]);
  });

  it('an answer that the server dropped once: the same clear error for all, and no loop', async () => {
    await rig.logIn(-1);
    rig.server.faults.dropAnswers = 1;
    const results = await runAll(Array.from({ length: 6 }, () => start()));
    for (const result of results) {
      expect(result).toMatchObject({
        kind: 'reauth-required',
        detail: expect.stringContaining('the answer to a renewal was lost on its way'),
      });
    }
    expect(rig.server.requests.filter((request) => request === 'POST /token')).toHaveLength(2);
    const { access, refresh } = await rig.stored();
    expect(logged).toContain('A login cannot be renewed any more');
    for (const secret of [access.reveal(), refresh?.reveal() ?? '']) expect(logged).not.toContain(secret);
  });
});

describe('"kill -9: afterwards either the old or the new token works, or one clear reauth-required"', () => {
  it.each(['answer', 'write'] as const)(
    'at the %s',
    async (killAt) => {
      await rig.logIn(-1);
      const dying = start({ killAt });
      expect(await runAll([dying])).toEqual([null]);
      expect(rig.server.grants).toEqual([{ grant: 'refresh_token', outcome: 'success' }]);
      // The file is whole, and the login in it is still the old one.
      expect((await rig.stored()).renewing).not.toBeNull();
      await letLocksAge();

      const [after] = await runAll([start()]);
      expect(after).toMatchObject({
        kind: 'reauth-required',
        detail: expect.stringContaining('the answer to a renewal was lost on its way'),
      });
      const calls = rig.server.requests.length;
      const [again] = await runAll([start()]);
      expect(again?.kind).toBe('reauth-required');
      expect(rig.server.requests).toHaveLength(calls);
      // Nothing of the tokens that were on their way lies around.
      const names = await readdir(dirname(rig.storePath));
      expect(names.filter((name) => name.endsWith('.tmp'))).toEqual([]);
    },
    90_000,
  );

  it('with a token that is still good: it goes on being used, and nobody risks it', async () => {
    await rig.logIn(50);
    const old = (await rig.stored()).access.reveal();
    expect(await runAll([start({ killAt: 'answer' })])).toEqual([null]);
    await letLocksAge();
    const [after] = await runAll([start()]);
    expect(after).toMatchObject({ kind: 'token', access: old });
    expect(await rig.accepts(old)).toBe(200);
    expect(rig.server.grants).toHaveLength(1);
  });
});
