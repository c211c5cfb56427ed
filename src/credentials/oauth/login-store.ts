/**
 * Stored logins as their renewal changes them: every change is made only while the tokens that it was made for
 * are still there, so that a login or a logout in between wins.
 */
import type { OwnStore } from '../own-store.ts';
import { type GrantRefusal, readStoredLogin, type StoredLogin } from './stored-grant.ts';
import type { ReceivedTokens } from './token-response.ts';

/** Every function throws SidecarError as the store does. */
export interface LoginStore {
  /** The login; undefined for a profile that is gone, or that no login of this program made. */
  readonly read: (profileId: string) => Promise<StoredLogin | undefined>;
  /**
   * Writes down that a renewal begins (at Unix milliseconds), or that it ended without an effect (null).
   *
   * @param version of the tokens that it is about
   * @returns false when other tokens, or none, are stored by now
   */
  readonly markRenewing: (profileId: string, version: string, at: number | null) => Promise<boolean>;
  /** Puts new tokens in the place of those of that version; false as above. */
  readonly replace: (profileId: string, version: string, tokens: ReceivedTokens) => Promise<boolean>;
  /** Writes down that the tokens of that version cannot be renewed; false as above. */
  readonly refuse: (profileId: string, version: string, refusal: GrantRefusal) => Promise<boolean>;
}

type Fields = Readonly<Record<string, unknown>>;

/** Fields that tell how renewing went; new tokens begin without them. */
const PROGRESS: ReadonlySet<string> = new Set(['renewing', 'refusal']);

/** Logins in the sidecar's own store. */
export function createLoginStore(store: Pick<OwnStore, 'readEntry' | 'changeEntry'>): LoginStore {
  /** Undefined as a value removes the field. */
  const change = (profileId: string, version: string, fields: Fields): Promise<boolean> =>
    store.changeEntry(profileId, (entry) => {
      if (readStoredLogin(entry)?.version !== version) return undefined;
      const kept = Object.entries(entry).filter(
        ([name]) => !PROGRESS.has(name) && !Object.hasOwn(fields, name),
      );
      const given = Object.entries(fields).filter(([, value]) => value !== undefined);
      return Object.fromEntries([...kept, ...given]);
    });
  return {
    read: async (profileId) => readStoredLogin(await store.readEntry(profileId)),
    markRenewing: (profileId, version, at) => change(profileId, version, at === null ? {} : { renewing: at }),
    refuse: (profileId, version, refusal) => change(profileId, version, { refusal }),
    replace: (profileId, version, { access, refresh, expires, obtained, scopes }) =>
      change(profileId, version, {
        access: access.reveal(),
        // A server that does not rotate leaves it out (RFC 6749, section 6).
        ...(refresh === null ? {} : { refresh: refresh.reveal() }),
        expires: expires ?? undefined,
        obtained,
        ...(scopes === null ? {} : { scopes }),
      }),
  };
}
