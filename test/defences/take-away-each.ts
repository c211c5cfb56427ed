/** One test for each defence of a list: without it, in a copy of the project, its own test has to fail. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Defence } from './defence.ts';
import { makeScratchCopy, type ScratchCopy } from './scratch-copy.ts';

/** Declares the tests. */
export function takeAwayEach(defences: readonly Defence[]): void {
  let copy: ScratchCopy;
  beforeAll(async () => {
    copy = await makeScratchCopy();
  });
  afterAll(() => copy.remove());

  it.each(defences.map((defence) => [defence.against, defence.fails, defence.file, defence] as const))(
    '%s: "%s" fails without what is in %s',
    async (_against, _fails, _file, defence) => {
      const { failed, notes } = await copy.without(defence);
      expect(failed, notes).not.toEqual([]);
    },
  );
}
