/** A moment of fuzzing for every target; `npm run fuzz` does the same for minutes. */
import { expect, it } from 'vitest';
import { fuzz, FUZZ_TARGETS } from '../fuzz/targets.ts';

/** For each target, in milliseconds. */
const MOMENT = 150;

it.each(FUZZ_TARGETS)('fuzz: $name gives no crash, no unexpected 5xx and no hang', async (target) => {
  expect(await fuzz(target, MOMENT, Date.now() % 2_147_483_647)).toBeGreaterThan(0);
});
