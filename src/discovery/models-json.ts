/**
 * models.json: discovery's own providers are brought up to date, everybody else's are kept as they are. The
 * file is written atomically, under a lock, and only when it changes; a corrupt one is moved aside, and one
 * that the operator deleted stays away until an explicit scan.
 */
import { dirname } from 'node:path';
import type { DiscoveryReport } from '../domain/runtime-state.ts';
import type { Clock } from '../platform/clock.ts';
import {
  ensurePrivateFolder,
  moveAside,
  readTextFile,
  removeDrafts,
  withFileLock,
  writePrivateFile,
} from '../platform/files.ts';
import type { Logger } from '../platform/logger.ts';
import {
  hostsOf,
  isLookedAt,
  isOurs,
  parseModelsJson,
  printModelsJson,
  providersOf,
  readOwnership,
  type Entries,
  type Ownership,
} from './models-json-content.ts';
import type { Claims } from './provider-ids.ts';
import { parseRememberedIds, printRememberedIds, rememberedIdsPath } from './remembered-ids.ts';

/** What a merge gives. `text` is the file that should stand there; a corrupt one is rebuilt from the report. */
export type Merge =
  | { readonly kind: 'merged'; readonly text: string; readonly changed: boolean }
  | { readonly kind: 'corrupt'; readonly text: string; readonly detail: string };

/** Merges a report into the text of models.json; null stands for no file. */
export function mergeModelsJson(
  current: string | null,
  report: DiscoveryReport,
  remembered: Claims = new Map(),
): Merge {
  const found = providersOf(report);
  const empty = { rest: [], providers: [] };
  const parsed = current === null ? empty : parseModelsJson(current);
  if ('detail' in parsed) {
    return { kind: 'corrupt', text: printModelsJson([], [...found]), detail: parsed.detail };
  }
  const marks = { hosts: hostsOf(report.endpoints.map(({ url }) => url)), remembered };
  const kept = parsed.providers.flatMap(([id, entry]): Entries => {
    if (!isOurs(id, entry, marks)) return [[id, entry]];
    const fresh = found.get(id);
    return fresh === undefined ? [] : [[id, fresh]];
  });
  const present = new Set(kept.map(([id]) => id));
  const added = [...found].filter(([id]) => !present.has(id));
  const text = printModelsJson(parsed.rest, [...kept, ...added]);
  // Compared by content, so that an operator's own layout of an otherwise equal file survives.
  const changed = current === null || compact(text) !== compact(current);
  return { kind: 'merged', text: changed ? text : current, changed };
}

function compact(text: string): string {
  return JSON.stringify(JSON.parse(text));
}

/** What became of a sync. */
export type SyncOutcome =
  | { readonly kind: 'unchanged' }
  /** `movedTo` is where a corrupt file stands now, which was there before. */
  | { readonly kind: 'written'; readonly movedTo?: string }
  /** The operator deleted the file; nothing was written. */
  | { readonly kind: 'withheld' }
  /** The file is not one that may be replaced. */
  | { readonly kind: 'refused'; readonly detail: string };

/** How a sync behaves. */
export interface SyncOptions {
  /** True: an operator asked for this scan, so a deleted file is written again. */
  readonly explicit: boolean;
  /** Ids that endpoints have or had: kept beside the file, for those at places that are looked at. */
  readonly claims: Claims;
}

/** The models.json of this process. */
export interface ModelsJsonFile {
  readonly path: string;
  /** Brings the file up to date. Throws `cannot-write` when the disk refuses. */
  sync(report: DiscoveryReport, options: SyncOptions): Promise<SyncOutcome>;
  /** Who owns which provider, as the file and the ids beside it stand. */
  ownership(hosts: ReadonlySet<string>): Promise<Ownership>;
}

/** What the file is built from. */
export interface ModelsJsonFileDeps {
  readonly path: string;
  readonly clock: Clock;
  readonly log: Pick<Logger, 'warn'>;
}

type Current =
  | { readonly kind: 'text'; readonly text: string | null }
  | { readonly kind: 'broken'; readonly detail: string }
  | { readonly kind: 'refused'; readonly detail: string };

async function readCurrent(path: string): Promise<Current> {
  const file = await readTextFile(path, { refuseDeadLink: true });
  if (file.kind === 'missing') return { kind: 'text', text: null };
  if (file.kind === 'text') return { kind: 'text', text: file.text };
  return file.reason === 'not-utf8'
    ? { kind: 'broken', detail: 'it is not UTF-8 text' }
    : { kind: 'refused', detail: file.detail };
}

