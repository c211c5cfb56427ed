/** The guard and the routes, with one defence less each time. */
import { REQUEST_DEFENCES } from './requests.ts';
import { takeAwayEach } from './take-away-each.ts';

takeAwayEach(REQUEST_DEFENCES);
