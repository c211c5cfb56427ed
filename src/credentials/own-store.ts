/**
 * The sidecar's own `auth-profiles.json`, written: read, changed and replaced under a lock that holds between
 * processes. What this program does not know in the file stays as it is, in its place.
 */
import { dirname } from 'node:path';
import { SidecarError } from '../domain/errors.ts';
import { isRecord } from '../domain/record.ts';
import { hasControlCharacters, quoteUntrusted } from '../domain/untrusted-text.ts';
import type { Clock } from '../platform/clock.ts';
import {
  CORRUPT,
  ensurePrivateFolder,
  moveAside,
  readTextFile,
  removeDrafts,
  withFileLock,
  writePrivateFile,
} from '../platform/files.ts';
import { parseAuthProfiles } from './auth-profiles.ts';
import {
  credentialDefect,
  entryOf,
  profilesOfProvider,
  withEntry,
  withoutProfiles,
  withProfile,
} from './own-store-content.ts';
import type { StoreBody } from './own-store-content.ts';
import { MAX_STORE_BYTES } from './profile-store.ts';
import type { NewCredential, StoredProfile } from './stored-profile.ts';

/** What a store is made with. */
export interface OwnStoreOptions {
  /** `<state>/sidecar/auth-profiles.json`. */
  readonly path: string;
  readonly clock: Clock;
  /** Told where a corrupt file went that stood in the way of a new credential. */
  readonly onMovedAside?: (movedTo: string, why: string) => void;
}

/** The store. Every function throws SidecarError `not-permitted` for a file that may not be trusted. */
export interface OwnStore {
  /**
   * Every profile, in the order of the file; none when there is no file.
   *
   * @throws SidecarError `config-invalid` when the file is corrupt
   */
  list(): Promise<readonly StoredProfile[]>;
  /**
   * Adds or replaces a profile. A corrupt file is moved aside first and never overwritten.
   *
   * @throws SidecarError `bad-request` for a credential that could never be used: ask `credentialDefect` before;
   *   `cannot-write` when the file cannot be stored
   */
  put(profileId: string, credential: NewCredential): Promise<void>;
  /**
   * Removes every profile of the provider of that id, whatever the profiles are called.
   *
   * @returns the ids of the profiles that are gone now
   * @throws SidecarError `config-invalid` when the file is corrupt: what it holds cannot be told apart,
   *   `cannot-write` when the file cannot be stored
   */
  remove(providerId: string): Promise<string[]>;
  /**
   * Removes the profile of that id, and no other; else as `remove`.
   *
   * @param isMeant asked under the lock of the file, about the entry that is there by then. @default it is
   */
  removeProfile(profileId: string, isMeant?: (entry: StoreBody) => boolean): Promise<string[]>;
  /**
   * The entry of a profile as the file has it, secrets included; undefined when there is none.
   *
   * @throws SidecarError `config-invalid` when the file is corrupt
   */
  readEntry(profileId: string): Promise<StoreBody | undefined>;
  /**
   * Changes the entry of a profile that is there, under the lock of the file: nobody else writes between the
   * look at the entry and its change.
   *
   * @param change makes the new entry, or undefined to leave the file as it is
   * @returns true when the file was written
   * @throws SidecarError as `remove`
   */
  changeEntry(profileId: string, change: (entry: StoreBody) => StoreBody | undefined): Promise<boolean>;
}

