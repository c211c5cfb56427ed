/** What holds against the machine around the program: its files, ports, processes and logs. */
import type { Defence } from './defence.ts';

export const MACHINE_DEFENCES: readonly Defence[] = [];
