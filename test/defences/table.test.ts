/** The lists of defences: every threat and every fault has one, and each is still to be found where it is said to be. */
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { codesIn, readPage, tableOf } from '../docs/pages.ts';
import { FAULT_DEFENCES } from './faults.ts';
import { placesOf, takeAway } from './scratch-copy.ts';
import { IRREMOVABLE_THREATS, THREAT_DEFENCES } from './threats.ts';

const ROOT = resolve(import.meta.dirname, '../..');

describe('"each was seen failing once with its defence removed"', () => {
  it('every row of the threats is in the list, or says why it cannot be', () => {
    const listed = [...THREAT_DEFENCES, ...IRREMOVABLE_THREATS].map(({ against }) => against);
    const rows = Array.from({ length: 42 }, (_, index) => `threat ${index + 1}`);
    expect(rows.filter((row) => !listed.includes(row))).toEqual([]);
    expect(listed.filter((row) => !rows.includes(row))).toEqual([]);
  });

  it('every row of the faults is in the list', () => {
    const listed = FAULT_DEFENCES.map(({ against }) => against);
    const rows = tableOf(readPage('docs/faults.md'), 'fault', 'what holds', 'test').flatMap(
      ([, , test = '']) => codesIn(test),
    );
    expect(rows.filter((row) => !listed.includes(row))).toEqual([]);
    expect(listed.filter((row) => !rows.includes(row))).toEqual([]);
  });

  it('the name of a fault’s test picks out that test alone', () => {
    const names = [...new Set(FAULT_DEFENCES.map(({ fails }) => fails))];
    expect(names.filter((one) => names.some((other) => other !== one && other.startsWith(one)))).toEqual([]);
  });

  it.each([...THREAT_DEFENCES, ...FAULT_DEFENCES].map((one) => [one.against, one.file, one] as const))(
    '%s: its defence is in %s exactly once, and its test exists',
    (_against, _file, defence) => {
      for (const place of placesOf(defence)) {
        const source = readFileSync(join(ROOT, place.file), 'utf8');
        expect(takeAway(source, place)).not.toBe(source);
      }
      expect(readFileSync(join(ROOT, defence.test), 'utf8').replaceAll('\\', '')).toContain(
        defence.fails.replaceAll('\\', ''),
      );
    },
  );
});
