/** The long fuzzing: `npm run fuzz`. FUZZ_SECONDS is the time of all targets together, FUZZ_SEED repeats a run. */
import { expect, it } from 'vitest';
import { fuzz, FUZZ_TARGETS } from './targets.ts';

const SECONDS = Number(process.env['FUZZ_SECONDS'] ?? '180');
const SEED = Number(process.env['FUZZ_SEED'] ?? Date.now() % 2_147_483_647);

it.each(FUZZ_TARGETS)('fuzz: $name', { timeout: 60 * 60_000 }, async (target) => {
  const inputs = await fuzz(target, (SECONDS * 1_000) / FUZZ_TARGETS.length, SEED);
  process.stdout.write(`${target.name}: ${inputs} inputs, seed ${SEED}\n`);
  expect(inputs).toBeGreaterThan(0);
});
