/** Credentials that are good and cannot be renewed: what will be wrong when they end, said before they do. Pure. */
import type { ErrorCode, Problem } from '../domain/errors.ts';
import { remediesOf, type SourceFailure } from '../credentials/source-failure.ts';
import { toIso } from '../platform/clock.ts';

/** A credential that is still handed out. */
export interface EndingCredential {
  readonly providerId: string;
  readonly place: string;
  /** Unix milliseconds; null when nobody knows. */
  readonly expiresAt: number | null;
}

/**
 * The problem of such a credential.
 *
 * @param code of a request when nothing has changed by the end
 */
export function endingProblem(
  { providerId, place, expiresAt }: EndingCredential,
  code: ErrorCode,
  failure: SourceFailure,
): Problem {
  const { detail, retryAt } = failure;
  const end = expiresAt === null ? 'is still handed out' : `ends at ${toIso(expiresAt)}`;
  return {
    code,
    detail: `The credential of provider "${providerId}" (${place}) ${end}, and cannot be renewed: ${detail}`,
    hints: remediesOf(failure),
    ...(retryAt === undefined ? {} : { retryAt }),
  };
}
