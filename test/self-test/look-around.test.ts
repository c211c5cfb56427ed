/** Which made-up secrets a child of the program may show. */
import { expect, it } from 'vitest';
import { createCanaryBook } from '../../src/self-test/canaries.ts';
import { inChild } from '../../src/self-test/look-around.ts';

it('the program that lists the variables of the login shell may show those, and no other child may', () => {
  let made = 0;
  const book = createCanaryBook((length) => String((made += 1)).padEnd(length, 'x'));
  for (const name of [
    'login shell: SYNTHETIC_API_KEY',
    'env: AWS_SECRET_ACCESS_KEY',
    'env: OPENAI_API_KEY',
  ]) {
    book.make(name);
  }
  expect([...inChild(book, 'env -0 ')].toSorted()).toEqual([
    'env: AWS_SECRET_ACCESS_KEY',
    'login shell: SYNTHETIC_API_KEY',
  ]);
  for (const other of ['/bin/sh -l -c env -0 ', 'env -0 x', 'aws-chain']) {
    expect([...inChild(book, other)]).toEqual(['env: AWS_SECRET_ACCESS_KEY']);
  }
});
