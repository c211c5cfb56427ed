/** Files, ports, processes and logs, with one defence less each time. */
import { MACHINE_DEFENCES } from './machine.ts';
import { takeAwayEach } from './take-away-each.ts';

takeAwayEach(MACHINE_DEFENCES);
