/** "start to listening": what the built program loads for it, as V8 itself reports; and what the package holds. */
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, relative, resolve } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import * as z from 'zod';
import { startCli } from '../helpers/cli.ts';

const DIST = resolve(import.meta.dirname, '../../dist');

/** Files that a run of the program loads. */
async function loadedBy(args: readonly string[], ready?: RegExp): Promise<string[]> {
  const home = await mkdtemp(join(tmpdir(), 'loaded-'));
  onTestFinished(() => rm(home, { recursive: true, force: true }));
  const coverage = join(home, 'coverage');
  const env = { CLAWDBOT_SKIP_LOCAL_DISCOVERY: '1', NODE_V8_COVERAGE: coverage };
  const program = startCli(args, { home, env });
  if (ready !== undefined) await program.until(ready);
  await (ready === undefined ? program.ended() : program.stop());
  const report = z.object({ result: z.array(z.object({ url: z.string() })) });
  const [file = ''] = await readdir(coverage);
  const { result } = report.parse(JSON.parse(await readFile(join(coverage, file), 'utf8')));
  return result.map(({ url }) => url).filter((url) => url.startsWith('file:'));
}

it('a server that starts loads few files, and none of a package', async () => {
  const files = await loadedBy(['serve', '--port', '0'], /Listening on/);
  expect(files.some((url) => url.endsWith('dist/cli.js'))).toBe(true);
  expect(files.filter((url) => url.includes('node_modules'))).toEqual([]);
  expect(files.length).toBeLessThan(100);
});

it('a resolution loads none of what only the server needs', async () => {
  const files = await loadedBy(['resolve', 'openai/gpt-5', '--offline']);
  const texts = await Promise.all(files.map((url) => readFile(new URL(url), 'utf8')));
  expect(texts.filter((text) => /^\/\/ node_modules\/(?:hono|pino|chokidar|undici)\//m.test(text))).toEqual(
    [],
  );
  expect(texts.filter((text) => /^\/\/ node_modules\/zod\//m.test(text))).not.toEqual([]);
});

it('the licence of each package whose code is in the program goes with it', async () => {
  const names = await readdir(join(DIST, 'program'));
  const texts = await Promise.all(
    [join(DIST, 'cli.js'), ...names.map((name) => join(DIST, 'program', name))].map((path) =>
      readFile(path, 'utf8'),
    ),
  );
  const parts = texts.flatMap((text) => [...text.matchAll(/^\/\/ node_modules\/((?:@[^/]+\/)?[^/]+)/gm)]);
  const packages = new Set(parts.map(([, name = '']) => name));
  expect(packages.size).toBeGreaterThan(5);
  const licences = await readFile(join(DIST, 'THIRD-PARTY.txt'), 'utf8');
  for (const name of packages) expect(licences).toMatch(new RegExp(`^${name} \\d+\\.\\d+\\.\\d+ \\(`, 'm'));
});

it('the package holds everything that its library and the types of it refer to', async () => {
  const root = join(DIST, '..');
  const manifest = z.object({ files: z.array(z.string()) });
  const { files } = manifest.parse(JSON.parse(await readFile(join(root, 'package.json'), 'utf8')));
  const reached = new Set<string>();
  const visit = async (path: string): Promise<void> => {
    if (reached.has(path)) return;
    reached.add(path);
    const text = await readFile(path, 'utf8');
    for (const [, to = ''] of text.matchAll(/(?:from|import\() ?'(\.[^']+)'/g)) {
      const target = resolve(dirname(path), to);
      await visit(path.endsWith('.d.ts') ? target.replace(/\.[jt]s$/, '.d.ts') : target);
    }
  };
  for (const entry of ['index', 'client/client']) {
    await visit(join(DIST, `${entry}.js`));
    await visit(join(DIST, `${entry}.d.ts`));
  }
  expect(reached.size).toBeGreaterThan(20);
  const missing = [...reached]
    .map((path) => relative(root, path))
    .filter((path) => !files.some((entry) => path === entry || path.startsWith(`${entry}/`)));
  expect(missing).toEqual([]);
});
