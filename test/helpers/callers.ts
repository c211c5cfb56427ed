/** Callers of a test server: the endpoint's token alone, which may ask for everything. */
import { Secret } from '../../src/domain/secret.ts';
import type { AccessRules } from '../../src/http/access.ts';
import { type Callers, createCallers } from '../../src/http/callers/callers.ts';
import { systemClock } from '../../src/platform/clock.ts';

/** What the access rules need of the callers. */
export function onlyCaller(token: string): {
  readonly callers: Callers;
  readonly mayRequest: AccessRules['mayRequest'];
} {
  return { callers: createCallers(new Secret(token), systemClock), mayRequest: () => true };
}
