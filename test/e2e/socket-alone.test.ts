/** A server on a Unix socket alone, found by `endpoint.json`. */
import { once } from 'node:events';
import { lstat, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type RunningCli, runCli, startCli } from '../helpers/cli.ts';

let home: string;
let path: string;
const env = { CLAWDBOT_SKIP_LOCAL_DISCOVERY: '1' };

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'sidecar-socket-'));
  path = join(home, '.clawdbot/sidecar/sidecar.sock');
});

afterEach(() => rm(home, { recursive: true, force: true }));

async function serve(): Promise<RunningCli> {
  const server = startCli(['serve', '--port', 'none', '--socket', path], { home, env });
  await server.until(/Listening/);
  return server;
}

function ask(target: string, headers: Record<string, string> = {}): Promise<number> {
  return new Promise((resolve, reject) => {
    request({ socketPath: path, path: target, headers }, (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    })
      .on('error', reject)
      .end();
  });
}

describe('"--socket … instead of" the port', () => {
  it('listens nowhere else, 0600 in a 0700 folder, with the guard and its own Host', async () => {
    const server = await serve();
    expect(server.stdout()).not.toContain('127.0.0.1');
    expect((await lstat(path)).mode & 0o777).toBe(0o600);
    expect((await lstat(join(path, '..'))).mode & 0o777).toBe(0o700);
    const endpoint: Record<string, string> = JSON.parse(
      await readFile(join(home, '.clawdbot/sidecar/endpoint.json'), 'utf8'),
    );
    expect(endpoint).toMatchObject({ url: `unix://${path}`, socket: path });
    const authorization = `Bearer ${endpoint['token'] ?? ''}`;
    expect(await ask('/livez')).toBe(200);
    expect(await ask('/v1/models')).toBe(401);
    expect(await ask('/v1/models', { authorization })).toBe(200);
    expect(await ask('/v1/models', { authorization, host: '127.0.0.1:18780' })).toBe(403);
    expect(await ask('/v1/models', { authorization, origin: 'null' })).toBe(403);
    await server.stop();
    await expect(lstat(path)).rejects.toThrow('ENOENT');
  });

  it('status, token and exec find it', async () => {
    const server = await serve();
    expect(await runCli(['status'], { home })).toMatchObject({
      stdout: expect.stringContaining(`Running: unix://${path}`),
    });
    const ran = await runCli(
      ['exec', '--providers', 'amazon-bedrock', '--', 'sh', '-c', 'env; provider() { :; }'],
      { home },
    );
    expect(ran.stdout).toContain(`PROVIDER_SIDECAR_URL=unix://${path}\n`);
    expect(ran.stdout).not.toContain('AWS_CONTAINER');
    expect(ran.stderr).toContain('AWS variables are left out');
    expect(await runCli(['token', 'rotate'], { home })).toMatchObject({ code: 0 });
    await server.stop();
  });

  it('a second server of the state directory is refused', async () => {
    const server = await serve();
    const second = await runCli(['serve', '--port', '0'], { home, env });
    expect(second).toMatchObject({ code: 69, stderr: expect.stringContaining('already serves') });
    await server.stop();
  });

  it('a killed one leaves a socket that the next one takes over', async () => {
    await (await serve()).stop('SIGKILL');
    expect((await lstat(path)).isSocket()).toBe(true);
    const next = await serve();
    expect(await next.stop()).toMatchObject({ code: 0 });
  });

  it('a socket that somebody answers, and what is no socket, stay untouched', async () => {
    await mkdir(join(path, '..'), { recursive: true, mode: 0o700 });
    const other = createServer().listen(path);
    await once(other, 'listening');
    const refused = { code: 69, stderr: expect.stringContaining('address-in-use') };
    expect(await runCli(['serve', '--port', 'none', '--socket', path], { home, env })).toMatchObject(refused);
    expect((await lstat(path)).isSocket()).toBe(true);
    other.close();
    await once(other, 'close');
    await writeFile(path, 'a file of somebody', { mode: 0o600 });
    expect(await runCli(['serve', '--port', 'none', '--socket', path], { home, env })).toMatchObject(refused);
    expect(await readFile(path, 'utf8')).toBe('a file of somebody');
  });

  it('no port and no socket is nothing to listen on', async () => {
    expect(await runCli(['serve', '--port', 'none'], { home, env })).toMatchObject({
      code: 78,
      stderr: expect.stringContaining('no Unix socket is set'),
    });
  });
});
