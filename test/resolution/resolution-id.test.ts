/** Resolution ids: they carry their pin, and nobody else can make or change one. */
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { openResolutionId, type Pin, sealResolutionId } from '../../src/resolution/resolution-id.ts';

const KEY = 'install-key';
const pins: fc.Arbitrary<Pin> = fc.record({
  ref: fc.string({ maxLength: 60 }),
  providerOnly: fc.boolean(),
  profileId: fc.option(fc.string({ maxLength: 30 })),
  identity: fc.stringMatching(/^[0-9a-f]{32}$/),
  credential: fc.option(fc.stringMatching(/^[0-9a-f]{16}$/)),
});

describe('the pin "can be carried and not forged"', () => {
  it('what was sealed opens again, and equal pins have equal ids', () => {
    fc.assert(
      fc.property(pins, (pin) => {
        const id = sealResolutionId(pin, KEY);
        expect(id).toMatch(/^rs_[\w-]+\.[\w-]+$/);
        expect(openResolutionId(id, KEY)).toEqual(pin);
        expect(sealResolutionId({ ...pin }, KEY)).toBe(id);
      }),
    );
  });

  it('a changed character anywhere, a cut or an addition opens nothing', () => {
    const change = fc.record({ at: fc.nat(), to: fc.constantFrom('A', 'z', '0', '_', '.', '~', 'é') });
    fc.assert(
      fc.property(pins, change, (pin, { at, to }) => {
        const id = sealResolutionId(pin, KEY);
        const index = at % id.length;
        const changed = id.slice(0, index) + to + id.slice(index + 1);
        if (changed !== id) expect(openResolutionId(changed, KEY)).toBeUndefined();
        expect(openResolutionId(id.slice(0, index), KEY)).toBeUndefined();
        expect(openResolutionId(id + to, KEY)).toBeUndefined();
      }),
    );
  });

  it('an id that was sealed with another key opens nothing', () => {
    fc.assert(
      fc.property(pins, fc.string(), (pin, other) => {
        fc.pre(other !== KEY);
        expect(openResolutionId(sealResolutionId(pin, other), KEY)).toBeUndefined();
      }),
    );
  });

  it('no text at all makes it throw', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(openResolutionId(text, KEY)).toBeUndefined();
        expect(openResolutionId(`rs_${text}.${text}`, KEY)).toBeUndefined();
      }),
    );
    expect(openResolutionId(`rs_${'a'.repeat(5_000)}.b`, KEY)).toBeUndefined();
  });
});
