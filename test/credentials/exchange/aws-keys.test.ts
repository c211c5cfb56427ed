/** What is said about AWS keys that are not there: what helps, and nothing that does not. */
import { expect, it } from 'vitest';
import type { AwsIdentities, AwsIdentityOutcome } from '../../../src/credentials/aws/identities.ts';
import { findAwsKeys } from '../../../src/credentials/exchange/aws-keys.ts';

function chainThat(outcome: AwsIdentityOutcome): AwsIdentities {
  return {
    unasked: () => null,
    peek: () => null,
    profileRegion: async () => null,
    resolve: async () => outcome,
    close: () => undefined,
  };
}

const FAILED = { kind: 'failed', source: 'aws: profile work', detail: 'no answer', hints: [] } as const;

it('a source that is down comes back by itself: nobody is sent to another login', async () => {
  const down = await findAwsKeys({}, chainThat({ ...FAILED, retryAt: 1_000 }), 0);
  expect(down).toMatchObject({ kind: 'none', hints: [], retryAt: 1_000 });
  const refused = await findAwsKeys({}, chainThat(FAILED), 0);
  expect(refused).toMatchObject({ hints: expect.arrayContaining(["Run 'aws sso login' for SSO"]) });
});
