/** What makes the program stand each fault of docs/faults.md, row by row. */
import type { Defence } from './defence.ts';

export const FAULT_DEFENCES: readonly Defence[] = [];
