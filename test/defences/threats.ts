/** The defences against the threats of SECURITY.md: all lists in one, and the rows that have nothing to take away. */
import type { Defence, Irremovable } from './defence.ts';
import { LOGIN_DEFENCES } from './logins.ts';
import { MACHINE_DEFENCES } from './machine.ts';
import { REQUEST_DEFENCES } from './requests.ts';
import { UPSTREAM_DEFENCES } from './upstream.ts';

export const THREAT_DEFENCES: readonly Defence[] = [
  ...REQUEST_DEFENCES,
  ...UPSTREAM_DEFENCES,
  ...MACHINE_DEFENCES,
  ...LOGIN_DEFENCES,
];

export const IRREMOVABLE_THREATS: readonly Irremovable[] = [];
