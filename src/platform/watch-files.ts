/**
 * Telling when files change: also files that do not exist yet, in folders that do not exist yet. Reports
 * which path changed; what to do about it is the caller's.
 */
import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import { type FSWatcher, watch } from 'chokidar';

export interface FileWatch {
  /** Replaces the set of watched paths. */
  setFiles(paths: readonly string[]): void;
  close(): Promise<void>;
}

/** How often folders that do not exist yet are looked for, in milliseconds: no event announces them. */
const FOLDER_CHECK_MS = 1_000;

/**
 * Watches files. `onChange` is called with the path for a creation, a change or a removal.
 *
 * @param onError called with a failure of the watcher itself; watching goes on as far as it can
 */
export function watchFiles(onChange: (path: string) => void, onError: (error: unknown) => void): FileWatch {
  const watcher: FSWatcher = watch([], {
    ignoreInitial: true,
    // Editors replace a file by unlink and rename; the default of 100 ms is all the time there is.
    atomic: 20,
    depth: 0,
  });
  watcher.on('all', (_event, path) => onChange(path));
  watcher.on('error', onError);
  let wanted: readonly string[] = [];
  let watched = new Set<string>();

  const adopt = (announce: boolean): void => {
    for (const path of wanted) {
      if (watched.has(path) || !existsSync(dirname(path))) continue;
      watched.add(path);
      watcher.add(path);
      if (announce && existsSync(path)) onChange(path);
    }
    for (const path of watched) {
      if (!wanted.includes(path) || !existsSync(dirname(path))) {
        watched.delete(path);
        watcher.unwatch(path);
      }
    }
  };
  const timer = setInterval(() => adopt(true), FOLDER_CHECK_MS);
  timer.unref();

  return {
    setFiles(paths) {
      wanted = [...new Set(paths)];
      adopt(false);
    },
    async close() {
      clearInterval(timer);
      watched = new Set();
      await watcher.close();
    },
  };
}
