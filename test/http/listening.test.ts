/** Binding and closing a real server. */
import { once } from 'node:events';
import { describe, expect, it, vi } from 'vitest';
import { createAccessRules } from '../../src/http/access.ts';
import { close, listen } from '../../src/http/listening.ts';
import { createGuardedServer } from '../../src/http/node-server.ts';
import { silentLogger } from '../../src/platform/logger.ts';
import { onlyCaller } from '../helpers/callers.ts';
import { head, openSocket, readToEnd, sendRaw } from '../helpers/raw-http.ts';
import { start, TOKEN } from './guarded-server.ts';

describe('listen and close', () => {
  const quiet = { fetch: () => new Response(null), log: silentLogger };
  const rules = createAccessRules({ allowedHosts: ['x'], ...onlyCaller(TOKEN), openPaths: [] });
  const make = () => createGuardedServer({ ...quiet, rules: () => rules });

  it('"port busy": rejects with `address-in-use` and says what to do', async () => {
    const { port } = await start();
    const second = make();
    const failure = listen(second, { host: '127.0.0.1', port });
    await expect(failure).rejects.toMatchObject({
      code: 'address-in-use',
      hints: [expect.stringContaining('provider-sidecar status'), expect.stringContaining('--port')],
    });
    expect(second.listening).toBe(false);
  });

  it.each([
    ['127.0.0.1', 65_536],
    ['192.0.2.1', 0],
    ['\u001b[31m.invalid', 0],
  ])('%j port %d rejects with `config-invalid`, quoted', async (host, port) => {
    const failure = listen(make(), { host, port });
    await expect(failure).rejects.toMatchObject({ code: 'config-invalid' });
    await expect(failure).rejects.not.toThrow('\u001b');
  });

  it('close ends idle connections at once and lets an answer finish', async () => {
    const answers: ((answer: Response) => void)[] = [];
    const fetch = vi.fn(() => new Promise<Response>((resolve) => void answers.push(resolve)));
    const server = createGuardedServer({ ...quiet, fetch, rules: () => current });
    const { port } = await listen(server, { host: '127.0.0.1', port: 0 });
    const current = createAccessRules({
      allowedHosts: [`127.0.0.1:${port}`],
      ...onlyCaller(TOKEN),
      openPaths: ['/livez'],
    });
    const busy = sendRaw(port, head('GET /livez HTTP/1.1', `Host: 127.0.0.1:${port}`, 'Connection: close'));
    await vi.waitFor(() => expect(fetch).toHaveBeenCalledOnce(), 15_000);
    const idle = await openSocket(port);
    const idleEnd = readToEnd(idle);
    idle.write(head('GET / HTTP/1.1', `Host: 127.0.0.1:${port}`, `Authorization: Bearer ${TOKEN}`));
    await vi.waitFor(() => expect(fetch).toHaveBeenCalledTimes(2), 15_000);
    answers[1]?.(new Response('kept alive'));
    await once(idle, 'data');

    const closing = close(server, 60_000);
    expect((await idleEnd).body).toBe('kept alive');
    answers[0]?.(new Response('done'));
    expect((await busy).body).toBe('done');
    await closing;
    expect(server.listening).toBe(false);
  });

  it('close ends a connection on which nothing was ever sent at once', async () => {
    const server = make();
    const { port } = await listen(server, { host: '127.0.0.1', port: 0 });
    const accepted = once(server, 'connection');
    const silent = await openSocket(port);
    await accepted;
    const silentEnd = readToEnd(silent);
    const closing = close(server, 60_000);
    expect((await silentEnd).text).toBe('');
    await closing;
    expect(server.listening).toBe(false);
  });

  it('close ends what does not end by itself after the grace, and twice is fine', async () => {
    const server = make();
    const { port } = await listen(server, { host: '127.0.0.1', port: 0 });
    const socket = await openSocket(port);
    const end = readToEnd(socket);
    socket.write('GET / HTTP/1.1\r\n');
    await close(server, 10);
    expect((await end).text).toBe('');
    await close(server, 10);
  });
});
