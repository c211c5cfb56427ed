/** A presigned proof: what it proves, to whom, and what happens to one that was tampered with. */
import { describe, expect, it } from 'vitest';
import { reconstruct } from '../../../fixtures/gpu-dev-api/presigned-proof.ts';
import { IDENTITIES } from '../../../fixtures/gpu-dev-api/start.ts';
import { PROOF_PREFIX, presignIdentity } from '../../../src/credentials/exchange/presigned-identity.ts';
import { Secret } from '../../../src/domain/secret.ts';
import { exchangeRig } from './rig.ts';

const SERVER = 'gpu.example.com';
const NOW = Date.UTC(2026, 0, 1);
const { john } = IDENTITIES;

const proofOf = async (serverId = SERVER, region = 'us-east-1', now = NOW): Promise<string> => {
  const keys = {
    accessKeyId: john.accessKeyId,
    secretAccessKey: new Secret(john.secretAccessKey),
    sessionToken: new Secret(john.sessionToken ?? ''),
    region: null,
    expiration: null,
  };
  return (await presignIdentity({ keys, region, serverId }, now)).reveal();
};

const urlIn = (proof: string): string =>
  Buffer.from(proof.slice(PROOF_PREFIX.length), 'base64url').toString('utf8');
const proofFrom = (url: string): string => `${PROOF_PREFIX}${Buffer.from(url).toString('base64url')}`;

const settings = (url: string, serverId: string) => ({
  farm: { url, proof: 'presigned', serverId } as const,
});

describe('proof: "presigned"', () => {
  it('gets a key, and no AWS secret leaves this machine', async () => {
    const { api, make, env, time } = await exchangeRig({ serverId: SERVER });
    const keys = make(settings(api.url, SERVER));
    expect(await keys.resolve({ providerId: 'farm', env }, time.now)).toMatchObject({ kind: 'key' });
    const sent = api.bodies.join('');
    expect(sent).not.toContain(john.secretAccessKey);
    expect(Object.keys(JSON.parse(sent))).toEqual(['aws_identity_proof']);
  });

  it('"bound to the server’s id": a proof for another server is worth nothing here', async () => {
    const { api, make, env } = await exchangeRig({ serverId: SERVER });
    const outcome = await make(settings(api.url, 'other.example.com')).login({ providerId: 'farm', env });
    expect(outcome).toMatchObject({
      reason: 'unauthorized',
      detail: expect.stringContaining('AWS signature verification failed'),
    });
  });

  it('works with the STS of another region', async () => {
    const { api, make, env } = await exchangeRig({ serverId: SERVER });
    const keys = make(settings(api.url, SERVER));
    const outcome = await keys.login({ providerId: 'farm', env: { ...env, AWS_REGION: 'eu-central-1' } });
    expect(outcome).toMatchObject({ kind: 'key' });
  });

  it('lives a minute, well under the 900 seconds that STS allows, and at most 4 KiB long', async () => {
    const proof = await proofOf();
    expect(new URL(urlIn(proof)).searchParams.get('X-Amz-Expires')).toBe('60');
    expect(proof.length).toBeLessThan(4096);
  });
});

