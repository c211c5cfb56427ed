/** `env` at a server that goes away: no token is left behind that nobody has the text of. */
import { readFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { env } from '../../src/commands/env.ts';
import { Secret } from '../../src/domain/secret.ts';
import { writeEndpointFile } from '../../src/platform/endpoint-file.ts';
import { findPaths } from '../../src/platform/paths.ts';
import { type Played, startPlayedServer } from '../client/played-server.ts';
import { tempFolder } from '../platform/temp-folder.ts';

it.each<[string, Played]>([
  ['breaks the connection', 'reset'],
  ['cannot read the file', { status: 500, body: {} }],
])(
  'a server that %s once the token is stored: exit code 69, and the token is taken back',
  async (_what, last) => {
    const server = await startPlayedServer([{ status: 200, body: { providers: [] } }, last]);
    const home = await tempFolder();
    const paths = findPaths({}, home);
    await writeEndpointFile(paths.endpoint, {
      url: server.url,
      token: new Secret(server.token),
      pid: 1,
      version: '1',
      startedAt: '2026-01-01T00:00:00.000Z',
    });
    const said = { out: '', error: '' };
    const code = await env(
      {
        env: {},
        home,
        clock: Date.now,
        print: (text) => (said.out += text),
        printError: (text) => (said.error += text),
        stdoutIsTerminal: false,
        stderrIsTerminal: false,
        stopSignal: new AbortController().signal,
      },
      {},
    );
    expect({ code, out: said.out }).toEqual({ code: 69, out: '' });
    expect(said.error).toContain('not-running');
    expect(server.asked).toHaveLength(2);
    expect(JSON.parse(await readFile(paths.tokens, 'utf8'))).toMatchObject({ tokens: [] });
  },
);
