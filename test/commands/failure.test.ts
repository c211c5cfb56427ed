import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { lastWords } from '../../src/commands/failure.ts';

const KEY = 'sk-canary-0123456789';

it.each([
  ['a variable for a secret', { OPENAI_API_KEY: KEY }, []],
  ['a secret that was learned', {}, [KEY]],
  ['a longer secret that begins with another one', { A_TOKEN: KEY.slice(0, 12) }, [KEY]],
])('strikes out %s', (_what, env, secrets) => {
  expect(lastWords(new Error(`refused ${KEY}.`), env, secrets)).toBe(
    'provider-sidecar failed: refused [secret].\n',
  );
});

it('is one line of limited length, whatever was thrown', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string({ unit: 'binary' }), fc.anything()), (thrown) => {
      const text = lastWords(typeof thrown === 'string' ? new Error(thrown) : { toString: () => 'x' }, {});
      expect(text).toMatch(/^provider-sidecar failed: .*\n$/u);
      expect(text.length).toBeLessThan(600);
    }),
  );
});
