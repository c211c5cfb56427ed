/** Live credentials of a program that has none: nothing is asked, nothing is served. */
import type { AwsIdentityOutcome } from './aws/identities.ts';
import type { LiveCredentials } from './live-credentials.ts';

const NO_IDENTITY: AwsIdentityOutcome = {
  kind: 'none',
  source: 'aws-sdk default chain',
  detail: 'the AWS chain is not asked here',
};

const NO_EXCHANGE = { kind: 'failed', detail: 'no exchange is configured', hints: [] } as const;

/** For what must stay as the files say it. */
export const NO_LIVE_CREDENTIALS: LiveCredentials = {
  aws: {
    unasked: () => NO_IDENTITY,
    peek: () => null,
    profileRegion: () => Promise.resolve(null),
    resolve: () => Promise.resolve(NO_IDENTITY),
    close: () => undefined,
  },
  exchange: {
    sourceOf: () => undefined,
    storedSourceOf: () => Promise.resolve(undefined),
    peek: () => null,
    unasked: () => Promise.resolve(null),
    resolve: () => Promise.resolve(NO_EXCHANGE),
    renew: () => Promise.resolve({ ...NO_EXCHANGE, reason: 'failed' }),
    login: () => Promise.resolve({ ...NO_EXCHANGE, reason: 'failed' }),
    stored: () => Promise.resolve({ kind: 'missing' }),
    forget: () => Promise.resolve({ kind: 'nothing-stored' }),
  },
  oauth: {
    serves: () => false,
    peek: () => null,
    unasked: () => null,
    resolve: () => Promise.resolve({ kind: 'failed', detail: 'no login is configured', hints: [] }),
  },
};
