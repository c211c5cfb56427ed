/** Each defence against the faults is taken away once, in a copy of the project, and its test has to fail. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { FAULT_DEFENCES } from './faults.ts';
import { makeScratchCopy, type ScratchCopy } from './scratch-copy.ts';

let copy: ScratchCopy;
beforeAll(async () => {
  copy = await makeScratchCopy();
});
afterAll(() => copy.remove());

it.each(FAULT_DEFENCES.map((defence) => [defence.against, defence.file, defence] as const))(
  '%s is noticed without its defence in %s',
  async (_against, _file, defence) => {
    const { failed, notes } = await copy.without(defence);
    expect(failed, notes).not.toEqual([]);
  },
);