/** Text of the ids; one that others may have written, or that cannot be read, counts as none. */
async function readIds(idsPath: string): Promise<string | null> {
  const file = await readTextFile(idsPath, { trust: 'private' });
  return file.kind === 'text' ? file.text : null;
}

/** The text that a sync would give to a models.json, or null for a file that may not be replaced. Writes nothing. */
export async function previewModelsJson(path: string, report: DiscoveryReport): Promise<string | null> {
  const [current, ids] = [await readCurrent(path), await readIds(rememberedIdsPath(path))];
  if (current.kind === 'refused') return null;
  const text = current.kind === 'text' ? current.text : null;
  return mergeModelsJson(text, report, parseRememberedIds(ids)).text;
}

/** Creates the file's keeper; touches nothing until it is asked to. */
export function createModelsJsonFile({ path, clock, log }: ModelsJsonFileDeps): ModelsJsonFile {
  // Set once this process wrote or saw the file: from then on its absence is the operator's doing.
  let wasThere = false;
  const idsPath = rememberedIdsPath(path);

  const read = async (): Promise<Current> => {
    const current = await readCurrent(path);
    if (current.kind !== 'text' || current.text !== null) wasThere = true;
    return current;
  };

  const isWithheld = (current: Current, explicit: boolean): boolean =>
    current.kind === 'text' && current.text === null && wasThere && !explicit;

  const writeUnderLock = async (
    report: DiscoveryReport,
    { explicit }: SyncOptions,
    ids: string,
  ): Promise<SyncOutcome> => {
    await removeDrafts(path);
    await removeDrafts(idsPath);
    const [current, idsBefore] = [await read(), await readIds(idsPath)];
    if (current.kind === 'refused') return current;
    // It may have been deleted while the lock was waited for.
    if (isWithheld(current, explicit)) return { kind: 'withheld' };
    const text = current.kind === 'text' ? current.text : null;
    const outcome = await writeMerged(current, mergeModelsJson(text, report, parseRememberedIds(idsBefore)));
    // Last: as long as an entry stands, it must be known as ours.
    if (ids !== idsBefore) await writePrivateFile(idsPath, ids);
    return outcome;
  };

  const writeMerged = async (current: Current, merge: Merge): Promise<SyncOutcome> => {
    if (merge.kind === 'merged' && !merge.changed) return { kind: 'unchanged' };
    const defect =
      current.kind === 'broken' ? current.detail : merge.kind === 'corrupt' ? merge.detail : undefined;
    let movedTo: string | undefined;
    if (defect !== undefined) {
      movedTo = await moveAside(path, clock());
      // Gone by our own hand: if the write fails now, that must not look like the operator's wish.
      wasThere = false;
      log.warn(`models.json was corrupt (${defect}) and has been rebuilt`, { path, movedTo });
    }
    await writePrivateFile(path, merge.text);
    wasThere = true;
    return { kind: 'written', ...(movedTo === undefined ? {} : { movedTo }) };
  };

  return {
    path,
    sync: async (report, options) => {
      const [current, idsBefore] = [await read(), await readIds(idsPath)];
      if (current.kind === 'refused') return current;
      if (isWithheld(current, options.explicit)) return { kind: 'withheld' };
      const hosts = hostsOf(report.endpoints.map(({ url }) => url));
      const ids = printRememberedIds(
        new Map([...options.claims].filter(([root]) => isLookedAt(root, hosts))),
      );
      if (current.kind === 'text') {
        const merge = mergeModelsJson(current.text, report, parseRememberedIds(idsBefore));
        if (merge.kind === 'merged' && !merge.changed && ids === idsBefore) return { kind: 'unchanged' };
      }
      // Made only when it is missing: the mode of a folder that the operator chose is his business.
      const folder = dirname(path);
      if ((await readTextFile(folder)).kind === 'missing') await ensurePrivateFolder(folder);
      return withFileLock(path, () => writeUnderLock(report, options, ids));
    },
    ownership: async (hosts) => {
      const file = await readTextFile(path);
      const remembered = parseRememberedIds(await readIds(idsPath));
      return readOwnership(file.kind === 'text' ? file.text : null, { hosts, remembered });
    },
  };
}
