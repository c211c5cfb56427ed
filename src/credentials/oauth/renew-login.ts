/**
 * Renewing a stored login, once for all processes of this user: one lock around reading, calling and writing.
 * Whoever waited for it looks again first, and uses what another one got meanwhile. New tokens are on the disk
 * before anybody has them, and a login or a logout in between wins.
 */
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { SidecarError } from '../../domain/errors.ts';
import { issuerOf, type OAuthClientSettings, sameIssuer } from '../../domain/oauth-client.ts';
import { canonicalProviderId } from '../../domain/provider-id.ts';
import type { Clock } from '../../platform/clock.ts';
import { ensurePrivateFolder, withFileLock } from '../../platform/files.ts';
import type { Environment } from '../../platform/paths.ts';
import type { AuthorizationServers, ServerConnection } from './authorization-server.ts';
import { type ClientLookup, clientIdOf } from './client-identity.ts';
import type { LoginStore } from './login-store.ts';
import { callRefresh, revokeQuietly, type RefreshAnswer } from './refresh-call.ts';
import type { RequestFate } from './server-fetch.ts';
import type { StoredLogin } from './stored-grant.ts';
import type { ReceivedTokens } from './token-response.ts';
import { withTokens } from './unsaved-tokens.ts';

export interface RenewalParts {
  readonly servers: AuthorizationServers;
  readonly store: LoginStore;
  /** Folder of the locks between processes. */
  readonly lockFolder: string;
  readonly clock: Clock;
  /** Told each token before anybody has it: the log must never print it. */
  readonly onSecret: (value: string) => void;
}

export interface RenewalRequest {
  readonly providerId: string;
  readonly profileId: string;
  /** Version of the tokens that are to be replaced. */
  readonly version: string;
  readonly lookup: ClientLookup;
  /** True when the provider refused the access token, however long it still has. */
  readonly rejected: boolean;
}

/** What came of it. Texts show no token. */
export type Renewal =
  /** Other tokens than before; `unsaved` says why they are not on the disk. */
  | { readonly kind: 'current'; readonly login: StoredLogin; readonly unsaved?: string }
  /** Somebody logged out. */
  | { readonly kind: 'gone' }
  /** Only a new login helps. `login` has the refusal where it was written down. */
  | { readonly kind: 'refused'; readonly login: StoredLogin; readonly detail: string }
  /** Later it may work; with `lost` not before the token has expired. `isDown`: nobody has to act for that. */
  | {
      readonly kind: 'unavailable';
      readonly detail: string;
      readonly hints: readonly string[];
      readonly lost: boolean;
      readonly isDown: boolean;
    };

/** Deadline of everything that is asked of the server for one renewal, in milliseconds. */
const CALLS_MS = 25_000;

/**
 * Longer than everything that is done under the lock. A holder shows every two seconds that it lives, so nobody takes
 * the lock from it however long its server thinks; of one that was killed it is taken over after ten.
 */
const LOCK = { attempts: 110 } as const;

const LOST = 'the answer to a renewal was lost on its way';

/** Renews. Never rejects for what a server answers; throws SidecarError when the store or the lock fails. */
export async function renewLogin(parts: RenewalParts, request: RenewalRequest): Promise<Renewal> {
  const { store, lockFolder, clock } = parts;
  const { providerId, profileId, version } = request;
  const before = await store.read(profileId);
  if (before === undefined) return { kind: 'gone' };
  if (before.version !== version && !isExpired(before, clock())) return adopted(parts, before);
  await ensurePrivateFolder(lockFolder);
  const name = createHash('sha256')
    .update(`${canonicalProviderId(providerId)}\0${profileId}`)
    .digest('hex');
  return withFileLock(
    join(lockFolder, `oauth-${name}`),
    async () => {
      const stored = await store.read(profileId);
      if (stored === undefined) return { kind: 'gone' };
      // Written a moment ago, so it is new whatever the clocks say.
      if (stored.version !== before.version) return adopted(parts, stored);
      return renewAlone(parts, request, stored);
    },
    LOCK,
  );
}

