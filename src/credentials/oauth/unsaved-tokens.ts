/**
 * New tokens that could not be written down: the disk was full, or the folder closed to writing for a moment. A server
 * that rotates knows the old ones no more, so the new ones are kept here, count for this program, and are stored as
 * soon as that works. What begins another renewal stores them first.
 */
import { SidecarError } from '../../domain/errors.ts';
import type { LoginStore } from './login-store.ts';
import { type StoredLogin, versionOf } from './stored-grant.ts';
import type { ReceivedTokens } from './token-response.ts';

/** A store that loses nothing that it was given while this program runs. */
export interface KeepingStore extends LoginStore {
  /** Stores what is not stored yet. Resolves with why that does not work; null when nothing is left. */
  readonly save: (profileId: string) => Promise<string | null>;
}

/** Keeps what `replace` of this store could not write. */
export function keepUnsaved(store: LoginStore): KeepingStore {
  const unsaved = new Map<string, { readonly version: string; readonly tokens: ReceivedTokens }>();

  const save = async (profileId: string): Promise<string | null> => {
    const kept = unsaved.get(profileId);
    if (kept === undefined) return null;
    try {
      // Where other tokens are stored by now, or none, somebody logged in or out: that wins.
      await store.replace(profileId, kept.version, kept.tokens);
    } catch (error) {
      if (error instanceof SidecarError) return error.message;
      throw error;
    }
    if (unsaved.get(profileId) === kept) unsaved.delete(profileId);
    return null;
  };
  const saveFirst = async (profileId: string): Promise<void> => {
    const problem = await save(profileId);
    if (problem !== null) throw new SidecarError('cannot-write', notStored(problem));
  };

  return {
    save,
    async read(profileId) {
      await save(profileId);
      const stored = await store.read(profileId);
      const kept = unsaved.get(profileId);
      return kept === undefined || stored?.version !== kept.version
        ? stored
        : withTokens(stored, kept.tokens);
    },
    async markRenewing(profileId, version, at) {
      await saveFirst(profileId);
      return store.markRenewing(profileId, version, at);
    },
    async replace(profileId, version, tokens) {
      try {
        return await store.replace(profileId, version, tokens);
      } catch (error) {
        if (error instanceof SidecarError) unsaved.set(profileId, { version, tokens });
        throw error;
      }
    },
    async refuse(profileId, version, refusal) {
      await saveFirst(profileId);
      return store.refuse(profileId, version, refusal);
    },
  };
}

/** How it is said that tokens are not on the disk. */
export function notStored(problem: string): string {
  return `its renewed tokens are not stored: ${problem}`;
}

/** The login as it will be stored. */
export function withTokens(stored: StoredLogin, tokens: ReceivedTokens): StoredLogin {
  const { access, expires, obtained } = tokens;
  // A server that does not rotate leaves it out (RFC 6749, section 6).
  const refresh = tokens.refresh ?? stored.refresh;
  return {
    ...stored,
    access,
    refresh,
    expires,
    obtained,
    scopes: tokens.scopes ?? stored.scopes,
    version: versionOf(access.reveal(), refresh?.reveal()),
    renewable: refresh !== null,
    renewing: null,
    refusal: null,
  };
}
