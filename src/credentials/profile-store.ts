/**
 * Loading the files that profiles are kept in: the sidecar's own store, and the store of the operator's
 * agent, which is only ever read. A file that is there and cannot be used is reported with its path.
 */
import { dirname, join } from 'node:path';
import type { Finding } from '../domain/finding.ts';
import { quoteUntrusted } from '../domain/untrusted-text.ts';
import type { FileRead, ReadOptions } from '../platform/files.ts';
import type { Paths } from '../platform/paths.ts';
import { parseAuthProfiles, parseAuthState, parseFlatCredentials } from './auth-profiles.ts';
import type { ParsedStore, StoreState } from './auth-profiles.ts';
import { overlayMaps } from './overlay.ts';
import type { StoredProfile } from './stored-profile.ts';

/** Whose store it is: this program's, or the operator's agent's. */
export type StorePlace = 'sidecar' | 'moltbot';

/** One store file and what it holds. */
export interface ProfileStore extends StoreState {
  readonly place: StorePlace;
  readonly path: string;
  readonly state: 'missing' | 'loaded' | 'broken';
  /** Why the store is broken, with its path. */
  readonly detail?: string;
  /** True when users other than its owner can read the file. */
  readonly isOpenToOthers?: boolean;
  /** In the order of the file. */
  readonly profiles: readonly StoredProfile[];
}

/** Every store that counts. */
export interface ProfileStores {
  /** Strongest first: the sidecar's, the agent's, the main agent's below it, then files from before profiles. */
  readonly stores: readonly ProfileStore[];
  /** Files next to the stores that are broken: the order and the recorded use are then unknown. */
  readonly brokenState: ReadonlyArray<{ readonly path: string; readonly detail: string }>;
  /** What the operator should know about places that are not read. */
  readonly notes: readonly string[];
}

/** What loading needs from outside. */
export interface ProfileStoreInput {
  readonly paths: Pick<Paths, 'stateDir' | 'agentDir' | 'ownProfiles' | 'oauthJson'>;
  readonly readTextFile: (path: string, options?: ReadOptions) => Promise<FileRead>;
  readonly exists: (path: string) => boolean;
}

const STORE_NAME = 'auth-profiles.json';
const STATE_NAME = 'auth-state.json';
const SQLITE_NAME = 'openclaw-agent.sqlite';
/** From before profiles. */
const FLAT_NAME = 'auth.json';

/** Largest store that is read, in bytes: larger than any real one by far, and small enough to parse in no time. */
export const MAX_STORE_BYTES = 1024 * 1024;

const NOTHING: StoreState & { readonly profiles: readonly StoredProfile[] } = {
  profiles: [],
  order: new Map(),
  usage: new Map(),
};

/** Every file that `loadProfileStores` looks at, also those that do not exist: what a watcher has to watch. */
export function profileStoreFiles(paths: ProfileStoreInput['paths']): readonly string[] {
  const agents = agentFolders(paths).flatMap((folder) =>
    [STORE_NAME, STATE_NAME, SQLITE_NAME, FLAT_NAME].map((name) => join(folder, name)),
  );
  return [paths.ownProfiles, ...agents, paths.oauthJson];
}

/** Reads every store. Never throws for what a file holds, and never writes. */
export async function loadProfileStores(input: ProfileStoreInput): Promise<ProfileStores> {
  const folders = agentFolders(input.paths);
  const flatFiles = [...folders.map((folder) => join(folder, FLAT_NAME)), input.paths.oauthJson];
  const [own, agents, flat] = await Promise.all([
    loadStore(input, 'sidecar', input.paths.ownProfiles, parseAuthProfiles),
    Promise.all(folders.map((folder) => loadAgentStore(input, folder))),
    Promise.all(flatFiles.map((path) => loadStore(input, 'moltbot', path, parseFlatCredentials))),
  ]);
  return {
    // A file from before profiles is usually not there, and then it is not worth a word.
    stores: [own, ...agents.map(({ store }) => store), ...flat.filter(({ state }) => state !== 'missing')],
    brokenState: agents.flatMap(({ brokenState }) => (brokenState === undefined ? [] : [brokenState])),
    notes: folders
      .map((folder) => join(folder, SQLITE_NAME))
      .filter(input.exists)
      .map(sqliteNote),
  };
}