/** Opens the store. Nothing is read or made before it is asked for. */
export function createOwnStore({ path, clock, onMovedAside }: OwnStoreOptions): OwnStore {
  const removeWhere = async (choose: (body: StoreBody) => string[]): Promise<string[]> => {
    // Without a file there may be no folder either, and a logout makes neither.
    if ((await readStore(path)).kind === 'missing') return [];
    return withFileLock(path, async () => {
      await removeDrafts(path);
      const file = await readStore(path);
      if (file.kind !== 'loaded') return [];
      const ids = choose(file.body);
      if (ids.length > 0) await writeStore(path, withoutProfiles(file.body, ids));
      return ids;
    });
  };
  return {
    async list() {
      const file = await readStore(path);
      return file.kind === 'loaded' ? file.profiles : [];
    },

    async put(profileId, credential) {
      refuseUnusable(profileId, credential);
      await ensurePrivateFolder(dirname(path));
      await withFileLock(path, async () => {
        await removeDrafts(path);
        const file = await readStore(path, 'tolerate-corrupt');
        if (file.kind === 'corrupt') onMovedAside?.(await moveAside(path, clock()), file.detail);
        await writeStore(path, withProfile(file.kind === 'loaded' ? file.body : {}, profileId, credential));
      });
    },

    async readEntry(profileId) {
      const file = await readStore(path);
      return file.kind === 'loaded' ? entryOf(file.body, profileId) : undefined;
    },

    async changeEntry(profileId, change) {
      // Without a file there is nothing to change, and perhaps no folder for a lock.
      if ((await readStore(path)).kind === 'missing') return false;
      return withFileLock(path, async () => {
        await removeDrafts(path);
        const file = await readStore(path);
        const entry = file.kind === 'loaded' ? entryOf(file.body, profileId) : undefined;
        const changed = entry && change(entry);
        if (file.kind !== 'loaded' || changed === undefined) return false;
        await writeStore(path, withEntry(file.body, profileId, changed));
        return true;
      });
    },

    remove: (providerId) => removeWhere((body) => profilesOfProvider(body, providerId)),

    removeProfile: (profileId, isMeant) =>
      removeWhere((body) => {
        if (!isRecord(body.profiles) || !Object.hasOwn(body.profiles, profileId)) return [];
        if (isMeant === undefined) return [profileId];
        const entry = entryOf(body, profileId);
        return entry !== undefined && isMeant(entry) ? [profileId] : [];
      }),
  };
}

type StoreFile =
  | { readonly kind: 'missing' }
  | { readonly kind: 'loaded'; readonly body: StoreBody; readonly profiles: readonly StoredProfile[] }
  | { readonly kind: 'corrupt'; readonly detail: string };

type SoundStoreFile = Exclude<StoreFile, { kind: 'corrupt' }>;

function readStore(path: string): Promise<SoundStoreFile>;
function readStore(path: string, corrupt: 'tolerate-corrupt'): Promise<StoreFile>;
async function readStore(path: string, corrupt?: 'tolerate-corrupt'): Promise<StoreFile> {
  const read = await readTextFile(path, { trust: 'private', maxBytes: MAX_STORE_BYTES });
  if (read.kind === 'missing') return { kind: 'missing' };
  if (read.kind === 'refused' && !CORRUPT.has(read.reason)) {
    throw new SidecarError('not-permitted', read.detail, [`Mend or remove ${path}`]);
  }
  const file = read.kind === 'text' ? parseStore(read.text, path) : corruptBecause(read.detail);
  if (file.kind === 'corrupt' && corrupt === undefined) {
    throw new SidecarError('config-invalid', file.detail, [`Correct or remove ${path}`]);
  }
  return file;
}

function parseStore(text: string, path: string): StoreFile {
  const parsed = parseAuthProfiles(text, path);
  if (parsed.kind === 'broken') return corruptBecause(`${path} ${parsed.detail}`);
  const body: unknown = JSON.parse(text);
  if (!isRecord(body)) return corruptBecause(`${path} does not hold a JSON object`);
  // Beside profiles, entries from before profiles would count no more.
  if (body.profiles === undefined && parsed.profiles.length > 0) {
    return corruptBecause(`${path} has no "profiles" object: its entries have to stand below "profiles"`);
  }
  return { kind: 'loaded', body, profiles: parsed.profiles };
}

function corruptBecause(detail: string): StoreFile {
  return { kind: 'corrupt', detail };
}

async function writeStore(path: string, body: StoreBody): Promise<void> {
  const text = `${JSON.stringify(body, null, 2)}\n`;
  if (Buffer.byteLength(text) > MAX_STORE_BYTES) {
    throw new SidecarError('cannot-write', `${path} would become larger than ${MAX_STORE_BYTES} bytes`, [
      'Remove profiles that are no longer needed',
    ]);
  }
  await writePrivateFile(path, text);
}

function refuseUnusable(profileId: string, credential: NewCredential): void {
  const { provider } = credential;
  if ([profileId, provider].some((text) => text.trim() === '' || hasControlCharacters(text))) {
    const named = `${quoteUntrusted(profileId)} of provider ${quoteUntrusted(provider)}`;
    throw new SidecarError('bad-request', `A profile cannot be called ${named}`);
  }
  const defect = credentialDefect(credential);
  if (defect === undefined) return;
  throw new SidecarError('bad-request', `The credential for ${provider} was not stored: it ${defect.detail}`);
}