describe('"reconstruct, do not validate"', () => {
  const change = (from: string | RegExp, to: string) => async (): Promise<string> => {
    const url = urlIn(await proofOf());
    const changed = url.replace(from, to);
    expect(changed).not.toBe(url);
    return proofFrom(changed);
  };
  const BAD: readonly (readonly [name: string, make: () => Promise<string>, reason: string])[] = [
    ['another host', change('sts.us-east-1.amazonaws.com', 'sts.evil.example'), 'another host'],
    [
      'a host that ends alike',
      change('sts.us-east-1.amazonaws.com', 'sts.us-east-1.amazonaws.com.evil.example'),
      'another host',
    ],
    [
      'a user before the host',
      change('https://', 'https://sts.us-east-1.amazonaws.com@evil.example/?'),
      'another host',
    ],
    ['a port', change('amazonaws.com/', 'amazonaws.com:8443/'), 'another host'],
    ['no TLS', change('https:', 'http:'), 'another host'],
    ['a path', change('/?', '/x?'), 'another host'],
    ['a fragment', change(/$/, '#x'), 'another X-Amz-Signature'],
    ['another action', change('GetCallerIdentity', 'GetSessionToken'), 'another Action'],
    ['a second action', change('Action=', 'Action=GetSessionToken&Action='), 'another Action'],
    ['the same action twice', change('Action=', 'Action=GetCallerIdentity&Action='), 'twice'],
    ['the same name in another case', change('Action=', 'action=x&Action='), 'may not have'],
    ['an encoded name', change('Action=', '%41ction=GetCallerIdentity&Action='), 'twice'],
    ['a parameter that STS does not ask for', change('Action=', 'DurationSeconds=9&Action='), 'may not have'],
    ['a name of every object', change('Action=', '__proto__=x&Action='), 'may not have'],
    ['no action', change('Action=GetCallerIdentity&', ''), 'has no Action'],
    ['other signed headers', change('host%3Bx-sidecar-server-id', 'host'), 'another X-Amz-SignedHeaders'],
    ['another service', change('%2Fsts%2F', '%2Fs3%2F'), 'another X-Amz-Credential'],
    ['another region than the host', change('%2Fus-east-1%2F', '%2Fus-west-2%2F'), 'another region'],
    ['a longer life', change('X-Amz-Expires=60', 'X-Amz-Expires=901'), 'lives too long'],
    ['no life', change('X-Amz-Expires=60', 'X-Amz-Expires=0'), 'another X-Amz-Expires'],
    ['a value that is no encoding', change('X-Amz-Expires=60', 'X-Amz-Expires=%zz'), 'another X-Amz-Expires'],
    ['another prefix', async () => (await proofOf()).replace('sidecar-', 'k8s-'), 'another form'],
    ['more than 4 KiB', async () => `${await proofOf()}${'A'.repeat(4096)}`, 'too long'],
    ['a proof that has expired', () => proofOf(SERVER, 'us-east-1', NOW - 61_000), 'expired'],
    ['a proof of tomorrow', () => proofOf(SERVER, 'us-east-1', NOW + 24 * 3_600_000), 'expired'],
  ];

  it.each(BAD)('%s', async (_name, make, reason) => {
    const proof = await make();
    expect(reconstruct(proof, SERVER, NOW)).toMatchObject({
      kind: 'refused',
      reason: expect.stringContaining(reason),
    });
  });

  it.each(BAD.slice(0, 6))(
    'over HTTP nobody is asked, and the answer shows no URL: %s',
    async (_name, make) => {
      const { api } = await exchangeRig({ serverId: SERVER });
      const answer = await fetch(`${api.url}/v1/auth/aws-login`, {
        method: 'POST',
        body: JSON.stringify({ aws_identity_proof: await make() }),
      });
      expect(answer.status).toBe(401);
      expect(await answer.text()).not.toMatch(/amazonaws|evil|X-Amz/);
      expect(api.counts.issued).toBe(0);
    },
  );

  it('a changed signature, and a longer life than was signed, are refused by STS', async () => {
    const { api } = await exchangeRig({ serverId: SERVER });
    const url = urlIn(await proofOf());
    for (const changed of [
      url.replace(/Signature=../, 'Signature=00'),
      url.replace('X-Amz-Expires=60', 'X-Amz-Expires=900'),
    ]) {
      const body = JSON.stringify({ aws_identity_proof: proofFrom(changed) });
      const answer = await fetch(`${api.url}/v1/auth/aws-login`, { method: 'POST', body });
      expect([answer.status, await answer.text()]).toEqual([401, expect.stringContaining('signature')]);
    }
  });

  it('an API that takes keys alone takes no proof', async () => {
    const { api } = await exchangeRig();
    const body = JSON.stringify({ aws_identity_proof: await proofOf() });
    const answer = await fetch(`${api.url}/v1/auth/aws-login`, { method: 'POST', body });
    expect(answer.status).toBe(422);
  });
});
