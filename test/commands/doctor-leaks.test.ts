/** `doctor --leaks` where it cannot begin. What it finds is tested with the built program. */
import { Server } from 'node:net';
import { expect, it, onTestFinished, vi } from 'vitest';
import { doctorLeaks } from '../../src/commands/doctor-leaks.ts';

it('says that nothing can be listened on, and gives no advice about folders', async () => {
  const listen = vi.spyOn(Server.prototype, 'listen').mockImplementation(function fail(this: Server) {
    queueMicrotask(() => this.emit('error', Object.assign(new Error('full'), { code: 'EMFILE' })));
    return this;
  });
  onTestFinished(() => listen.mockRestore());
  const said: string[] = [];
  const context = {
    env: {},
    home: '/nowhere',
    clock: Date.now,
    print: () => undefined,
    printError: (text: string) => void said.push(text),
    stdoutIsTerminal: false,
    stderrIsTerminal: false,
    stopSignal: new AbortController().signal,
  };
  expect(await doctorLeaks(context, false)).toBe(73);
  expect(said.join('')).toBe(
    'cannot-write: No scratch machine can be made: Cannot listen on "127.0.0.1" port 0 (EMFILE)\n',
  );
});