/** For the one who holds the lock. */
async function renewAlone(
  parts: RenewalParts,
  request: RenewalRequest,
  stored: StoredLogin,
): Promise<Renewal> {
  const { servers, store, clock, onSecret } = parts;
  const { providerId, profileId, lookup, rejected } = request;
  const { version, refresh } = stored;
  if (stored.refusal !== null) return { kind: 'refused', login: stored, detail: stored.refusal.detail };
  if (refresh === null) return { kind: 'refused', login: stored, detail: 'it came without a refresh token' };
  const isUseless = rejected || isExpired(stored, clock());
  // Another try could end the whole login on a server that revokes for reuse: not while the old token is good.
  if (stored.renewing !== null && !isUseless) return lost(LOST);
  onSecret(refresh.reveal());

  let fate: RequestFate | null = null;
  const signal = AbortSignal.timeout(CALLS_MS);
  const connection = await servers.connect(providerId, lookup, { signal, onFate: (last) => (fate = last) });
  if (connection.kind === 'failed') {
    const { detail, hints, reason } = connection;
    return { kind: 'unavailable', detail, hints, lost: false, isDown: reason === 'unreachable' };
  }
  const foreign = foreignTo(stored, connection);
  if (foreign !== null) return { kind: 'refused', login: stored, detail: foreign };

  if (!(await store.markRenewing(profileId, version, clock()))) return lookAgain(parts, profileId);
  const call = (): Promise<RefreshAnswer> => callRefresh(connection, refresh, () => fate, clock);
  let answer = await call();
  const wasLost = stored.renewing !== null || answer.kind === 'lost';
  // With nothing left to lose one more try tells whether the first had its effect.
  if (answer.kind === 'lost' && isUseless && !signal.aborted) answer = await call();
  switch (answer.kind) {
    case 'renewed':
      return keep(parts, request, connection, stored, answer.tokens);
    case 'lost':
      return lost(`${LOST}: ${answer.detail}`);
    case 'failed':
      await store.markRenewing(profileId, version, wasLost ? clock() : null);
      return notNow(providerId, connection.issuer, answer);
    case 'invalid-grant': {
      const detail = wasLost
        ? `${LOST}, and ${connection.issuer} takes the old refresh token no more`
        : `${connection.issuer} refuses to renew it: ${answer.detail}`;
      const refusal = { at: clock(), detail };
      if (!(await store.refuse(profileId, version, refusal))) return lookAgain(parts, profileId);
      return { kind: 'refused', login: { ...stored, refusal }, detail };
    }
  }
}

/** Writes the new tokens down, or drops them where somebody logged in or out meanwhile. */
async function keep(
  parts: RenewalParts,
  { profileId }: RenewalRequest,
  connection: ServerConnection,
  stored: StoredLogin,
  tokens: ReceivedTokens,
): Promise<Renewal> {
  const { store, onSecret } = parts;
  onSecret(tokens.access.reveal());
  if (tokens.refresh !== null) onSecret(tokens.refresh.reveal());
  try {
    if (await store.replace(profileId, stored.version, tokens)) return await lookAgain(parts, profileId);
  } catch (error) {
    if (!(error instanceof SidecarError)) throw error;
    return { kind: 'current', login: withTokens(stored, tokens), unsaved: error.message };
  }
  const now = await lookAgain(parts, profileId);
  // Nobody would ever end it: the one that was revoked at the logout is another one by now.
  if (now.kind === 'gone' && tokens.refresh !== null) await revokeQuietly(connection, tokens.refresh);
  return now;
}

async function lookAgain(parts: RenewalParts, profileId: string): Promise<Renewal> {
  const login = await parts.store.read(profileId);
  return login === undefined ? { kind: 'gone' } : adopted(parts, login);
}

function adopted({ onSecret }: RenewalParts, login: StoredLogin): Renewal {
  onSecret(login.access.reveal());
  return { kind: 'current', login };
}

/**
 * Why a login is not one at this server as this client, in words that follow its name; null when it is. Tokens are
 * sent to the server that they came from, and to no other.
 *
 * @param identity the server and the client that the settings name; null for a client id that is not known
 */
export function foreignTo(
  login: Pick<StoredLogin, 'issuer' | 'clientId'>,
  identity: { readonly issuer: string; readonly clientId: string | null },
): string | null {
  if (!sameIssuer(login.issuer, identity.issuer)) {
    return `it is a login at ${login.issuer}, and the settings name ${identity.issuer}`;
  }
  if (identity.clientId !== null && login.clientId !== identity.clientId) {
    return `it is a login of another client at ${login.issuer} than the settings name`;
  }
  return null;
}

/** The same for what the settings of a provider say now; null too where they say nothing of it. */
export function foreignToSettings(
  login: Pick<StoredLogin, 'issuer' | 'clientId'>,
  settings: OAuthClientSettings | undefined,
  env: Environment,
): string | null {
  if (settings === undefined) return null;
  return foreignTo(login, { issuer: issuerOf(settings), clientId: clientIdOf(settings, env) ?? null });
}

function isExpired({ expires }: StoredLogin, now: number): boolean {
  return expires !== null && now >= expires;
}

function lost(detail: string): Renewal {
  return { kind: 'unavailable', detail, hints: [], lost: true, isDown: true };
}

function notNow(
  providerId: string,
  issuer: string,
  { detail, isDown }: Extract<RefreshAnswer, { kind: 'failed' }>,
): Renewal {
  const hints = isDown ? [] : [`Check oauth.${providerId} in sidecar.json5: ${issuer} does not take it`];
  return {
    kind: 'unavailable',
    detail: `${issuer} could not renew it: ${detail}`,
    hints,
    lost: false,
    isDown,
  };
}
