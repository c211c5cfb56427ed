/** Live credentials of a program that has none: nothing is asked, nothing is served. */
import type { LiveCredentials } from './live-credentials.ts';

const NOT_ASKED = 'the AWS chain is not asked here';

/** For what must stay as the files say it. */
export const NO_LIVE_CREDENTIALS: LiveCredentials = {
  aws: {
    hasSign: () => false,
    peek: () => null,
    resolve: () => Promise.resolve({ kind: 'none', source: 'aws-sdk default chain', detail: NOT_ASKED }),
    close: () => undefined,
  },
  exchange: {
    serves: () => false,
    peek: () => null,
    resolve: () => Promise.resolve({ kind: 'failed', detail: 'no exchange is configured', hints: [] }),
  },
  oauth: {
    serves: () => false,
    peek: () => null,
    resolve: () => Promise.resolve({ kind: 'failed', detail: 'no login is configured', hints: [] }),
  },
};
