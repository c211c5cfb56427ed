/**
 * The current snapshot of a running server. Changes of files and of runtimes come in one after the other;
 * each that means something gives one new snapshot, put in place in one step. What cannot be read leaves
 * its last good state in use, with a finding that says so.
 */
import { isDeepStrictEqual } from 'node:util';
import type { Discovery } from '../discovery/watcher.ts';
import type { Problem } from '../domain/errors.ts';
import { messageOf } from '../domain/errors.ts';
import type { Finding } from '../domain/finding.ts';
import { NIM_SERVICE } from '../domain/nim-service.ts';
import { Secret } from '../domain/secret.ts';
import { profileStoreFiles } from '../credentials/profile-store.ts';
import {
  buildSnapshot,
  type Fixed,
  type Inputs,
  readConfig,
  readModelsJsonFile,
  readProfiles,
} from '../preparation/inputs.ts';
import type { Logger } from '../platform/logger.ts';
import { watchFiles } from '../platform/watch-files.ts';
import type { DefaultModel } from '../resolution/default-model.ts';
import type { NimServer } from '../resolution/catalog/own-catalog.ts';
import { referencesIn } from '../resolution/secrets-in-use.ts';
import type { Snapshot } from '../resolution/snapshot.ts';

/** An input that is read again when one of its files changes. */
const PARTS = ['config', 'profiles', 'modelsJson', 'settings'] as const;
type Part = (typeof PARTS)[number];

/** What can be in trouble while its last good state is in use. */
type Troubled = Part | 'discovery';

/** The parts of the settings that count at once; the others need a new start. */
export type SettingsReload =
  | { readonly kind: 'loaded'; readonly defaultModelWish: DefaultModel | null }
  | { readonly kind: 'broken'; readonly problem: Problem };

export interface LiveOptions {
  readonly fixed: Fixed;
  readonly inputs: Inputs;
  readonly first: Snapshot;
  readonly discovery: Discovery | null;
  readonly log: Logger;
  readonly reloadSettings: () => Promise<SettingsReload>;
  /** Called after each swap. */
  readonly onSnapshot: (snapshot: Snapshot) => void;
}

export interface LiveSnapshots {
  readonly current: () => Snapshot;
  /** Resolves when every change that was noticed so far is in force. */
  readonly settled: () => Promise<void>;
  /** Reads these inputs again, for one who knows that they were written just now; resolves when they count. */
  readonly reread: (parts: readonly Exclude<Part, 'config' | 'modelsJson'>[]) => Promise<void>;
  /** Takes over what a self-hosted NIM server said of itself. */
  readonly setNimServer: (server: NimServer) => void;
  /** Takes over what is wrong with the file of the tokens, which somebody else reads; null: nothing. */
  readonly setTokenTrouble: (finding: Finding | null) => void;
  /** Reads models.json again, for one who knows that it was written just now; resolves when it counts. */
  readonly rereadModelsJson: () => Promise<void>;
  /** A new revision of the same inputs, for one who knows that something changed which no file shows. */
  readonly renew: () => void;
  readonly close: () => Promise<void>;
}

