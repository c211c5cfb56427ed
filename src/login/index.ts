/** The list of logins. A new login is one file beside this one and one line here. */
import { exchangeLogin } from './exchange.ts';
import { gpuDevLogin } from './gpu-dev.ts';
import { nimLogin } from './nim.ts';
import { oauthLogin } from './oauth.ts';
import type { Login } from './plugin.ts';

/** Every login with commands of its own, in the order of the help. */
export const LOGINS: readonly Login[] = [nimLogin, gpuDevLogin, exchangeLogin, oauthLogin];
