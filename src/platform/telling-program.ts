/** The text of a program for self-tests that tells what the system gave it. */

/** A program that prints a secret, and writes down the variables and the arguments that it was given. */
export function tellingProgram(printed: string): string {
  return `import { mkdirSync, writeFileSync } from 'node:fs';
const folder = new URL('./seen/', import.meta.url);
mkdirSync(folder, { recursive: true });
writeFileSync(new URL(process.pid + '.json', folder), JSON.stringify({ env: process.env, argv: process.argv }));
process.stdout.write(${JSON.stringify(printed)});
`;
}
