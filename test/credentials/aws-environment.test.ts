/** AWS credentials in the environment: the order, the halves of a pair, and what is not looked at. */
import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { lookUpAwsEnvironment } from '../../src/credentials/aws-environment.ts';

const PAIR = { AWS_ACCESS_KEY_ID: 'AKIACANARY', AWS_SECRET_ACCESS_KEY: 'canary/secret+1' };

describe('lookUpAwsEnvironment', () => {
  it('looks at "AWS_BEARER_TOKEN_BEDROCK > AWS_ACCESS_KEY_ID + AWS_SECRET_ACCESS_KEY"', () => {
    const places = lookUpAwsEnvironment({
      ...PAIR,
      AWS_BEARER_TOKEN_BEDROCK: 'bearer-1',
      AWS_REGION: 'eu-west-1',
    });
    expect(places.map(({ kind, source }) => [kind, source])).toEqual([
      ['bearer', 'env: AWS_BEARER_TOKEN_BEDROCK'],
      ['keys', 'env: AWS_ACCESS_KEY_ID + AWS_SECRET_ACCESS_KEY'],
    ]);
    expect(places[0]).toMatchObject({ region: 'eu-west-1' });
  });

  it('names both places when nothing is set', () => {
    expect(lookUpAwsEnvironment({ AWS_ACCESS_KEY_ID: ' ' })).toEqual([
      { kind: 'unset', source: 'env: AWS_BEARER_TOKEN_BEDROCK' },
      { kind: 'unset', source: 'env: AWS_ACCESS_KEY_ID + AWS_SECRET_ACCESS_KEY' },
    ]);
  });

  it('reads the pair with its session token, trimmed, and AWS_REGION before AWS_DEFAULT_REGION', () => {
    const env = { ...PAIR, AWS_SESSION_TOKEN: ' session ', AWS_DEFAULT_REGION: 'us-east-1' };
    const pair = lookUpAwsEnvironment(env)[1];
    if (pair?.kind !== 'keys') throw new Error('expected keys');
    expect(pair.keys.accessKeyId).toBe('AKIACANARY');
    expect(pair.keys.secretAccessKey.reveal()).toBe('canary/secret+1');
    expect(pair.keys.sessionToken?.reveal()).toBe('session');
    expect(pair.keys.region).toBe('us-east-1');
    const both = lookUpAwsEnvironment({ ...env, AWS_REGION: 'eu-west-1' })[1];
    expect(both).toMatchObject({ keys: { region: 'eu-west-1' } });
    expect(lookUpAwsEnvironment(PAIR)[1]).toMatchObject({ keys: { region: null, sessionToken: null } });
  });

  it.each([
    ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY'],
    ['AWS_SECRET_ACCESS_KEY', 'AWS_ACCESS_KEY_ID'],
  ])('%s alone is incomplete and says that %s is missing', (there, missing) => {
    expect(lookUpAwsEnvironment({ [there]: 'x' })[1]).toMatchObject({ kind: 'incomplete', missing });
  });

  it.each([
    [{ AWS_BEARER_TOKEN_BEDROCK: '<authenticated>' }, 0],
    [{ AWS_BEARER_TOKEN_BEDROCK: 'a\r\nb' }, 0],
    [{ ...PAIR, AWS_SECRET_ACCESS_KEY: 'canary\nb' }, 1],
    [{ ...PAIR, AWS_SESSION_TOKEN: 'canary b' }, 1],
  ] as const)('refuses what no request can carry: %j', (env, index) => {
    const place = lookUpAwsEnvironment(env)[index];
    expect(place?.kind).toBe('not-a-key');
    expect(JSON.stringify(place)).not.toContain('canary');
  });

  it('leaves to the AWS chain what only the chain knows', () => {
    const places = lookUpAwsEnvironment({ AWS_PROFILE: 'work', AWS_WEB_IDENTITY_TOKEN_FILE: '/token' });
    expect(places.map(({ kind }) => kind)).toEqual(['unset', 'unset']);
  });

  it('shows no secret by JSON.stringify or inspect', () => {
    const places = lookUpAwsEnvironment({
      ...PAIR,
      AWS_BEARER_TOKEN_BEDROCK: 'canary-bearer',
      AWS_SESSION_TOKEN: 'canary-session',
    });
    expect(JSON.stringify(places) + inspect(places, { depth: null })).not.toContain('canary');
  });
});
