/** What to do when an API refuses a key that was exchanged for an AWS identity: a new login, where that helps. */
import type { Rejection } from '../../domain/rejection.ts';
import type { RenewalOutcome, Renewer } from '../../domain/renewal.ts';
import type { Environment } from '../../platform/paths.ts';
import { exchangeSourceName } from './exchange-source.ts';
import { remediesOf } from '../source-failure.ts';
import type { ExchangedKeys } from './exchanged-keys.ts';

/**
 * Makes the renewer.
 *
 * @param env the variables as they count now
 */
export function createExchangeRenewer(exchange: ExchangedKeys, env: () => Environment): Renewer {
  return {
    owns: (providerId, auth) => auth.source === exchangeSourceName(providerId),
    async renew(providerId, auth, rejection): Promise<RenewalOutcome> {
      if (auth.mode !== 'api-key' || !endsTheKey(rejection)) return { kind: 'no-reason' };
      const outcome = await exchange.renew({ providerId, env: env() }, auth.apiKey);
      if (outcome.kind === 'key') return { kind: 'renewed' };
      const { detail, hints, retryAt } = outcome;
      const what = `The key of provider "${providerId}" was refused, and logging in again failed: ${detail}`;
      if (retryAt === undefined) return { kind: 'failed', problem: { code: 'no-auth', detail: what, hints } };
      const code = 'credential-source-down';
      return { kind: 'failed', problem: { code, detail: what, hints: remediesOf(outcome), retryAt } };
    },
  };
}

/**
 * True when the API says that the key is no longer good. An API of this kind also answers 403 to what the identity
 * may not do, and no login changes that.
 */
function endsTheKey({ status, message }: Rejection): boolean {
  return status === 401 || (status === 403 && /expired/i.test(message ?? ''));
}
