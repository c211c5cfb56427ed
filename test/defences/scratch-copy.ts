/** A copy of the project in a temporary folder, in which one defence at a time can be taken away. */
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import * as z from 'zod';
import type { Defence, Place } from './defence.ts';

const ROOT = resolve(import.meta.dirname, '../..');
const run = promisify(execFile);

/** What no test reads, or what is linked instead. */
const LEFT_OUT = new Set(['node_modules', '.git']);

/** A test gets less time than usual: without their defence some would wait for ever. */
const TEST_TIMEOUT_MS = 20_000;

/** How long one run of the tests may take in all. */
const RUN_TIMEOUT_MS = 240_000;

const reportSchema = z.object({
  testResults: z.array(
    z.object({
      message: z.string(),
      assertionResults: z.array(
        z.object({
          title: z.string(),
          status: z.string(),
          failureMessages: z.array(z.string()),
        }),
      ),
    }),
  ),
});

/** What the test did while the defence was gone. */
export interface Outcome {
  /** Names of tests that failed. */
  readonly failed: readonly string[];
  /** Names of tests that passed all the same. */
  readonly passed: readonly string[];
  /** Why there is no result, for a person. */
  readonly notes: string;
}

/** A copy of the project; `remove` deletes it. */
export interface ScratchCopy {
  /** Takes one defence away, runs the test that should notice, and puts the defence back. */
  readonly without: (defence: Defence) => Promise<Outcome>;
  readonly remove: () => Promise<void>;
}

/** Copies the project; packages are linked. */
export async function makeScratchCopy(): Promise<ScratchCopy> {
  const folder = await mkdtemp(join(tmpdir(), 'provider-sidecar-defences-'));
  await cp(ROOT, folder, {
    recursive: true,
    filter: (path) => path === ROOT || !LEFT_OUT.has(basename(path)),
  });
  await symlink(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
  const build = async (): Promise<void> => {
    await run('npm', ['run', '--silent', 'build'], { cwd: folder });
  };
  return {
    without: async (defence) => {
      const kept = new Map<string, string>();
      try {
        for (const place of placesOf(defence)) {
          const path = join(folder, place.file);
          const source = await readFile(path, 'utf8');
          if (!kept.has(path)) kept.set(path, source);
          await writeFile(path, takeAway(source, place));
        }
        await build();
        return await runTest(folder, defence);
      } finally {
        for (const [path, source] of kept) await writeFile(path, source);
      }
    },
    remove: () => rm(folder, { recursive: true, force: true }),
  };
}

/** Everywhere that something has to go. */
export function placesOf(defence: Defence): readonly Place[] {
  return [defence, ...(defence.also ?? [])];
}

/** The file without its defence. */
export function takeAway(source: string, { file, defence, without }: Place): string {
  const [before, after, ...more] = source.split(defence);
  if (before === undefined || after === undefined || more.length > 0) {
    throw new Error(`${file} has to hold this exactly once: ${defence}`);
  }
  return `${before}${without}${after}`;
}

/** Runs the tests of that name; that some fail is what is hoped for here. */
async function runTest(folder: string, { test, fails }: Defence): Promise<Outcome> {
  const report = join(folder, 'report.json');
  await rm(report, { force: true });
  const ended = await runToItsEnd(
    [
      'node_modules/vitest/vitest.mjs',
      'run',
      test,
      `--testNamePattern=${asPattern(fails)}`,
      `--testTimeout=${TEST_TIMEOUT_MS}`,
      '--reporter=json',
      `--outputFile=${report}`,
    ],
    folder,
  );
  const text = await readFile(report, 'utf8').catch(() => undefined);
  if (text === undefined) return { failed: [], passed: [], notes: `no report: ${ended}` };
  const suites = reportSchema.parse(JSON.parse(text)).testResults;
  const tests = suites.flatMap(({ assertionResults }) => assertionResults);
  const titles = (status: string): string[] =>
    tests.filter((one) => one.status === status).map(({ title }) => title);
  return {
    failed: titles('failed'),
    passed: titles('passed'),
    notes: suites.map(({ message }) => message).join('\n'),
  };
}

/**
 * Runs Node in a process group of its own, and ends whatever is left of it: a server that should not have started
 * is still there when its test has given up.
 *
 * @returns the end of what it said
 */
async function runToItsEnd(args: readonly string[], folder: string): Promise<string> {
  const child = spawn(process.execPath, args, {
    cwd: folder,
    detached: true,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said = (said + text).slice(-4_096);
  });
  const endAll = (): void => {
    try {
      if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
    } catch {
      // Nothing is left of it.
    }
  };
  const timer = setTimeout(endAll, RUN_TIMEOUT_MS);
  await once(child, 'exit');
  clearTimeout(timer);
  endAll();
  return `exit code ${String(child.exitCode)}: ${said}`;
}

/** The text as a pattern that matches it alone. */
function asPattern(text: string): string {
  return text.replaceAll(/[\\^$.*+?()[\]{}|]/g, '\\$&');
}
