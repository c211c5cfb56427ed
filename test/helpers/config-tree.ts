/** A temporary folder with config files in it, removed by the test that made it. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { findPaths, type Paths } from '../../src/platform/paths.ts';

export interface ConfigTree {
  /** The temporary home. */
  readonly home: string;
  readonly stateDir: string;
  readonly paths: Paths;
  /** Writes a file below the state directory and returns its path. Objects are written as JSON. */
  write(name: string, content: unknown): Promise<string>;
  /** Absolute path of a file below the state directory. */
  at(name: string): string;
  remove(): Promise<void>;
}

/** Makes a home with an empty state directory `.clawdbot`. */
export async function createConfigTree(env: Record<string, string> = {}): Promise<ConfigTree> {
  const home = await mkdtemp(join(tmpdir(), 'config-tree-'));
  const stateDir = join(home, '.clawdbot');
  await mkdir(stateDir, { recursive: true });
  const at = (name: string): string => join(stateDir, name);
  return {
    home,
    stateDir,
    paths: findPaths(env, home),
    at,
    async write(name, content) {
      await mkdir(dirname(at(name)), { recursive: true });
      const isData = typeof content === 'string' || content instanceof Uint8Array;
      await writeFile(at(name), isData ? content : JSON.stringify(content));
      return at(name);
    },
    remove: () => rm(home, { recursive: true, force: true }),
  };
}
