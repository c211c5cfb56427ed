// Puts the program that tsc has compiled module by module into few files: loading hundreds of modules, the ones of
// small packages among them, took most of the time of every start. What a command needs is still loaded when it is
// called, and the large packages stay outside and come on first use. Not minified: a stack trace stays readable.
import { copyFile, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = fileURLToPath(new URL('..', import.meta.url));
const program = join(root, 'dist/program');

/** Loaded by few runs, or too large: npm installs them beside the program. */
const EXTERNAL = [
  '@aws-sdk/credential-providers',
  '@smithy/signature-v4',
  'bonjour-service',
  'open',
  'openid-client',
  'prom-client',
  // The loader of a program that still is TypeScript.
  'tsx',
];

/** Files that the program finds beside the module that asks for them. */
const DATA = ['src/resolution/catalog/pi-ai.json'];

const { metafile } = await build({
  absWorkingDir: root,
  entryPoints: [
    { in: 'src/cli.ts', out: 'cli' },
    { in: 'src/credentials/aws/chain-program.ts', out: 'program/chain-program' },
  ],
  outdir: 'dist',
  chunkNames: 'program/[name]-[hash]',
  bundle: true,
  splitting: true,
  platform: 'node',
  format: 'esm',
  target: 'node20.19',
  external: EXTERNAL,
  // The same names of files on every machine, wherever node_modules leads.
  preserveSymlinks: true,
  // Packages that are no ES modules ask for Node's own with `require`.
  banner: {
    js: "import { createRequire as requireFrom } from 'node:module';\nconst require = requireFrom(import.meta.url);",
  },
  // The licences stand in a file of their own.
  legalComments: 'none',
  metafile: true,
  logLevel: 'warning',
});

// They are looked for beside the module that asks, and all of those must stand in this one folder.
const entry = await readFile(join(root, 'dist/cli.js'), 'utf8');
if (/new URL\([^)]*import\.meta\.url/.test(entry)) throw new Error('dist/cli.js asks for a file beside it');
for (const path of DATA) await copyFile(join(root, path), join(program, basename(path)));

// Last, so that a program that starts meanwhile finds its files, old or new.
const made = new Set([...Object.keys(metafile.outputs), ...DATA].map((path) => basename(path)));
for (const name of await readdir(program)) {
  if (!made.has(name)) await rm(join(program, name));
}

await writeFile(join(root, 'dist/THIRD-PARTY.txt'), await licencesOf(Object.keys(metafile.inputs)));

/** The licence of each package whose code is in the bundle, which must go with every copy of it. */
async function licencesOf(inputs) {
  const folders = new Set(
    inputs.flatMap((path) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(path)?.[0] ?? []),
  );
  const parts = await Promise.all([...folders].sort((a, b) => a.localeCompare(b, 'en')).map(licenceOf));
  const head = 'The files of this folder contain code of these packages, each under its own licence.';
  return [head, ...parts].join(`\n\n${'-'.repeat(80)}\n\n`);
}

async function licenceOf(folder) {
  const { name, version, license } = JSON.parse(await readFile(join(root, folder, 'package.json'), 'utf8'));
  const file = (await readdir(join(root, folder))).find((entry) => /^licen[cs]e/i.test(entry));
  if (file === undefined) throw new Error(`${name} is bundled and brings no text of its licence`);
  const text = await readFile(join(root, folder, file), 'utf8');
  return `${name} ${version} (${license})\n\n${text.trim()}`;
}
