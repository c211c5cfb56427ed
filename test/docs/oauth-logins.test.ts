/** The blocks about OAuth logins are run with a certified authorization server in the place of the one they name. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { LOGIN_FAILURES } from '../../src/login/oauth/login-outcome.ts';
import { type CliResult, runCli, startCli } from '../helpers/cli.ts';
import { createHttpBrowser, signIn } from '../helpers/http-browser.ts';
import { CLIENTS, startOidcProvider, type TestServer } from '../helpers/oidc-provider.ts';
import { startRig } from '../helpers/sidecar-rig.ts';
import { differences } from './answers.ts';
import { matches } from './output.ts';
import { type Block, blocksOf, codesIn, readPage, tableOf } from './pages.ts';

const ISSUER = 'http://localhost:5001';
const httpApi = readPage('docs/http-api.md');

let home: string;
let server: TestServer;

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'sidecar-doc-oauth-'));
  server = await startOidcProvider();
});
afterEach(async () => {
  await server.close();
  await rm(home, { recursive: true, force: true });
});

const settings = () => ({
  oauth: {
    acme: {
      issuer: server.issuer,
      clientId: CLIENTS.public.client_id,
      scopes: ['openid', 'profile', 'email'],
    },
  },
});

const blockOf = (language: string, about: string): Block => {
  const [block] = blocksOf(readPage('docs/authentication.md'), language)
    .concat(blocksOf(httpApi, language))
    .filter((each) => each.about === about);
  if (block === undefined) throw new Error(`There is no block ${language} ${about}`);
  return block;
};

async function run(args: readonly string[]): Promise<CliResult> {
  if (args[1] !== 'login') return runCli(args, { home });
  const running = startCli(args, { home });
  await running.until(/^\s+http\S+\/auth\?\S+$/m);
  await signIn(createHttpBrowser(), /^\s+(http\S+\/auth\?\S+)$/m.exec(running.stderr())?.[1] ?? '');
  return running.ended();
}

describe('docs/authentication.md', () => {
  it('oauth does what the page shows', async () => {
    await mkdir(join(home, '.clawdbot/sidecar'), { recursive: true, mode: 0o700 });
    await writeFile(join(home, '.clawdbot/sidecar/sidecar.json5'), JSON.stringify(settings()), {
      mode: 0o600,
    });
    // So that a request would get the token, and there is nothing to warn of.
    const acme = { baseUrl: `${server.issuer}/api`, api: 'openai-completions', auth: 'oauth', models: [] };
    await writeFile(
      join(home, '.clawdbot/moltbot.json'),
      JSON.stringify({ models: { providers: { acme } } }),
      { mode: 0o600 },
    );
    const { body } = blockOf('shell-session', 'oauth');
    const [, ...parts] = `\n${body}`.split('\n$ ');
    expect(parts.map((part) => part.split('\n', 1)[0])).toHaveLength(4);
    for (const part of parts) {
      const [command = '', ...expected] = part.split('\n');
      const { stdout, stderr } = await run(command.split(' ').slice(1));
      const shown = `${stderr}${stdout}`.replaceAll(server.issuer, ISSUER);
      if (matches(expected.join('\n'), shown)) continue;
      expect(shown.trimEnd(), command).toBe(expected.join('\n'));
    }
  });
});

describe('docs/http-api.md', () => {
  /** What differs, apart from what no two logins have in common. */
  const compare = (about: string, answered: string): string[] => {
    const { origin } = new URL(ISSUER);
    const alike = (text: string): unknown =>
      JSON.parse(
        text
          .replaceAll(server.issuer, origin)
          .replaceAll(/lg_[\w-]{22}/g, 'lg_id')
          .replaceAll(/\b[A-Z]{4}-[A-Z]{4}\b/g, 'CODE')
          .replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, 'time')
          .replaceAll(/(scope=[^&"]+&)[^"]*/g, '$1…'),
      );
    return differences(alike(blockOf('json', about).body), alike(answered));
  };

  it('a login over HTTP answers as the page shows', async () => {
    const rig = await startRig({
      files: { 'sidecar/sidecar.json5': settings() },
      env: { CLAWDBOT_SKIP_LOCAL_DISCOVERY: '1' },
    });
    try {
      const ask = async (path: string, body?: string): Promise<string> => {
        const response = await fetch(`${rig.sidecar.url}${path}`, {
          method: body === undefined ? 'GET' : 'POST',
          headers: { authorization: `Bearer ${rig.token}`, 'content-type': 'application/json' },
          ...(body === undefined ? {} : { body }),
        });
        return response.text();
      };
      const started = await ask('/v1/logins', blockOf('json', 'POST /v1/logins body').body);
      expect(compare('POST /v1/logins answered', started)).toEqual([]);
      const { loginId }: { loginId: string } = JSON.parse(started);
      expect(compare('GET /v1/logins/:id answered', await ask(`/v1/logins/${loginId}`))).toEqual([]);
      const device = await ask('/v1/logins', '{"provider":"acme","flow":"device"}');
      expect(compare('POST /v1/logins device answered', device)).toEqual([]);
    } finally {
      await rig.close();
    }
  });

  it('every code of a login that failed is in the table', () => {
    const documented = tableOf(httpApi, 'login code', 'meaning').map(([cell = '']) => codesIn(cell)[0]);
    expect(documented).toEqual(Object.keys(LOGIN_FAILURES));
  });
});
