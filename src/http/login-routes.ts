/** What the login routes take, and what they ask. */
import * as z from 'zod';
import type { LoginProgress, LoginStarted } from '../domain/answers/logins.ts';
import { hasControlCharacters } from '../domain/untrusted-text.ts';

/** What the routes ask. */
export interface Logins {
  /**
   * Starts a login, or gives the one of the same kind that waits already.
   *
   * @throws SidecarError when there is nothing to log in to, or the login could not begin
   */
  readonly start: (provider: string, flow: 'code' | 'device') => Promise<LoginStarted>;
  /** @throws SidecarError `not-found` for an id that is unknown, or forgotten by now */
  readonly progress: (loginId: string) => LoginProgress;
}

/** Body of `POST /v1/logins`. */
export const loginBody = z.strictObject({
  provider: z
    .string('must be a string')
    .trim()
    .min(1, 'must not be empty')
    .max(128, 'is too long')
    .refine((text) => !hasControlCharacters(text), 'must not hold control characters'),
  flow: z.enum(['code', 'device'], 'must be code or device').default('code'),
});
