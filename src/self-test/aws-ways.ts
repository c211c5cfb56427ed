/**
 * The ways in which an identity of AWS is had from a server. A machine has one of them at a time, so each is a
 * machine of its own.
 */
import { createHash } from 'node:crypto';
import { isoOrNull } from '../platform/clock.ts';
import type { Source, WorldInput } from './world.ts';

const HOUR = 3_600_000;

/** Name of the session of SSO, which the file of its token is named after. */
const SESSION = 'self-test';

/** The ways; by these names the counterpart knows them too. */
export const AWS_WAYS = ['web-identity', 'sso', 'container'] as const;

/** One source for each way. */
export function awsWays(input: WorldInput): Readonly<Record<(typeof AWS_WAYS)[number], Source>> {
  return {
    'web-identity': webIdentity(input),
    sso: sso(input),
    container: container(input),
  };
}

/** The addresses of AWS. */
function common(way: string, { counterpart }: WorldInput): Source {
  const url = `${counterpart}/aws/${way}`;
  return {
    env: {
      AWS_REGION: 'eu-west-1',
      AWS_ENDPOINT_URL_STS: url,
      AWS_ENDPOINT_URL_SSO: url,
    },
    asks: ['amazon-bedrock'],
  };
}

function webIdentity(input: WorldInput): Source {
  const { book, home } = input;
  const source = common('web-identity', input);
  const file = 'web-identity-token';
  return {
    ...source,
    env: {
      ...source.env,
      AWS_WEB_IDENTITY_TOKEN_FILE: `${home}/${file}`,
      AWS_ROLE_ARN: 'arn:aws:iam::111122223333:role/self-test',
      // None of the business of whoever asks AWS.
      OPENAI_API_KEY: book.make('env beside AWS, web-identity: OPENAI_API_KEY'),
    },
    files: { [file]: book.make('AWS, web-identity: token of the identity') },
  };
}

function sso(input: WorldInput): Source {
  const { book, now } = input;
  const source = common('sso', input);
  const config = `[profile work]
sso_session = ${SESSION}
sso_account_id = 111122223333
sso_role_name = dev
[sso-session ${SESSION}]
sso_start_url = https://sso.invalid/start
sso_region = eu-west-1
`;
  const token = {
    startUrl: 'https://sso.invalid/start',
    region: 'eu-west-1',
    accessToken: book.make('AWS, sso: access token'),
    expiresAt: isoOrNull(now + 8 * HOUR) ?? '',
    clientId: 'self-test',
    clientSecret: book.make('AWS, sso: secret of the client'),
    registrationExpiresAt: isoOrNull(now + 1_000 * HOUR) ?? '',
    refreshToken: book.make('AWS, sso: refresh token'),
  };
  const name = createHash('sha1').update(SESSION).digest('hex');
  return {
    ...source,
    env: { ...source.env, AWS_PROFILE: 'work' },
    files: { '.aws/config': config, [`.aws/sso/cache/${name}.json`]: token },
  };
}

function container(input: WorldInput): Source {
  const source = common('container', input);
  return {
    ...source,
    env: {
      ...source.env,
      AWS_CONTAINER_CREDENTIALS_FULL_URI: `${input.counterpart}/aws/container/credentials`,
      AWS_CONTAINER_AUTHORIZATION_TOKEN: input.book.make('env: AWS_CONTAINER_AUTHORIZATION_TOKEN'),
    },
  };
}
