/** What is dialled, with one defence less each time. */
import { UPSTREAM_DEFENCES } from './upstream.ts';
import { takeAwayEach } from './take-away-each.ts';

takeAwayEach(UPSTREAM_DEFENCES);
