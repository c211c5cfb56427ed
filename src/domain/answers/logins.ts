/** Logins that a program starts and a person finishes. */
import * as z from 'zod';
import type { Answer } from './answer.ts';

const loginFacts = {
  loginId: z.string(),
  provider: z.string(),
  flow: z.enum(['code', 'device']),
  expiresAt: z.iso.datetime().describe('When the login is given up'),
};

/** Answer of `POST /v1/logins`: what a person has to do now. */
export const loginStartedAnswer = z.object({
  ...loginFacts,
  authorizationUrl: z.string().describe('Where the browser of this machine has to go').exactOptional(),
  verificationUri: z.string().describe('Where any browser has to go').exactOptional(),
  userCode: z.string().describe('What to type there').exactOptional(),
  verificationUriComplete: z.string().describe('The same with the code in it').exactOptional(),
});

const loginState = z.enum(['pending', 'complete', 'failed']);

/** Answer of `GET /v1/logins/:id`. */
export const loginProgressAnswer = z.object({
  ...loginFacts,
  state: loginState,
  profileId: z.string().describe('The profile that holds the token now').exactOptional(),
  code: z.string().describe('Why it failed').exactOptional(),
  detail: z.string().exactOptional(),
  hints: z.array(z.string()).exactOptional(),
});

export type LoginStarted = Answer<typeof loginStartedAnswer>;
export type LoginProgress = Answer<typeof loginProgressAnswer>;
