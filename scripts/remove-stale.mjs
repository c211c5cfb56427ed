// Removes from dist what an earlier build made of a source that is gone: a program or a test that still wants it must
// fail here as it would on a fresh machine. What a running server may still load stays.
import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');
const dist = join(root, 'dist');

for (const name of readdirSync(dist, { recursive: true, encoding: 'utf8' })) {
  const source = /^(?!program\/)(.*)\.(?:d\.ts|js)(?:\.map)?$/.exec(name.replaceAll('\\', '/'))?.[1];
  if (source !== undefined && !existsSync(join(root, 'src', `${source}.ts`))) rmSync(join(dist, name));
}
