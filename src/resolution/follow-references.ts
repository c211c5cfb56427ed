/**
 * Places that hold references to secrets, followed in their order. A command is not run for a place that
 * would not count anyway, because a stronger one holds a credential.
 */
import { nameOfReference } from '../domain/secret-ref.ts';
import type { References } from '../credentials/references.ts';
import type { AuthPlace, ReferringPlace } from './auth-places.ts';

/** @param places strongest first */
export async function followReferences(
  places: readonly (AuthPlace | ReferringPlace)[],
  references: References,
): Promise<readonly AuthPlace[]> {
  const followed: AuthPlace[] = [];
  for (const place of places) {
    const isShadowed = followed.some(({ kind }) => kind === 'hit');
    followed.push(place.kind === 'reference' ? await follow(place, isShadowed, references) : place);
  }
  return followed;
}

async function follow(
  referring: ReferringPlace,
  isShadowed: boolean,
  references: References,
): Promise<AuthPlace> {
  const { place, found, note, reference, toAuth } = referring;
  const known = references.peek(reference);
  if (known === null && isShadowed) {
    return {
      kind: 'skipped',
      place,
      found,
      note: 'its command is not run: a stronger place has a credential',
    };
  }
  const outcome = known ?? (await references.resolve(reference));
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
