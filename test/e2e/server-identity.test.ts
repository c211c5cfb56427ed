import { spawn } from 'node:child_process';
import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Secret } from '../../src/domain/secret.ts';
import { provesItself } from '../../src/http/proven-server.ts';
import { runCli, startCli } from '../helpers/cli.ts';
import { freePort } from '../helpers/free-port.ts';
import { startRig } from '../helpers/sidecar-rig.ts';

let home: string;
let folder: string;

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'sidecar-identity-'));
  folder = join(home, '.clawdbot/sidecar');
});

afterEach(() => rm(home, { recursive: true, force: true }));

const QUIET = { CLAWDBOT_SKIP_LOCAL_DISCOVERY: '1' };

describe('a server proves itself before anybody sends it the token', () => {
  it('answers a challenge with a digest that only the token makes, and asks for none itself', async () => {
    const rig = await startRig();
    try {
      const challenge = 'a-challenge-of-many-characters-01';
      const { host } = new URL(rig.sidecar.url);
      const response = await fetch(`${rig.sidecar.url}/livez?challenge=${challenge}`);
      const proof = createHmac('sha256', rig.token).update(`livez:${host}:${challenge}`).digest('base64url');
      expect(await response.json()).toEqual({ status: 'ok', proof });
      expect((await fetch(`${rig.sidecar.url}/livez?challenge=short`)).status).toBe(400);
      expect((await fetch(`${rig.sidecar.url}/livez?chalenge=${challenge}`)).status).toBe(400);
    } finally {
      await rig.close();
    }
  });

  it('a stranger at the old address who passes the challenge on to the server does not get the token', async () => {
    const rig = await startRig();
    const heard: string[] = [];
    const stranger = createServer((request, response) => {
      heard.push(`${request.url ?? ''} ${request.headers.authorization ?? ''}`);
      // Everything as the client sent it, the Host of the server in the place of its own.
      void fetch(`${rig.sidecar.url}${request.url ?? ''}`).then(async (answer) => {
        response.writeHead(answer.status, { 'content-type': 'application/json' }).end(await answer.text());
      });
    }).listen(0, '127.0.0.1');
    await once(stranger, 'listening');
    const address = stranger.address();
    const port = address !== null && typeof address === 'object' ? address.port : 0;
    const token = new Secret(rig.token);
    try {
      expect(await provesItself({ url: `http://127.0.0.1:${port}`, token })).toBe(false);
      expect(heard).toHaveLength(1);
      const { port: real } = new URL(rig.sidecar.url);
      for (const host of ['127.0.0.1', 'localhost', 'LocalHost']) {
        expect(await provesItself({ url: `http://${host}:${real}`, token }), host).toBe(true);
      }
    } finally {
      stranger.close();
      stranger.closeAllConnections();
      await rig.close();
    }
  });

  it('status tells nothing to a stranger on the port that an old endpoint.json names', async () => {
    const heard: string[] = [];
    const stranger = createServer((request, response) => {
      heard.push(`${request.url ?? ''} ${request.headers.authorization ?? ''}`);
      response.setHeader('content-type', 'application/json').end('{"status":"ok","proof":"guess"}');
    }).listen(await freePort(), '127.0.0.1');
    await once(stranger, 'listening');
    const address = stranger.address();
    const port = address !== null && typeof address === 'object' ? address.port : 0;
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const old = {
      url: `http://127.0.0.1:${port}`,
      token: 'old-token-0123456789-0123456789',
      pid: 1,
      version: '0',
      startedAt: '',
    };
    await writeFile(join(folder, 'endpoint.json'), JSON.stringify(old), { mode: 0o600 });
    try {
      expect(await runCli(['status'], { home })).toMatchObject({ code: 69 });
    } finally {
      stranger.close();
      stranger.closeAllConnections();
    }
    expect(heard).toHaveLength(1);
    expect(heard.join()).not.toContain('old-token');
  });
});

describe('one server for one state directory', () => {
  it('a second one is refused and leaves the first one’s endpoint.json alone', async () => {
    const first = startCli(['serve', '--port', '0'], { home, env: QUIET });
    await first.until(/Listening/);
    const before = await readFile(join(folder, 'endpoint.json'), 'utf8');
    const second = await runCli(['serve', '--port', '0'], { home, env: QUIET });
    expect(second.code).toBe(69);
    expect(second.stderr).toContain('already serves this state directory');
    expect(await readFile(join(folder, 'endpoint.json'), 'utf8')).toBe(before);
    await first.stop();
  });

  it('a killed one does not stand in the way', async () => {
    const first = startCli(['serve', '--port', '0'], { home, env: QUIET });
    await first.until(/Listening/);
    await first.stop('SIGKILL');
    expect(await readdir(folder)).toContain('endpoint.json');
    const second = startCli(['serve', '--port', '0'], { home, env: QUIET });
    await second.until(/Listening/);
    expect(await second.stop()).toMatchObject({ code: 0 });
  });
});

describe('a reader of the log that goes away', () => {
  it('stops the server, which removes its endpoint.json', async () => {
    const cli = resolve(import.meta.dirname, '../../dist/cli.js');
    const child = spawn(
      'sh',
      ['-c', `"${process.execPath}" "${cli}" serve --port 0 --log-level debug | head -n 1`],
      {
        cwd: home,
        env: { PATH: process.env['PATH'], HOME: home, ...QUIET },
        stdio: 'ignore',
      },
    );
    await once(child, 'exit');
    // The next line that the server logs is the one that nobody reads.
    await mkdir(join(home, '.clawdbot'), { recursive: true });
    await writeFile(
      join(home, '.clawdbot/moltbot.json'),
      '{ agents: { defaults: { model: "nobody/nothing" } } }',
    );
    await vi.waitFor(async () => expect(await readdir(folder)).not.toContain('endpoint.json'), {
      timeout: 10_000,
    });
  });
});

describe('a change while the server starts', () => {
  it('is not lost: what is read before the watch begins is read once more', async () => {
    // A runtime that never answers holds the start up for as long as the probe's deadline.
    const silent = createServer(() => undefined).listen(0, '127.0.0.1');
    await once(silent, 'listening');
    const address = silent.address();
    const port = address !== null && typeof address === 'object' ? address.port : 0;
    const starting = startRig({
      ollamaPort: port,
      files: { 'moltbot.json': { models: { providers: { openai: { apiKey: 'sk-before-0123' } } } } },
      onHome: (stateDir) => {
        setTimeout(() => {
          void writeFile(
            join(stateDir, 'moltbot.json'),
            JSON.stringify({ models: { providers: { openai: { apiKey: 'sk-after-0123' } } } }),
          );
        }, 300);
      },
    });
    const rig = await starting;
    try {
      await vi.waitFor(
        async () =>
          expect((await rig.ask('/v1/resolve?model=openai/gpt-5')).body).toMatchObject({
            auth: { apiKey: 'sk-after-0123' },
          }),
        { timeout: 15_000 },
      );
    } finally {
      await rig.close();
      silent.close();
      silent.closeAllConnections();
    }
  });
});
