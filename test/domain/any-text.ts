/** Random text for property tests: any UTF-16 code units, lone halves of pairs too, with plenty of ASCII. */
import * as fc from 'fast-check';

const MAX_LENGTH = 120;

/** Up to 120 code units. */
export const anyText: fc.Arbitrary<string> = fc
  .array(fc.oneof(fc.nat(0x7f), fc.nat(0xffff)), { maxLength: MAX_LENGTH })
  .map((units) => String.fromCharCode(...units));
