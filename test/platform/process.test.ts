/** This process, seen from itself and from outside. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { describe, expect, it, onTestFinished } from 'vitest';
import { isProcessAlive, processEnvironment, programVersion } from '../../src/platform/process.ts';
import { sourceUrl } from './child.ts';

describe('isProcessAlive', () => {
  it('knows this process, a foreign one and one that has ended', async () => {
    const child = spawn(process.execPath, ['--eval', ''], { env: {}, stdio: 'ignore' });
    await once(child, 'exit');
    expect([process.pid, 1, child.pid ?? 0].map(isProcessAlive)).toEqual([true, true, false]);
  });
});

describe('processEnvironment', () => {
  it('is a copy: what changes later changes nothing', () => {
    const env = processEnvironment();
    expect({ ...env }).toEqual({ ...process.env });
    expect(env).not.toBe(process.env);
  });
});

describe('programVersion', () => {
  it('is the version of the package', async () => {
    const manifest: unknown = JSON.parse(
      await readFile(new URL('../../package.json', import.meta.url), 'utf8'),
    );
    expect(manifest).toMatchObject({ version: programVersion() });
  });
});

describe('createStopSignal', () => {
  const WAIT = `
    import { createStopSignal } from ${sourceUrl('platform/process.ts')};
    createStopSignal().signal().addEventListener('abort', () => console.log('aborted'));
    setInterval(() => {}, 1_000);
    console.log('ready');
  `;

  it.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
    // Whoever closed the terminal sees the signal itself.
    ['SIGHUP', null],
  ] as const)('aborts at the first %s; a second one ends the process with %s', async (signal, code) => {
    const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '--eval', WAIT], {
      env: { PATH: process.env['PATH'] },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    onTestFinished(() => {
      child.kill('SIGKILL');
    });
    const printed = child.stdout.setEncoding('utf8');
    expect(await once(printed, 'data')).toEqual(['ready\n']);
    child.kill(signal);
    expect(await once(printed, 'data')).toEqual(['aborted\n']);
    child.kill(signal);
    expect(await once(child, 'exit')).toEqual([code, code === null ? signal : null]);
  });
});

describe('a signal that nobody reads', () => {
  it('ends the process as it does by default', async () => {
    const wait = `
      import { createStopSignal } from ${sourceUrl('platform/process.ts')};
      createStopSignal();
      setInterval(() => {}, 1_000);
      console.log('ready');
    `;
    const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '--eval', wait], {
      env: { PATH: process.env['PATH'] },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    onTestFinished(() => {
      child.kill('SIGKILL');
    });
    await once(child.stdout.setEncoding('utf8'), 'data');
    child.kill('SIGTERM');
    expect(await once(child, 'exit')).toEqual([null, 'SIGTERM']);
  });
});
