// Copies the data files that stand beside the sources (src/**/*.json) into dist, where tsc does not put them.
import { copyFile, mkdir, readdir } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const source = fileURLToPath(new URL('../src', import.meta.url));
const target = fileURLToPath(new URL('../dist', import.meta.url));

const entries = await readdir(source, { recursive: true, withFileTypes: true });
const files = entries.filter((entry) => entry.isFile() && entry.name.endsWith('.json'));
// A build without its data would start and then fail on the first look-up.
if (files.length === 0) throw new Error(`No data files under ${source}`);

for (const file of files) {
  const from = join(file.parentPath, file.name);
  const to = join(target, relative(source, from));
  await mkdir(dirname(to), { recursive: true });
  await copyFile(from, to);
}
