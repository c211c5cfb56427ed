/** Running other programs: what they get, how long they may take, and that nothing of them stays. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { isProcessAlive } from '../../src/platform/process.ts';
import { type CommandRequest, harmlessEnvironment, runCommand } from '../../src/platform/run-command.ts';
import { tempFolder } from './temp-folder.ts';

const run = (script: string, more: Partial<CommandRequest> = {}) =>
  runCommand({
    command: '/bin/sh',
    args: ['-c', script],
    env: { PATH: process.env['PATH'] },
    timeoutMs: 10_000,
    maxBytes: 1_000,
    ...more,
  });

describe('runCommand', () => {
  it('gives the input, takes the output, and is not disturbed by what is said on standard error', async () => {
    const outcome = await run('echo noise >&2; cat; echo " end"', { input: 'in' });
    expect(outcome).toEqual({ kind: 'finished', stdout: 'in end\n' });
  });

  it('the program has the environment that it is given and no other', async () => {
    vi.stubEnv('CANARY_VARIABLE', 'canary');
    const outcome = await run('env', { env: { ONLY: 'this', PATH: process.env['PATH'] } });
    const text = outcome.kind === 'finished' ? outcome.stdout : '';
    expect(text).toContain('ONLY=this');
    expect(text).not.toContain('canary');
  });

  it.each([
    ['exit 3', 'ended with exit code 3'],
    ['kill -9 $$', 'was ended by SIGKILL'],
    ['while :; do echo xxxxxxxxxxxxxxxxxxxxxxxxxxxx; done', 'printed more than 1000 bytes'],
  ])('%s is a failure in words that show no output', async (script, reason) => {
    expect(await run(script)).toEqual({ kind: 'failed', reason });
  });

  it('a program that is not there, or that does not read its input, is no exception', async () => {
    expect(await run('', { command: '/no/such/program' })).toEqual({
      kind: 'failed',
      reason: 'cannot be run (ENOENT)',
    });
    expect(await run('canary\0')).toEqual({ kind: 'failed', reason: 'cannot be run with these arguments' });
    const unread = await run('exec <&-; echo done', { input: 'x'.repeat(1_000_000) });
    expect(unread).toEqual({ kind: 'finished', stdout: 'done\n' });
  });

  it('the deadline ends the program and what it started', async () => {
    const pidFile = join(await tempFolder(), 'pid');
    const outcome = await run(`sleep 600 & echo $! > ${pidFile}; wait`, { timeoutMs: 500 });
    expect(outcome).toEqual({ kind: 'failed', reason: 'did not answer within 0.5 s', isLate: true });
    const pid = Number(await readFile(pidFile, 'utf8'));
    expect(pid).toBeGreaterThan(1);
    await vi.waitFor(() => expect(isRunning(pid)).resolves.toBe(false), { timeout: 15_000 });
  });
});

/** A process that ended and that nobody has asked for yet runs no more. */
async function isRunning(pid: number): Promise<boolean> {
  if (!isProcessAlive(pid)) return false;
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => ') Z');
  return !/\) Z/.test(stat);
}

describe('harmlessEnvironment', () => {
  it('keeps what any program may know, and no key', () => {
    const env = {
      HOME: '/h',
      PATH: '/bin',
      LANG: 'C',
      OPENAI_API_KEY: 'canary',
      SSH_AUTH_SOCK: '/s',
      TZ: ' ',
    };
    expect(harmlessEnvironment(env)).toEqual({ HOME: '/h', PATH: '/bin', LANG: 'C' });
  });
});
