/** What holds against attacks on logins and on credentials that are renewed. */
import type { Defence } from './defence.ts';

export const LOGIN_DEFENCES: readonly Defence[] = [];
