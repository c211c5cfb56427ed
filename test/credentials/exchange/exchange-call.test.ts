/** The request to the API, and every answer that is none. */
import type { RequestListener } from 'node:http';
import { describe, expect, it } from 'vitest';
import { awsVariables, IDENTITIES } from '../../../fixtures/gpu-dev-api/start.ts';
import { serveLocally } from '../../helpers/local-server.ts';
import { exchangeRig, storedKey } from './rig.ts';

const DAY = 24 * 3_600_000;
const { john } = IDENTITIES;

const json =
  (status: number, body: unknown): RequestListener =>
  (_request, response) =>
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));

/** What a login at such an API comes to. */
async function loginAt(listener: RequestListener) {
  const rig = await exchangeRig();
  const url = await serveLocally(listener);
  const outcome = await rig
    .make()
    .login({ providerId: 'gpu-dev', env: { ...rig.env, GPU_DEV_API_URL: url } });
  return { rig, url, outcome };
}

describe('"body and answer as in the seed"', () => {
  it('the body has the three fields, and null for a token that there is not', async () => {
    const { api, make, env } = await exchangeRig();
    await make().login({ providerId: 'gpu-dev', env });
    await make().login({ providerId: 'gpu-dev', env: { ...env, AWS_SESSION_TOKEN: '' } });
    expect(api.bodies.map((body): unknown => JSON.parse(body))).toEqual([
      {
        aws_access_key_id: john.accessKeyId,
        aws_secret_access_key: john.secretAccessKey,
        aws_session_token: john.sessionToken,
      },
      {
        aws_access_key_id: john.accessKeyId,
        aws_secret_access_key: john.secretAccessKey,
        aws_session_token: null,
      },
    ]);
  });

  it('role refused, wrong account with the right role name refused, bad signature refused', async () => {
    const { make, env } = await exchangeRig();
    const attempt = (variables: Readonly<Record<string, string>>) =>
      make().login({ providerId: 'gpu-dev', env: { ...env, ...variables } });
    expect(await attempt(awsVariables(IDENTITIES.mallory))).toMatchObject({
      reason: 'forbidden',
      detail: expect.stringContaining('got: ReadOnly of account 123456789012'),
    });
    expect(await attempt(awsVariables(IDENTITIES.trudy))).toMatchObject({
      reason: 'forbidden',
      detail: expect.stringContaining('of account 999999999999'),
    });
    expect(await attempt({ AWS_SECRET_ACCESS_KEY: 'x'.repeat(40) })).toMatchObject({
      reason: 'unauthorized',
      detail: expect.stringContaining('AWS signature verification failed'),
    });
    expect(await attempt({ AWS_ACCESS_KEY_ID: 'AKIANOBODY0000000' })).toMatchObject({
      reason: 'unauthorized',
      detail: expect.stringContaining('Invalid AWS credentials'),
    });
  });

  it('a disabled user stays out: a login brings nobody back', async () => {
    const { api, make, env } = await exchangeRig();
    api.disable('john');
    expect(await make().login({ providerId: 'gpu-dev', env })).toMatchObject({ reason: 'forbidden' });
  });
});

describe('answers that are none', () => {
  it.each<[name: string, listener: RequestListener, reason: string, detail: string]>([
    ['a page', (_request, response) => response.end('<html>'), 'malformed', 'something else than a key'],
    ['JSON of another kind', json(200, { token: 'x' }), 'malformed', 'no usable api_key'],
    [
      'a key with a line break',
      json(200, storedKey(Date.UTC(2026, 0, 2), { api_key: 'a\nb' })),
      'malformed',
      'api_key',
    ],
    ['a key that has expired', json(200, storedKey(Date.UTC(2025, 0, 1))), 'malformed', 'check the clock'],
    ['a key for ever', json(200, storedKey(Date.UTC(2099, 0, 1))), 'malformed', 'too far ahead'],
    ['an error', json(500, { detail: 'oops' }), 'in-trouble', '"oops" (status 500)'],
    [
      'an error that steers the terminal',
      json(500, { detail: '\u001b[2J' }),
      'in-trouble',
      String.raw`"\u001b[2J"`,
    ],
    [
      'a body without end',
      (_request, response) => void response.end('x'.repeat(200_000)),
      'malformed',
      'key',
    ],
    [
      'a connection that breaks',
      (request) => void request.socket.destroy(),
      'unreachable',
      'cannot be reached',
    ],
  ])('%s', async (_name, listener, reason, detail) => {
    const { outcome } = await loginAt(listener);
    expect(outcome).toMatchObject({ kind: 'failed', reason, detail: expect.stringContaining(detail) });
  });

  it('a redirect is never followed: the keys stay where they were sent', async () => {
    let elsewhere = 0;
    const other = await serveLocally((_request, response) => {
      elsewhere += 1;
      response.end();
    });
    const { outcome } = await loginAt((_request, response) =>
      response.writeHead(307, { location: `${other}/v1/auth/aws-login` }).end(),
    );
    expect(outcome).toMatchObject({ kind: 'failed', detail: expect.stringContaining('status 307') });
    expect(elsewhere).toBe(0);
  });

  it('an API that repeats what it was sent gives nothing away', async () => {
    const { outcome, rig } = await loginAt((request, response) => {
      let text = '';
      request.on('data', (part: Buffer) => (text += part.toString()));
      request.on('end', () => {
        response.writeHead(400, { 'content-type': 'application/json' });
        response.end(JSON.stringify({ detail: text }));
      });
    });
    const said = JSON.stringify(outcome);
    expect(said).toContain('[secret]');
    expect(said).not.toContain(john.accessKeyId);
    expect(said).not.toContain(john.secretAccessKey);
    expect(said).not.toContain(john.sessionToken);
    expect(rig.secrets).toEqual(expect.arrayContaining([john.secretAccessKey, john.sessionToken]));
  });
});

describe('addresses', () => {
  it.each([
    ['http://api.example.com', 'must be an https URL'],
    ['ftp://127.0.0.1', 'must be an https URL'],
    ['https://user:pass@api.example.com', 'must not hold a user name'],
    ['not a url', 'must be an https URL'],
  ])('"HTTPS only, except loopback": %s', async (url, message) => {
    const { make, env, time } = await exchangeRig();
    const request = { providerId: 'gpu-dev', env: { ...env, GPU_DEV_API_URL: url } };
    const expected = { kind: 'failed', detail: expect.stringContaining(`GPU_DEV_API_URL ${message}`) };
    expect(await make().login(request)).toMatchObject(expected);
    expect(await make().resolve(request, time.now)).toMatchObject({ kind: 'failed' });
  });

  it('the path of the address stays in front', async () => {
    const paths: (string | undefined)[] = [];
    const url = await serveLocally((request, response) => {
      paths.push(request.url);
      response.end(JSON.stringify(storedKey(Date.UTC(2026, 0, 1) + DAY)));
    });
    const { make, env } = await exchangeRig();
    await make().login({ providerId: 'gpu-dev', env: { ...env, GPU_DEV_API_URL: `${url}/gpu/` } });
    expect(paths).toEqual(['/gpu/v1/auth/aws-login']);
  });
});