/** Begins to watch. */
export function createLiveSnapshots(options: LiveOptions): LiveSnapshots {
  const { fixed, discovery, log, onSnapshot } = options;
  let inputs = options.inputs;
  let snapshot = options.first;
  let closed = false;
  let configFiles: ReadonlySet<string> = new Set(inputs.config.files);
  const troubles = new Map<Troubled, readonly Finding[]>();
  if (inputs.troubles.length > 0) troubles.set('modelsJson', inputs.troubles);

  const swap = (change: Partial<Inputs>): void => {
    inputs = {
      ...inputs,
      ...change,
      previousAutoDefault: snapshot.autoDefault,
      troubles: [...troubles.values()].flat(),
    };
    const next = buildSnapshot(fixed, inputs, snapshot.revision + 1);
    if (!meansSomething(snapshot, next)) return;
    snapshot = next;
    onSnapshot(next);
  };

  const reload: Readonly<Record<Part, () => Promise<Partial<Inputs>>>> = {
    async config() {
      const config = await readConfig(fixed);
      watch.setFiles([...watchedFiles(fixed), ...config.files]);
      // A file that is watched from now on may have changed since it was read.
      if (config.files.some((path) => !configFiles.has(path))) refresh('config');
      configFiles = new Set(config.files);
      if (config.kind === 'broken') return trouble('config', config.problem);
      troubles.delete('config');
      return { config };
    },
    async profiles() {
      return { profiles: await readProfiles(fixed.paths) };
    },
    async modelsJson() {
      // This program writes the file itself: what was found and what was written must change in one swap, also when
      // the file is noticed first.
      const report = await discovery?.inStep();
      const found = report === undefined ? {} : { discovery: report };
      const read = await readModelsJsonFile(fixed);
      if ('finding' in read) {
        troubles.set('modelsJson', [read.finding]);
        return found;
      }
      troubles.delete('modelsJson');
      return { modelsJson: read.view, ...found };
    },
    async settings() {
      const settings = await options.reloadSettings();
      if (settings.kind === 'broken') return trouble('settings', settings.problem);
      troubles.delete('settings');
      return { defaultModelWish: settings.defaultModelWish };
    },
  };

  const trouble = (part: Troubled, { code, detail, hints }: Problem): Partial<Inputs> => {
    troubles.set(part, [{ code, detail, hint: hints[0] ?? 'The last good state stays in use' }]);
    return {};
  };

  /** One change at a time, in the order in which they were noticed. */
  let queue: Promise<void> = Promise.resolve();
  const waiting = new Set<Part>();
  const enqueue = (work: () => Promise<void>): void => {
    queue = queue.then(async () => {
      if (closed) return;
      await work().catch((error: unknown) =>
        log.error('A change could not be taken over', { error: messageOf(error) }),
      );
    });
  };
  const refresh = (part: Part): void => {
    // A part that waits for its turn will see this change too.
    if (waiting.has(part)) return;
    waiting.add(part);
    enqueue(async () => {
      waiting.delete(part);
      swap(await reload[part]());
    });
  };

  const partOf = (path: string): Part => {
    if (path === fixed.modelsJsonPath) return 'modelsJson';
    if (path === fixed.paths.settings) return 'settings';
    return profileStoreFiles(fixed.paths).includes(path) ? 'profiles' : 'config';
  };
  const watch = watchFiles(
    (path) => refresh(partOf(path)),
    (error) => log.warn('Watching files failed', { error: messageOf(error) }),
  );
  watch.setFiles([...watchedFiles(fixed), ...inputs.config.files]);
  // What changed between the first read and this moment was seen by nobody.
  for (const part of PARTS) refresh(part);

  const unsubscribe = discovery?.onChange((report) => {
    // models.json was kept in step before the report came: both change in one swap.
    enqueue(async () => {
      const problem = discovery.writeProblem();
      if (problem === null) troubles.delete('discovery');
      else trouble('discovery', problem);
      swap({ discovery: report, ...(await reload.modelsJson()) });
    });
  });

  return {
    current: () => snapshot,
    settled: () => queue,
    reread: (parts) => {
      for (const part of parts) refresh(part);
      return queue;
    },
    setNimServer: (nimServer) => enqueue(() => Promise.resolve(swap({ nimServer }))),
    setTokenTrouble: (tokenTrouble) => enqueue(() => Promise.resolve(swap({ tokenTrouble }))),
    rereadModelsJson: () => {
      refresh('modelsJson');
      return queue;
    },
    renew: () =>
      enqueue(() =>
        Promise.resolve().then(() => {
          snapshot = { ...snapshot, revision: snapshot.revision + 1 };
          onSnapshot(snapshot);
        }),
      ),
    async close() {
      closed = true;
      unsubscribe?.();
      await watch.close();
      await queue;
    },
  };
}

function watchedFiles(fixed: Fixed): readonly string[] {
  const modelsJson = fixed.discoverySkipped === null ? [fixed.modelsJsonPath] : [];
  return [...modelsJson, fixed.paths.settings, ...profileStoreFiles(fixed.paths)];
}

/** False when a file was touched and says what it said before. */
function meansSomething(before: Snapshot, after: Snapshot): boolean {
  return !isDeepStrictEqual(comparable(before), comparable(after));
}

/** What can change; a secret hides from comparison, so the values in use stand here by themselves. */
function comparable(snapshot: Snapshot): unknown {
  // The only part of the catalog that changes while the program runs.
  const nim = snapshot.providers.bySource.catalog.get(NIM_SERVICE.id);
  const { env, modelsJson, config, configPath, profiles, discovery, defaultModelWish, findings } = snapshot;
  const { shellVariables, references } = snapshot;
  const values = profiles.stores.map((store) =>
    store.profiles.map((profile) =>
      profile.kind === 'credential' && profile.value instanceof Secret ? profile.value.reveal() : null,
    ),
  );
  const referred = referencesIn(snapshot).map((reference) => {
    const outcome = references.peek(reference);
    return outcome?.kind === 'resolved' ? outcome.value.reveal() : outcome;
  });
  const inputs = { env, shellVariables, modelsJson, config, configPath, profiles, discovery };
  return { ...inputs, nim, values, referred, defaultModelWish, findings };
}
