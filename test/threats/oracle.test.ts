/** The judge of harm: it notices a part of a secret, a changed file and a visit at the decoy. */
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { type Decoy, startDecoy } from './decoy.ts';
import { type Oracle, watch } from './oracle.ts';

const SECRET = 'q7w8e9r0t1y2u3i4o5p6';

let folder: string;
let decoy: Decoy;
let oracle: Oracle;
let printed = '';
let revision = 1;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sidecar-oracle-'));
  await writeFile(join(folder, 'file'), 'one');
  decoy = await startDecoy();
  printed = '';
  revision = 1;
  oracle = await watch({
    canaries: () => [{ name: 'it', value: SECRET }],
    folders: [folder],
    ask: () => Promise.resolve({ revision }),
    decoy,
    printed: () => printed,
  });
});
afterEach(async () => {
  await decoy.close();
  await rm(folder, { recursive: true, force: true });
});

it('eight characters of a secret in a row are noticed wherever they stand, seven are not', () => {
  for (let before = 0; before < 20; before += 1) {
    for (let from = 0; from + 8 <= SECRET.length; from += 1) {
      const around = (part: string): string => `${'.'.repeat(before)}${part}...`;
      expect(oracle.secretsIn(around(SECRET.slice(from, from + 8)))).toEqual(['it']);
      expect(oracle.secretsIn(around(SECRET.slice(from, from + 7)))).toEqual([]);
    }
  }
});

it('and what is left of it in hexadecimal and in Base64', () => {
  for (let before = 0; before < 20; before += 1) {
    const text = `${'.'.repeat(before)}${SECRET}`;
    expect(oracle.secretsIn(Buffer.from(text).toString('base64'))).toEqual(['it']);
    expect(oracle.secretsIn(Buffer.from(text).toString('base64url'))).toEqual(['it']);
    expect(oracle.secretsIn(`${'.'.repeat(before)}${Buffer.from(SECRET).toString('hex')}`)).toEqual(['it']);
  }
  expect(() => oracle.expectNoSecret(SECRET)).toThrow('it');
  oracle.expectNoSecret(SECRET, ['it']);
});

it.each([
  ['another text in a file', () => writeFile(join(folder, 'file'), 'two')],
  ['another mode of a file', () => chmod(join(folder, 'file'), 0o600)],
  ['a new file', () => writeFile(join(folder, 'more'), '')],
  ['a file that is gone', () => rm(join(folder, 'file'))],
  ['another mode of the folder', () => chmod(folder, 0o755)],
  [
    'another answer',
    (): void => {
      revision = 2;
    },
  ],
  [
    'a secret in what is printed',
    (): void => {
      printed = `token=${SECRET}`;
    },
  ],
  ['a visit at the decoy', () => fetch(decoy.url)],
] as const)('%s is harm', async (_name, change) => {
  await oracle.expectUnharmed();
  await change();
  await expect(oracle.expectUnharmed()).rejects.toThrow();
});
