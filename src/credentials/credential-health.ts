/**
 * Which credentials their providers refused, by provider and version of the credential. In memory: it outlives every
 * snapshot and ends with the program, so that a restart tries each key anew.
 */
import { type CoolDown, coolDownReason, isRunning, nextCoolDown, type Refusal } from '../domain/cool-down.ts';

/** What a report did. */
export interface Recorded {
  readonly coolDown: CoolDown;
  /** False when the same cool-down was running already. */
  readonly isNew: boolean;
}

/** One version of a credential at one provider; another provider may well take the same key. */
export interface CredentialAtProvider {
  readonly providerId: string;
  /** Keyed fingerprint of the credential. */
  readonly version: string;
}

export interface CredentialHealth {
  /** Every cool-down of a credential, those that are over too. */
  readonly historyOf: (credential: CredentialAtProvider) => readonly CoolDown[];
  /**
   * Takes down a refusal.
   *
   * @param now Unix milliseconds
   * @returns undefined for a status that says nothing of a credential
   */
  readonly record: (credential: CredentialAtProvider, refusal: Refusal, now: number) => Recorded | undefined;
  /** Takes over what another process of this installation took down. */
  readonly adopt: (credential: CredentialAtProvider, coolDown: CoolDown) => void;
}

/** Most credentials that are remembered: tokens that are renewed each hour must not fill the memory. */
const MOST_CREDENTIALS = 1_000;

/** An empty memory. */
export function createCredentialHealth(): CredentialHealth {
  const known = new Map<string, ReadonlyMap<string, CoolDown>>();
  const coolDownsOf = (credential: CredentialAtProvider): ReadonlyMap<string, CoolDown> =>
    known.get(nameOf(credential)) ?? new Map();
  const put = (credential: CredentialAtProvider, coolDown: CoolDown): void => {
    const coolDowns = new Map([...coolDownsOf(credential), [keyOf(coolDown), coolDown]]);
    known.delete(nameOf(credential));
    known.set(nameOf(credential), coolDowns);
    const [oldest] = known.keys();
    if (known.size > MOST_CREDENTIALS && oldest !== undefined) known.delete(oldest);
  };
  return {
    historyOf: (credential) => [...coolDownsOf(credential).values()],
    record(credential, refusal, now) {
      const reason = coolDownReason(refusal.status);
      if (reason === undefined) return undefined;
      const first = nextCoolDown(undefined, reason, refusal, now);
      const previous = coolDownsOf(credential).get(keyOf(first));
      const coolDown = nextCoolDown(previous, reason, refusal, now);
      put(credential, coolDown);
      return { coolDown, isNew: previous === undefined || !isRunning(previous, now) };
    },
    adopt: put,
  };
}

function nameOf({ providerId, version }: CredentialAtProvider): string {
  return JSON.stringify([providerId, version]);
}

function keyOf({ reason, ref }: Pick<CoolDown, 'reason' | 'ref'>): string {
  return JSON.stringify([reason, ref]);
}

/**
 * The cool-down that counts for a request now: of several the one that ends last.
 *
 * @param ref the model that is asked for, or null for the provider alone
 */
export function coolDownNow(
  history: readonly CoolDown[],
  ref: string | null,
  now: number,
): CoolDown | undefined {
  const end = ({ until }: CoolDown): number => until ?? Infinity;
  return history
    .filter((entry) => isRunning(entry, now) && (entry.ref === null || entry.ref === ref))
    .reduce<CoolDown | undefined>(
      (last, entry) => (last === undefined || end(entry) > end(last) ? entry : last),
      undefined,
    );
}
