/** A program that is looked at: its end is its own, whatever it leaves running. */
import { expect, it, onTestFinished } from 'vitest';
import { type ObservedProgram, startObserved } from '../../src/platform/observed-program.ts';

const PATIENCE_MS = 15_000;

/** Runs a line of a shell that prints the id of what it starts, and ends that after the test. */
async function startFamily(line: string): Promise<ObservedProgram> {
  const program = startObserved({
    command: '/bin/sh',
    args: ['-c', line],
    env: { PATH: '/usr/bin:/bin' },
    cwd: '/',
  });
  const found = await program.until(/child (\d+)\n/, PATIENCE_MS);
  const child = Number(found?.[1]);
  onTestFinished(() => void process.kill(child, 'SIGKILL'));
  return program;
}

it('one that is stopped has ended, also while a child of it holds its output open', async () => {
  const program = await startFamily('sleep 1000 & echo child $!; wait');
  expect(await program.stop()).toBeNull();
});

it('one that ends by itself has ended, with its exit code and all that it printed', async () => {
  const program = await startFamily('sleep 1000 & echo child $!; echo last words >&2; exit 3');
  expect(await program.ended).toBe(3);
  expect(program.stderr()).toBe('last words\n');
  expect(await program.until(/never/, PATIENCE_MS)).toBeUndefined();
  expect(await program.stop()).toBe(3);
});

it('one that cannot be started has ended', async () => {
  const program = startObserved({ command: '/nowhere/at-all', args: [], env: {}, cwd: '/' });
  expect(await program.ended).toBeNull();
});
