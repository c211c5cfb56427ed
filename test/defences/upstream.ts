/** What holds against runtimes and servers that this program dials. */
import type { Defence } from './defence.ts';

export const UPSTREAM_DEFENCES: readonly Defence[] = [];
