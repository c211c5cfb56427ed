/** `request --data -`: what is piped in is sent whole, or nothing is sent. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { serveLocally } from '../helpers/local-server.ts';
import { runPiped } from '../helpers/piped-cli.ts';
import { tempFolder } from '../platform/temp-folder.ts';

/** The program in a home with a provider `acme`, and the bodies that the provider got. */
async function acme() {
  const bodies: string[] = [];
  const url = await serveLocally((message, response) => {
    let body = '';
    message.on('data', (part: Buffer) => (body += part.toString()));
    message.on('end', () => {
      bodies.push(body);
      response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
    });
  });
  const home = await tempFolder();
  await mkdir(join(home, '.clawdbot'));
  const provider = { baseUrl: `${url}/v1`, apiKey: 'acme-key-0123456789', models: [] };
  await writeFile(
    join(home, '.clawdbot/moltbot.json'),
    JSON.stringify({ models: { providers: { acme: provider } } }),
  );
  const send = (input: string) =>
    runPiped(['request', 'acme', 'POST', '/jobs', '--data', '-'], input, {
      home,
      env: { CLAWDBOT_SKIP_LOCAL_DISCOVERY: '1' },
    });
  return { bodies, send };
}

describe('request --data -', () => {
  it('sends up to 65536 characters as they are', async () => {
    const { bodies, send } = await acme();
    const most = JSON.stringify('x'.repeat(65_534));
    expect(await send(most)).toMatchObject({ code: 0 });
    expect(bodies).toEqual([most]);
  });

  it('refuses more in words of its own, also where the first 65536 characters are JSON by themselves', async () => {
    const { bodies, send } = await acme();
    const result = await send('1'.repeat(65_537));
    expect(result).toMatchObject({ code: 64, stdout: '' });
    expect(result.stderr).toContain('bad-request: Standard input holds more than 65536 characters');
    expect(bodies).toEqual([]);
  });

  it('says of other text that it is not JSON, and does not show it', async () => {
    const { bodies, send } = await acme();
    const result = await send('{"secret": ');
    expect(result).toMatchObject({ code: 64, stdout: '' });
    expect(result.stderr).toMatch(/^bad-request: The data is not JSON$/m);
    expect(result.stderr).not.toContain('secret');
    expect(bodies).toEqual([]);
  });
});