/**
 * What is wrong with the stores, one finding each. A profile that merely holds no key of its own (a marker,
 * a reference) is no finding: other tools write such profiles on purpose, and a resolution explains them.
 */
export function profileFindings({ stores, brokenState }: ProfileStores): Finding[] {
  const files = stores.flatMap(({ state, path, detail }) =>
    state === 'broken' ? [finding(detail ?? `${path} cannot be used`, `Correct or remove ${path}`)] : [],
  );
  const siblings = brokenState.map(({ path, detail }) => finding(detail, `Correct or remove ${path}`));
  const profiles = stores.flatMap((store) =>
    store.profiles.flatMap((profile) =>
      profile.kind !== 'broken' || profile.reason === 'missing_credential'
        ? []
        : [
            finding(
              `Profile ${quoteUntrusted(profile.id)} in ${profile.path}: ${profile.detail}`,
              `Log in again, or remove the profile ${quoteUntrusted(profile.id)}`,
            ),
          ],
    ),
  );
  return [...files, ...siblings, ...profiles];
}

function finding(detail: string, hint: string): Finding {
  return { code: 'config-invalid', detail, hint };
}

/** The agent's folder, and below it the main agent's, from which every other agent inherits. */
function agentFolders({ agentDir, stateDir }: ProfileStoreInput['paths']): readonly string[] {
  return [...new Set([agentDir, join(stateDir, 'agents', 'main', 'agent')])];
}

function sqliteNote(path: string): string {
  return `${path} is there: credentials that its owner keeps in it are not read`;
}

async function loadStore(
  input: ProfileStoreInput,
  place: StorePlace,
  path: string,
  parse: (text: string, path: string) => ParsedStore,
): Promise<ProfileStore> {
  // Our own file has to be ours alone; the agent's file is its owner's business, symlinks and all.
  const trust = place === 'sidecar' ? 'private' : 'plain';
  const read = await input.readTextFile(path, { trust, maxBytes: MAX_STORE_BYTES });
  switch (read.kind) {
    case 'missing':
      return { place, path, state: 'missing', ...NOTHING };
    case 'refused':
      return { place, path, state: 'broken', detail: read.detail, ...NOTHING };
    case 'text': {
      const parsed = parse(read.text, path);
      if (parsed.kind === 'broken') {
        return { place, path, state: 'broken', detail: `${path} ${parsed.detail}`, ...NOTHING };
      }
      const { profiles, order, usage } = parsed;
      const isOpenToOthers = (read.mode & 0o077) !== 0;
      return { place, path, state: 'loaded', isOpenToOthers, profiles, order, usage };
    }
  }
}

interface AgentStore {
  readonly store: ProfileStore;
  readonly brokenState?: { readonly path: string; readonly detail: string };
}

/** Reads an agent's store with its sibling; what the sibling says counts, entry by entry. */
async function loadAgentStore(input: ProfileStoreInput, folder: string): Promise<AgentStore> {
  const store = await loadStore(input, 'moltbot', join(folder, STORE_NAME), parseAuthProfiles);
  const path = join(dirname(store.path), STATE_NAME);
  const read = await input.readTextFile(path, { maxBytes: MAX_STORE_BYTES });
  if (read.kind === 'missing') return { store };
  if (read.kind === 'refused') return { store, brokenState: { path, detail: read.detail } };
  const state = parseAuthState(read.text);
  if (state.kind === 'broken') return { store, brokenState: { path, detail: `${path} ${state.detail}` } };
  return {
    store: {
      ...store,
      order: overlayMaps([state.order, store.order]),
      usage: overlayMaps([state.usage, store.usage]),
    },
  };
}
