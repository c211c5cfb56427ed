/** A folder for one use: private, below the folder for temporary files, and gone afterwards with all that is in it. */
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

export interface ScratchFolder {
  readonly path: string;
  /** Writes a file with 0600, in folders with 0700. The path counts from the folder. */
  readonly write: (path: string, text: string) => Promise<void>;
  /** Every file below, with its text, one character for each byte where it is no UTF-8. */
  readonly readAll: () => Promise<readonly { readonly path: string; readonly text: string }[]>;
  readonly remove: () => Promise<void>;
}

/** Makes it; the name of the folder begins with `prefix`. */
export async function makeScratchFolder(prefix: string): Promise<ScratchFolder> {
  const path = await mkdtemp(join(tmpdir(), prefix));
  return {
    path,
    async write(name, text) {
      const target = join(path, name);
      await mkdir(dirname(target), { recursive: true, mode: 0o700 });
      await writeFile(target, text, { mode: 0o600 });
    },
    async readAll() {
      const entries = await readdir(path, { recursive: true, withFileTypes: true });
      const files = entries.filter((entry) => entry.isFile());
      const read = files.map(async (entry) => {
        const full = join(entry.parentPath, entry.name);
        // A file that a program is replacing this moment comes with its new name, or not at all.
        const text = await readFile(full, 'latin1').catch(() => '');
        return { path: full.slice(path.length + 1), text };
      });
      return Promise.all(read);
    },
    remove: () => rm(path, { recursive: true, force: true, maxRetries: 3 }),
  };
}
