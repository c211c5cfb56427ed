/** Runs a short program in a process of its own, with the project's TypeScript sources importable. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);

/**
 * Runs an ES module text and returns what it printed. The child has a bare environment.
 *
 * @param code may import the sources by the URLs that `sourceUrl` gives; reads its arguments from `process.argv`
 * @throws Error when the child exits with another code than 0
 */
export async function runChild(code: string, args: readonly string[] = []): Promise<string> {
  const { stdout } = await run(
    process.execPath,
    ['--import', 'tsx', '--input-type=module', '--eval', code, '--', ...args],
    { env: { PATH: process.env['PATH'], TZ: 'UTC' } },
  );
  return stdout;
}

/** URL of a source file, quoted for an import statement: `sourceUrl('platform/files.ts')`. */
export function sourceUrl(path: string): string {
  return JSON.stringify(new URL(`../../src/${path}`, import.meta.url).href);
}
