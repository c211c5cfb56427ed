/**
 * `npm run demo:oauth`: the authorization code flow from the first registration to the answer to "Who am I logged in
 * as?", against a real authorization server on this machine, with a plain HTTP client where a person would be.
 */
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { type Machine, runProgram, startProgram } from './program.ts';
import { createHttpBrowser, signIn } from '../test/helpers/http-browser.ts';
import { startOidcProvider, type TestServer } from '../test/helpers/oidc-provider.ts';

const { values: ports } = parseArgs({
  options: {
    port: { type: 'string', default: '5001' },
    'redirect-port': { type: 'string', default: '8000' },
  },
});
const REDIRECT_URI = `http://localhost:${ports['redirect-port']}/auth/redirect`;
const PERSON = 'ada';

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

function step(text: string): void {
  say(`\n== ${text}`);
}

/** Fails the demo where something is not as it should be. */
function expect(isRight: boolean, what: string): void {
  if (!isRight) throw new Error(what);
}

/** Makes the client `test`, as the form of the demo server asks for it (RFC 7591). */
async function registerClient(issuer: string): Promise<{ client_id: string; client_secret: string }> {
  const response = await fetch(`${issuer}/reg`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      client_name: 'test',
      client_uri: 'https://test.com',
      scope: 'openid profile email',
      redirect_uris: [REDIRECT_URI],
      grant_types: ['authorization_code', 'refresh_token'],
      response_types: ['code'],
      token_endpoint_auth_method: 'client_secret_post',
      application_type: 'native',
    }),
  });
  const text = await response.text();
  expect(response.status === 201, `the client was not registered: ${text}`);
  return JSON.parse(text);
}

/** Writes the two files: how to log in, and where the token goes. */
async function configure(home: string, issuer: string): Promise<void> {
  const folder = join(home, '.clawdbot/sidecar');
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const settings = {
    oauth: {
      demo: {
        issuer,
        clientId: '${NAT_OAUTH_CLIENT_ID}',
        clientSecret: '${NAT_OAUTH_CLIENT_SECRET}',
        tokenEndpointAuthMethod: 'client_secret_post',
        scopes: ['openid', 'profile', 'email'],
        redirectUri: REDIRECT_URI,
        userinfo: `${issuer}/api/me`,
      },
    },
  };
  const provider = { baseUrl: `${issuer}/api`, api: 'openai-completions', auth: 'oauth', models: [] };
  await writeFile(join(folder, 'sidecar.json5'), JSON.stringify(settings, null, 2), { mode: 0o600 });
  await writeFile(
    join(home, '.clawdbot/moltbot.json'),
    JSON.stringify({ models: { providers: { demo: provider } } }, null, 2),
    { mode: 0o600 },
  );
}

/** The person: signs up with a name, signs in with it, and allows the client what it asks for. */
async function actAsPerson(address: string): Promise<void> {
  const page = await signIn(createHttpBrowser(), address, { login: PERSON });
  const title = /<title>(.*)<\/title>/.exec(page.text)?.[1] ?? page.text;
  say(`   browser: ${title}`);
  expect(title === 'You are logged in', 'the browser did not end where a login ends');
}

async function command(machine: Machine, ...args: readonly string[]): Promise<string> {
  say(`$ provider-sidecar ${args.join(' ')}`);
  const { code, output } = await runProgram(args, machine);
  say(output.trimEnd());
  expect(code === 0, `it ended with exit code ${code}`);
  return output;
}

async function logInOnCommandLine(machine: Machine): Promise<void> {
  say('$ provider-sidecar oauth login demo --no-browser');
  const running = startProgram(['oauth', 'login', 'demo', '--no-browser'], machine);
  const [, address = ''] = await running.until(/^\s+(http\S+\/auth\?\S+)$/m);
  await actAsPerson(address);
  const { code, output } = await running.ended;
  say(output.trimEnd());
  expect(code === 0, `the login ended with exit code ${code}`);
}

