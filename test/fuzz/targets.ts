/** What is fuzzed: one list, for the short run of `npm test` and the long one of `npm run fuzz`. */
import * as fc from 'fast-check';
import { fileTargets } from './file-targets.ts';
import type { FuzzTarget } from './fuzz-target.ts';
import { wireTargets } from './wire-targets.ts';

export const FUZZ_TARGETS: readonly FuzzTarget[] = [...fileTargets, ...wireTargets];

/**
 * Throws inputs at a target until the time is over.
 *
 * @returns how many inputs there were
 */
export async function fuzz({ open }: FuzzTarget, milliseconds: number, seed: number): Promise<number> {
  const { property, close } = await open();
  try {
    const details = await fc.check(property, {
      seed,
      numRuns: Number.MAX_SAFE_INTEGER,
      interruptAfterTimeLimit: milliseconds,
      markInterruptAsFailure: false,
    });
    if (details.failed) throw new Error(fc.defaultReportMessage(details) ?? 'failed without a word');
    return details.numRuns;
  } finally {
    await close();
  }
}
