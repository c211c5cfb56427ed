import { expect, it } from 'vitest';
import { parseDuration } from '../../src/domain/duration.ts';

it.each([
  ['1s', 1_000],
  ['90s', 90_000],
  ['30m', 1_800_000],
  ['8h', 28_800_000],
  [' 7d ', 604_800_000],
])('%j is %d ms', (text, ms) => {
  expect(parseDuration(text)).toBe(ms);
});

it.each(['', '0s', '-1h', '1.5h', '8', 'h', '8 h', '1w', '99999d', '1h30m', '1toString'])(
  '%j is no span',
  (text) => {
    expect(parseDuration(text)).toBeUndefined();
  },
);