/** A process that is no part of the sidecar: it asks for the token, and uses it. */
async function askAsAgent(sidecar: Sidecar, issuer: string): Promise<void> {
  say('   agent: GET /v1/resolve?provider=demo');
  const { request } = await sidecar.ask<{ request: { headers: Record<string, string> } }>(
    '/v1/resolve?provider=demo',
  );
  say(`   agent: GET ${issuer}/api/me`);
  const response = await fetch(`${issuer}/api/me`, { headers: request.headers });
  const me: { id?: string } = JSON.parse(await response.text());
  say(`   "Who am I logged in as?" – ${me.id}`);
  expect(me.id === PERSON, 'the API knows somebody else');
}

interface Sidecar {
  readonly ask: <T>(path: string, body?: object) => Promise<T>;
  readonly stop: () => Promise<unknown>;
}

/** Starts the server, and finds it as any program of this user does: by `endpoint.json`. */
async function serve(machine: Machine): Promise<Sidecar> {
  say('$ provider-sidecar serve');
  const running = startProgram(['serve', '--port', '0'], machine);
  await running.until(/Listening on http/);
  const { url, token }: { url: string; token: string } = JSON.parse(
    await readFile(join(machine.home, '.clawdbot/sidecar/endpoint.json'), 'utf8'),
  );
  return {
    ask: async (path, body) => {
      const response = await fetch(`${url}${path}`, {
        method: body === undefined ? 'GET' : 'POST',
        headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      const text = await response.text();
      expect(response.ok, `${path} answered ${response.status}: ${text}`);
      return JSON.parse(text);
    },
    stop: () => running.stop(),
  };
}

async function logInOverHttp(sidecar: Sidecar): Promise<void> {
  say('   agent: POST /v1/logins {"provider": "demo"}');
  const { loginId, authorizationUrl } = await sidecar.ask<{ loginId: string; authorizationUrl: string }>(
    '/v1/logins',
    { provider: 'demo' },
  );
  await actAsPerson(authorizationUrl);
  for (let turn = 0; turn < 100; turn += 1) {
    const { state } = await sidecar.ask<{ state: string }>(`/v1/logins/${loginId}`);
    if (state === 'complete') return say(`   agent: the login is ${state}`);
    expect(state === 'pending', `the login is ${state}`);
  }
  throw new Error('the login does not end');
}

async function run(server: TestServer, home: string): Promise<void> {
  const { issuer } = server;
  step(`An authorization server on ${issuer}, and its client "test"`);
  const client = await registerClient(issuer);
  say(`   registered "test": client id ${client.client_id}`);
  await configure(home, issuer);
  const machine: Machine = {
    home,
    env: {
      CLAWDBOT_SKIP_LOCAL_DISCOVERY: '1',
      NAT_OAUTH_CLIENT_ID: client.client_id,
      NAT_OAUTH_CLIENT_SECRET: client.client_secret,
    },
  };

  step('Log in on the command line');
  await logInOnCommandLine(machine);
  await command(machine, 'oauth', 'status');

  step('Who am I logged in as?');
  const answer = await command(machine, 'oauth', 'whoami', 'demo');
  expect(answer.includes(`"${PERSON}"`), 'whoami tells another name');

  step('The same, asked by an agent that gets the token from the sidecar');
  const sidecar = await serve(machine);
  try {
    await askAsAgent(sidecar, issuer);

    step('Log out; the agent launches the next login by itself');
    await command(machine, 'oauth', 'logout', 'demo');
    await logInOverHttp(sidecar);
    await askAsAgent(sidecar, issuer);
  } finally {
    await sidecar.stop();
  }
}

const home = await mkdtemp(join(tmpdir(), 'provider-sidecar-demo-'));
try {
  const server = await startOidcProvider({
    port: Number(ports.port),
    host: 'localhost',
    registration: true,
    clients: [],
  });
  try {
    await run(server, home);
    say('\nDone.');
  } finally {
    await server.close();
  }
} catch (error) {
  process.stderr.write(`\nThe demo failed: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
} finally {
  await rm(home, { recursive: true, force: true });
}
