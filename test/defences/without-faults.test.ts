/** The faults, each with one thing less that makes the program stand it. */
import { FAULT_DEFENCES } from './faults.ts';
import { takeAwayEach } from './take-away-each.ts';

takeAwayEach(FAULT_DEFENCES);
