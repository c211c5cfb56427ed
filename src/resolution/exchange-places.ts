/** The place of a key that an AWS identity is exchanged for. */
import type { ResolvedAuth } from '../domain/auth.ts';
import { sameSocket } from '../domain/base-url.ts';
import type { EffectiveProvider } from '../domain/provider.ts';
import { type ExchangeSource, exchangeSourceName } from '../credentials/exchange/exchange-source.ts';
import type { ExchangedKeyOutcome } from '../credentials/exchange/exchanged-keys.ts';
import { remediesOf } from '../credentials/source-failure.ts';
import { toIso } from '../platform/clock.ts';
import type { AuthPlace, PendingPlace } from './auth-place.ts';
import { endingProblem } from './source-trouble.ts';
import type { Snapshot } from './snapshot.ts';

/**
 * One place for a provider whose key comes from an exchange, none for any other. Nothing is asked here. A key goes
 * to the servers of the exchange and to no other.
 *
 * @param destination base URL that the request would go to
 * @param now Unix milliseconds
 */
export function exchangePlaces(
  { env, live }: Snapshot,
  provider: EffectiveProvider,
  destination: string | undefined,
  now: number,
): (AuthPlace | PendingPlace)[] {
  const request = { providerId: provider.id, env };
  const source = live.exchange.sourceOf(request);
  if (source === undefined) return [];
  const place = exchangeSourceName(provider.id);
  const found = `a key for an AWS identity, from ${source.url}`;
  if (
    destination !== undefined &&
    ![source.url, source.baseUrl].some((url) => sameSocket(url, destination))
  ) {
    const note = `it belongs to ${source.url}, and ${provider.origin} leads to another server`;
    return [{ kind: 'skipped', place, found, note }];
  }
  const known = (outcome: ExchangedKeyOutcome | null): AuthPlace | null =>
    outcome && toPlace(source, outcome);
  return [
    {
      kind: 'pending',
      place,
      found,
      known: () => known(live.exchange.peek(request, now)),
      unasked: async () => known(await live.exchange.unasked(request, now)),
      fetch: async () => toPlace(source, await live.exchange.resolve(request, now)),
    },
  ];
}

function toPlace(source: ExchangeSource, outcome: ExchangedKeyOutcome): AuthPlace {
  const place = exchangeSourceName(source.providerId);
  if (outcome.kind === 'failed') {
    const { detail, retryAt } = outcome;
    const hints = remediesOf(outcome);
    const remedy = hints.length === 0 ? {} : { remedy: hints };
    const down = retryAt === undefined ? {} : { retryAt };
    return { kind: 'error', place, found: `no key; ${howItIsGot(source)}`, note: detail, ...remedy, ...down };
  }
  const { apiKey, expiresAt, path, note, trouble } = outcome;
  const auth: ResolvedAuth = { mode: 'api-key', source: place, apiKey, expiresAt };
  const found = `an API key in ${path}, expires ${toIso(expiresAt)}; ${howItIsGot(source)}`;
  const noted = note === undefined ? {} : { note };
  if (trouble === undefined) return { kind: 'hit', place, found, auth, ...noted };
  const code = trouble.retryAt === undefined ? 'no-auth' : 'credential-source-down';
  const ending = { providerId: source.providerId, place, expiresAt };
  return { kind: 'hit', place, found, auth, ...noted, trouble: endingProblem(ending, code, trouble) };
}

/** The operator should know what leaves this machine. */
function howItIsGot({ proof, url }: ExchangeSource): string {
  return proof.kind === 'keys'
    ? `a login hands over the AWS keys to ${url}`
    : `a login sends ${url} a signed proof of the AWS identity, and no key`;
}
