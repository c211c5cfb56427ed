/** Cool-downs of credentials as answers show them, and back, for another process of this installation. */
import type { CoolDownAnswer } from '../../domain/answers/cool-down.ts';
import { type CoolDown, isRunning } from '../../domain/cool-down.ts';
import { isoOrNull, toIso } from '../../platform/clock.ts';
import type { AuthPlace } from '../auth-place.ts';
import { credentialVersion } from '../resolve-auth.ts';
import type { Snapshot } from '../snapshot.ts';

/** Every cool-down that the credentials of a provider's places are in now. */
export function coolDownsOf(
  { installKey, credentialHealth }: Snapshot,
  providerId: string,
  places: readonly AuthPlace[],
  now: number,
): CoolDownAnswer[] {
  return places.flatMap((place) => {
    const fingerprint = place.kind === 'hit' ? credentialVersion(place.auth, installKey) : null;
    if (place.kind !== 'hit' || fingerprint === null) return [];
    const history = credentialHealth.historyOf({ providerId, version: fingerprint });
    const running = history.filter((entry) => isRunning(entry, now));
    return running.map((entry) => toCoolDownAnswer(place.auth.source, fingerprint, entry));
  });
}

/**
 * @param source where the credential stands
 * @param fingerprint version of the credential
 */
export function toCoolDownAnswer(source: string, fingerprint: string, coolDown: CoolDown): CoolDownAnswer {
  const { reason, status, since, until, failures, ref } = coolDown;
  return {
    source,
    fingerprint,
    reason,
    status,
    since: toIso(since),
    until: isoOrNull(until),
    failures,
    model: ref,
  };
}

/** The cool-down that an answer tells of. */
export function fromCoolDownAnswer(answer: CoolDownAnswer): CoolDown {
  const { reason, status, since, until, failures, model } = answer;
  return {
    reason,
    status,
    since: Date.parse(since),
    until: until === null ? null : Date.parse(until),
    failures,
    ref: model,
  };
}
