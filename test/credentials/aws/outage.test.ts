/** Errors of the AWS SDK, as it makes them: a service that is down, and one that says no. */
import { expect, it } from 'vitest';
import { isOutage } from '../../../src/credentials/aws/outage.ts';

it.each([
  ['a container’s server that is away', new Error('Error: connect ECONNREFUSED 127.0.0.1:1')],
  ['a container’s server in trouble', new Error('Server responded with status: 503')],
  ['too many questions', new Error('Server responded with status: 429')],
  ['a name that cannot be looked up', Object.assign(new Error('x'), { code: 'EAI_AGAIN' })],
  ['STS in trouble', Object.assign(new Error('x'), { $metadata: { httpStatusCode: 500 } })],
  ['STS that asks to slow down', Object.assign(new Error('Rate exceeded'), { name: 'ThrottlingException' })],
  ['a cause', new Error('no keys', { cause: Object.assign(new Error('x'), { code: 'ETIMEDOUT' }) })],
])('down: %s', (_what, error) => {
  expect(isOutage(error)).toBe(true);
});

it.each([
  ['a container’s server that says no', new Error('Server responded with status: 403')],
  ['a role that is refused', Object.assign(new Error('not you'), { $metadata: { httpStatusCode: 403 } })],
  ['an SSO session that ended', new Error('The SSO session associated with this profile has expired')],
  [
    'an account with 503 in its number',
    new Error('User: arn:aws:iam::503503503503:user/x is not authorized'),
  ],
  ['nothing', undefined],
])('not down: %s', (_what, error) => {
  expect(isOutage(error)).toBe(false);
});
