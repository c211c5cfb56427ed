/** `request`: what is sent where, what is printed, and which refusals are answered by a new login. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { CommandContext } from '../../src/commands/context.ts';
import { request, type RequestFlags } from '../../src/commands/request.ts';
import { serveLocally } from '../helpers/local-server.ts';
import { tempFolder } from '../platform/temp-folder.ts';

interface Sent {
  readonly method: string | undefined;
  readonly url: string | undefined;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

/** A provider `acme` that answers as it is told, and the command for it. */
async function acme(
  answer: (response: ServerResponse, sent: Sent) => void,
  { key = 'acme-key-0123456789', isTerminal = false }: { key?: string; isTerminal?: boolean } = {},
) {
  const seen: Sent[] = [];
  const url = await serveLocally((message, response) => {
    let body = '';
    message.on('data', (part: Buffer) => (body += part.toString()));
    message.on('end', () => {
      const sent = { method: message.method, url: message.url, headers: message.headers, body };
      seen.push(sent);
      answer(response, sent);
    });
  });
  const home = await tempFolder();
  await mkdir(join(home, '.clawdbot'));
  const provider = { baseUrl: `${url}/v1`, apiKey: key, models: [] };
  await writeFile(
    join(home, '.clawdbot/moltbot.json'),
    JSON.stringify({ models: { providers: { acme: provider } } }),
  );
  const run = async (method: string, path: string, flags: RequestFlags = {}) => {
    let stdout = '';
    let stderr = '';
    const context: CommandContext = {
      env: { CLAWDBOT_SKIP_LOCAL_DISCOVERY: '1' },
      home,
      clock: Date.now,
      print: (text) => void (stdout += text),
      printError: (text) => void (stderr += text),
      stdoutIsTerminal: isTerminal,
      stderrIsTerminal: false,
      stopSignal: new AbortController().signal,
    };
    const code = await request(context, 'acme', method, path, flags);
    return { code, stdout, stderr };
  };
  return { seen, run, url };
}

const json = (status: number, body: unknown) => (response: ServerResponse) =>
  void response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));

describe('request', () => {
  it('sends method, path, data and credential, and prints the body', async () => {
    const { seen, run } = await acme(json(200, { ok: true }));
    expect(await run('post', '/jobs?x=1', { data: '{"a": 1}' })).toEqual({
      code: 0,
      stdout: '{"ok":true}\n',
      stderr: '',
    });
    expect(seen).toMatchObject([
      {
        method: 'POST',
        url: '/v1/jobs?x=1',
        body: '{"a": 1}',
        headers: { authorization: 'Bearer acme-key-0123456789', 'content-type': 'application/json' },
      },
    ]);
  });

  it.each([
    [201, 0],
    [204, 0],
    [301, 1],
    [400, 1],
    [401, 1],
    [403, 1],
    [500, 1],
  ])('status %i ends with exit code %i, and the request is sent once', async (status, code) => {
    const { seen, run } = await acme((response) => void response.writeHead(status).end());
    expect((await run('GET', '/jobs')).code).toBe(code);
    expect(seen).toHaveLength(1);
  });

  it('"redirects not followed": the credential stays where it belongs', async () => {
    const other = await acme(json(200, {}));
    const { run } = await acme((response) => void response.writeHead(302, { location: other.url }).end());
    expect((await run('GET', '/jobs')).code).toBe(1);
    expect(other.seen).toEqual([]);
  });

  it('a path that could leave the provider is not sent', async () => {
    const { seen, run } = await acme(json(200, {}));
    expect(await run('GET', '/../secrets')).toMatchObject({
      code: 64,
      stderr: expect.stringContaining('The path'),
    });
    expect(await run('GET', 'http://evil.example/')).toMatchObject({ code: 64 });
    expect(seen).toEqual([]);
  });

  it.each([
    ['data that is no JSON', 'POST', { data: '{"secret": ' }],
    ['data with GET', 'GET', { data: '{}' }],
    ['a method that is none', 'GE T', {}],
    ['a method that opens tunnels', 'CONNECT', {}],
  ])('%s is refused before anything is sent', async (_name, method, flags) => {
    const { seen, run } = await acme(json(200, {}));
    const ran = await run(method, '/jobs', flags);
    expect(ran).toMatchObject({ code: 64, stdout: '' });
    expect(ran.stderr).not.toContain('secret');
    expect(seen).toEqual([]);
  });

  it('--json prints status and body as one object', async () => {
    const { run } = await acme(json(404, { detail: 'no such job' }));
    const { code, stdout } = await run('GET', '/jobs/1', { json: true });
    expect(code).toBe(1);
    expect(JSON.parse(stdout)).toEqual({
      status: 404,
      contentType: 'application/json',
      body: { detail: 'no such job' },
    });
  });

  it('a provider’s words do not steer the terminal', async () => {
    const { run } = await acme((response) => void response.end('one\ntwo\u001b[2J'), { isTerminal: true });
    expect((await run('GET', '/x')).stdout).toBe(String.raw`one
two\u001b[2J
`);
  });

  it('a server that is away is said in one line', async () => {
    const { run } = await acme((response) => void response.socket?.destroy());
    expect(await run('GET', '/x')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('The request failed'),
    });
  });

  it('without a credential it ends as everywhere', async () => {
    const { run } = await acme(json(200, {}), { key: '' });
    const ran = await run('GET', '/x');
    expect(ran).toMatchObject({ code: 1, stderr: expect.stringContaining('no-auth') });
  });
});
