/**
 * Places that have to be looked into, in their order: references to secrets, and credentials that are fetched
 * or renewed. Nothing is run or fetched for a place that would not count, because a stronger one holds a
 * credential.
 */
import { nameOfReference } from '../domain/secret-ref.ts';
import type { References } from '../credentials/references.ts';
import type { AuthPlace, OpenPlace, PendingPlace, ReferringPlace } from './auth-place.ts';
import { isAnswer } from './choose-place.ts';

/**
 * @param places strongest first
 * @param wait false: what would have to be fetched is `unverified`
 * @param judge marks what each place holds with what is known of it: one that is set aside shadows nothing
 */
export async function followPlaces(
  places: readonly (AuthPlace | OpenPlace)[],
  references: References,
  wait: boolean,
  judge: (place: AuthPlace) => AuthPlace,
): Promise<readonly AuthPlace[]> {
  const followed: AuthPlace[] = [];
  for (const place of places) {
    const isShadowed = followed.some(isAnswer);
    if (place.kind === 'reference')
      followed.push(judge(await followReference(place, isShadowed, references, wait)));
    else if (place.kind === 'pending') followed.push(judge(await followPending(place, isShadowed, wait)));
    else followed.push(judge(place));
  }
  return followed;
}

async function followReference(
  referring: ReferringPlace,
  isShadowed: boolean,
  references: References,
  wait: boolean,
): Promise<AuthPlace> {
  const { place, found, note, reference, toAuth } = referring;
  const known = references.peek(reference);
  if (known === null && isShadowed) {
    const why = 'its command is not run: a stronger place has a credential';
    return { kind: 'skipped', place, found, note: why };
  }
  const outcome = wait ? (known ?? (await references.resolve(reference))) : references.known(reference);
  if (outcome === null) return { kind: 'unverified', place, found, note: NOT_FOR_A_LIST };
  if (outcome.kind === 'resolved') {
    return {
      kind: 'hit',
      place,
      found,
      auth: toAuth(outcome.value),
      ...(note === undefined ? {} : { note }),
    };
  }
  const reason =
    reference.source === 'env' ? outcome.reason : `${nameOfReference(reference)}: ${outcome.reason}`;
  return { kind: 'error', place, found, note: reason };
}

/** Of a command that may ask a person. */
const NOT_FOR_A_LIST = 'its command is not run for a list';

async function followPending(pending: PendingPlace, isShadowed: boolean, wait: boolean): Promise<AuthPlace> {
  const { place, found } = pending;
  const known = wait ? pending.known() : await pending.unasked();
  if (known !== null) return known;
  if (isShadowed) {
    return { kind: 'skipped', place, found, note: 'not asked: a stronger place has a credential' };
  }
  return wait ? pending.fetch() : { kind: 'unverified', place, found, note: 'not asked yet' };
}
