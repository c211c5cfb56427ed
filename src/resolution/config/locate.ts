/** Which of the operator's possible config files counts. */
import type { FileRead, readTextFile } from '../../platform/files.ts';

/** The first candidate that exists, read or refused. `looked` is every path that was tried, in order. */
export type LocatedConfig =
  | { readonly kind: 'none'; readonly looked: readonly string[] }
  | {
      readonly kind: 'found';
      readonly path: string;
      readonly read: Exclude<FileRead, { kind: 'missing' }>;
      readonly looked: readonly string[];
    };

/** Reads the candidates in order until one is there. A file that is there and unusable ends the search too. */
export async function locateConfig(
  candidates: readonly string[],
  read: typeof readTextFile,
): Promise<LocatedConfig> {
  const looked: string[] = [];
  for (const path of candidates) {
    looked.push(path);
    const file = await read(path, { refuseDeadLink: true });
    if (file.kind !== 'missing') return { kind: 'found', path, read: file, looked };
  }
  return { kind: 'none', looked };
}
