/** For logins that have nothing to do with an authorization server: whoever asks for one fails the test. */
import type { OAuthDeps } from '../../src/login/oauth/oauth-deps.ts';

const never = (): never => {
  throw new Error('no authorization server is asked here');
};

export const NO_OAUTH: OAuthDeps = {
  open: never,
  clock: never,
  sleep: never,
  interrupted: never,
  isTerminal: false,
  tell: never,
  waiting: never,
  openBrowser: never,
};
