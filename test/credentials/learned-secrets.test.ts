/** What the log learns while the program runs: bounded, and nothing that is in use is ever forgotten. */
import { describe, expect, it } from 'vitest';
import { createLearnedSecrets } from '../../src/credentials/learned-secrets.ts';

const HOUR = 3_600_000;

describe('"a secret in use is never forgotten", and the memory does not grow with each renewal', () => {
  it('a year of keys that are renewed each hour: about a day of them is remembered', () => {
    let now = 0;
    const learned = createLearnedSecrets(() => now);
    for (let hour = 0; hour < 365 * 24; hour += 1) {
      now += HOUR;
      learned.add(`key-of-hour-${hour}`);
      // Told at each use.
      learned.add('refresh-token-of-years');
    }
    const values = [...learned.values()];
    expect(values).toContain('refresh-token-of-years');
    expect(values).toContain(`key-of-hour-${365 * 24 - 1}`);
    expect(values.length).toBeLessThanOrEqual(201);
  });

  it('many at a time are all remembered for a day after their last use', () => {
    let now = 0;
    const learned = createLearnedSecrets(() => now);
    for (let count = 0; count < 5_000; count += 1) learned.add(`token-${count}`);
    now += 23 * HOUR;
    learned.add('later');
    expect([...learned.values()]).toHaveLength(5_001);
    now += 2 * HOUR;
    learned.add('much later');
    expect([...learned.values()].length).toBeLessThanOrEqual(200);
    expect([...learned.values()]).toContain('later');
  });
});
