/** What a process uses, as Linux tells in `/proc`. */
import { readFile } from 'node:fs/promises';

/** Milliseconds in one tick of `/proc`: the kernel shows user space 100 ticks a second on every machine. */
const TICK_MS = 10;

/** Processor time of a process and all its threads since its start, in milliseconds. */
export async function cpuTimeMs(pid: number): Promise<number> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8');
  // The name stands in parentheses and may hold blanks; user and system time are fields 14 and 15.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  const ticks = Number(fields[11]) + Number(fields[12]);
  if (!Number.isFinite(ticks)) throw new Error(`/proc/${pid}/stat has no processor time`);
  return ticks * TICK_MS;
}

/** Resident memory of a process in megabytes (10^6 bytes). */
export async function residentMb(pid: number): Promise<number> {
  const text = await readFile(`/proc/${pid}/status`, 'utf8');
  const kibibytes = /^VmRSS:\s+(\d+) kB$/m.exec(text)?.[1];
  if (kibibytes === undefined) throw new Error(`/proc/${pid}/status has no VmRSS`);
  return (Number(kibibytes) * 1_024) / 1e6;
}
