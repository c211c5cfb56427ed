/** Logins and renewals, with one defence less each time. */
import { LOGIN_DEFENCES } from './logins.ts';
import { takeAwayEach } from './take-away-each.ts';

takeAwayEach(LOGIN_DEFENCES);
