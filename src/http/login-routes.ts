/** What the login routes take and answer. */
import * as z from 'zod';
import { hasControlCharacters } from '../domain/untrusted-text.ts';

/** How far a login is. */
export type LoginState = 'pending' | 'complete' | 'failed';

/** Answer of `POST /v1/logins`: what a person has to do now. Times are ISO 8601. */
export interface LoginStarted {
  readonly loginId: string;
  readonly provider: string;
  readonly flow: 'code' | 'device';
  /** Where the browser of this machine has to go. */
  readonly authorizationUrl?: string;
  /** Where any browser has to go, and what to type there. */
  readonly verificationUri?: string;
  readonly userCode?: string;
  readonly verificationUriComplete?: string;
  readonly expiresAt: string;
}

/** Answer of `GET /v1/logins/:id`. */
export interface LoginProgress {
  readonly loginId: string;
  readonly provider: string;
  readonly flow: 'code' | 'device';
  readonly state: LoginState;
  readonly expiresAt: string;
  /** The profile that holds the token now. */
  readonly profileId?: string;
  /** Why it failed. */
  readonly code?: string;
  readonly detail?: string;
  readonly hints?: readonly string[];
}

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
