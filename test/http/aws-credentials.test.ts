/** The container-credential contract and the `credential_process` form, over ready-made resolutions. */
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { AwsCredentials, ResolutionOutcome } from '../../src/domain/auth.ts';
import { Secret } from '../../src/domain/secret.ts';
import { awsCredentialsResponse, toCredentialProcess } from '../../src/http/aws-credentials.ts';
import { resolve } from '../../src/resolution/resolve.ts';
import { NOW, snapshotOf } from '../helpers/snapshot-fixture.ts';

/** Refs of the resolutions whose keys left. */
const handedOut: string[] = [];

afterEach(() => {
  handedOut.length = 0;
  vi.useRealTimers();
});

async function outcomeOf(
  env: Record<string, string>,
  provider = 'amazon-bedrock',
): Promise<ResolutionOutcome> {
  return resolve(await snapshotOf({ env }), { provider }, NOW);
}

async function answer(outcome: Promise<ResolutionOutcome>): Promise<{ status: number; body: unknown }> {
  const response = await awsCredentialsResponse(
    outcome,
    () => NOW,
    ({ ref }) => handedOut.push(ref),
  );
  return { status: response.status, body: await response.json() };
}

const PAIR = { AWS_ACCESS_KEY_ID: 'AKIA1', AWS_SECRET_ACCESS_KEY: 'canary-secret' };

describe('200: four strings', () => {
  it('keys without an end are issued for twenty minutes, and again after that; no session token is an empty one', async () => {
    expect(await answer(outcomeOf(PAIR))).toEqual({
      status: 200,
      body: {
        AccessKeyId: 'AKIA1',
        SecretAccessKey: 'canary-secret',
        Token: '',
        Expiration: new Date(NOW + 20 * 60_000).toISOString(),
      },
    });
    expect(handedOut).toEqual(['amazon-bedrock']);
  });

  it('temporary keys of the environment', async () => {
    expect(await answer(outcomeOf({ ...PAIR, AWS_SESSION_TOKEN: 'canary-session' }))).toMatchObject({
      body: { Token: 'canary-session' },
    });
  });
});

describe('errors are problem documents "that also have Code and Message"', () => {
  it.each([
    ['a provider that nobody knows', {}, 'nobody', 404, 'unknown-provider', /nobody/],
    ['nothing there', {}, 'amazon-bedrock', 424, 'no-auth', /AWS_ACCESS_KEY_ID/],
    [
      'another kind of key',
      { OPENAI_API_KEY: 'canary-key' },
      'openai',
      424,
      'no-auth',
      /by api-key, not with AWS keys/,
    ],
    [
      'a bearer token',
      { ...PAIR, AWS_BEARER_TOKEN_BEDROCK: 'canary-bearer' },
      'amazon-bedrock',
      424,
      'no-auth',
      /uses the bearer token of env: AWS_BEARER_TOKEN_BEDROCK/,
    ],
  ] as const)('%s', async (_what, env, provider, status, code, words) => {
    const { body, ...rest } = await answer(outcomeOf(env, provider));
    expect(rest.status).toBe(status);
    expect(body).toMatchObject({ status, code, Code: code, Message: expect.stringMatching(words) });
    expect(body).toMatchObject({ detail: expect.stringMatching(words) });
    expect(JSON.stringify(body)).not.toContain('canary');
    expect(handedOut).toEqual([]);
  });

  it('"it answers within a second, always": 503 after 900 ms, whatever the source does', async () => {
    vi.useFakeTimers();
    const pending = answer(new Promise(() => undefined));
    let status = 0;
    void pending.then((response) => {
      status = response.status;
    });
    await vi.advanceTimersByTimeAsync(899);
    expect(status).toBe(0);
    await vi.advanceTimersByTimeAsync(1);
    expect(await pending).toMatchObject({
      status: 503,
      body: { status: 503, Code: 'no-auth', Message: 'The AWS credentials are still being fetched' },
    });
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe('credential_process', () => {
  const keys: AwsCredentials = {
    accessKeyId: 'AKIA1',
    secretAccessKey: new Secret('s'),
    sessionToken: null,
    region: 'eu-west-1',
    expiration: null,
  };

  it('"Version 1", and what there is', () => {
    expect(toCredentialProcess(keys)).toEqual({ Version: 1, AccessKeyId: 'AKIA1', SecretAccessKey: 's' });
    expect(toCredentialProcess({ ...keys, sessionToken: new Secret('t'), expiration: NOW })).toEqual({
      Version: 1,
      AccessKeyId: 'AKIA1',
      SecretAccessKey: 's',
      SessionToken: 't',
      Expiration: new Date(NOW).toISOString(),
    });
  });
});
