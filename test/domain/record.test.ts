/** Records whose keys somebody else chose. */
import { describe, expect, it } from 'vitest';
import { isRecord, recordOf } from '../../src/domain/record.ts';

describe('recordOf', () => {
  it('finds no member of Object.prototype and keeps __proto__ as a plain key', () => {
    const record = recordOf<unknown>([['__proto__', { polluted: true }]]);
    expect(record['constructor']).toBeUndefined();
    expect(record['polluted']).toBeUndefined();
    expect(Object.keys(record)).toEqual(['__proto__']);
  });
});

describe('isRecord', () => {
  it('takes objects, not lists and not null', () => {
    expect([{}, Object.create(null), [], null, 'x', undefined].map(isRecord)).toEqual([
      true,
      true,
      false,
      false,
      false,
      false,
    ]);
  });
});
