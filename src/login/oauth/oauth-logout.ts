/** `oauth logout`: the server is told to forget the tokens (RFC 7009), then this machine forgets them too. */
import { foreignTo } from '../../credentials/oauth/renew-login.ts';
import { readServerFailure } from '../../credentials/oauth/server-failure.ts';
import { readStoredLogin, type StoredLogin } from '../../credentials/oauth/stored-grant.ts';
import { EXIT } from '../../domain/errors.ts';
import { quoteUntrusted } from '../../domain/untrusted-text.ts';
import type { CommandResult, LoginDeps } from '../plugin.ts';
import type { OAuthSession } from './oauth-deps.ts';
import { loginProfileId } from './start-login.ts';

/** What the server was told. */
type Revocation =
  | { readonly kind: 'revoked' }
  | { readonly kind: 'not-offered' }
  | { readonly kind: 'failed'; readonly detail: string };

/** After so many tries what is there is removed, and a renewal that comes between once more goes unrevoked. */
const MOST_ROUNDS = 3;

/**
 * Logs out, whether or not the server can be reached: what is stored here is removed in any case.
 *
 * @param provider canonical id
 * @param session null where the settings cannot be read: then the server is not told
 */
export async function oauthLogout(
  provider: string,
  session: OAuthSession | null,
  deps: LoginDeps,
): Promise<CommandResult> {
  const profileId = loginProfileId(provider);
  const login = readStoredLogin(await deps.store.readEntry(profileId));
  if (login === undefined) {
    return {
      exitCode: EXIT.ok,
      lines: [`Nobody is logged in to ${provider}.`],
      warnings: [],
      json: { provider, removed: [], revoked: false },
      ready: false,
    };
  }
  const { revocation, removed } = await forget(provider, login, session, deps);
  return {
    exitCode: EXIT.ok,
    lines: [`Logged out of ${provider}: ${quoteUntrusted(profileId)} is removed.`],
    warnings: warningsOf(revocation, login),
    json: {
      provider,
      removed,
      revoked: revocation.kind === 'revoked',
      ...(revocation.kind === 'failed' ? { detail: revocation.detail } : {}),
    },
    ready: false,
  };
}

/** Removes the tokens that were revoked and no others: a renewal may have put new ones in their place meanwhile. */
async function forget(
  provider: string,
  login: StoredLogin,
  session: OAuthSession | null,
  { store }: Pick<LoginDeps, 'store'>,
  round = 1,
): Promise<{ readonly revocation: Revocation; readonly removed: readonly string[] }> {
  const profileId = loginProfileId(provider);
  const revocation = await revoke(provider, login, session);
  const removed = await store.removeProfile(profileId, (entry) => {
    const found = readStoredLogin(entry);
    return found !== undefined && (found.version === login.version || round === MOST_ROUNDS);
  });
  const newer = removed.length > 0 ? undefined : readStoredLogin(await store.readEntry(profileId));
  return newer === undefined || round === MOST_ROUNDS
    ? { revocation, removed }
    : forget(provider, newer, session, { store }, round + 1);
}

/** The refresh token first: with it most servers revoke the access token too. */
async function revoke(
  provider: string,
  login: StoredLogin,
  session: OAuthSession | null,
): Promise<Revocation> {
  if (session === null) return { kind: 'failed', detail: 'the settings or the config cannot be read' };
  const connection = await session.servers.connect(provider, session.lookup);
  if (connection.kind === 'failed') return { kind: 'failed', detail: connection.detail };
  const { library, configuration } = connection;
  // Tokens of another server or client are told to nobody.
  const foreign = foreignTo(login, connection);
  if (foreign !== null) return { kind: 'failed', detail: foreign };
  if (configuration.serverMetadata().revocation_endpoint === undefined) return { kind: 'not-offered' };
  try {
    if (login.refresh !== null) {
      await library.tokenRevocation(configuration, login.refresh.reveal(), {
        token_type_hint: 'refresh_token',
      });
    }
    await library.tokenRevocation(configuration, login.access.reveal(), { token_type_hint: 'access_token' });
    return { kind: 'revoked' };
  } catch (error) {
    return { kind: 'failed', detail: readServerFailure(error).detail };
  }
}

function warningsOf(revocation: Revocation, { issuer, renewable }: StoredLogin): string[] {
  const until = renewable ? 'until it is withdrawn there' : 'until the token expires';
  switch (revocation.kind) {
    case 'revoked':
      return [];
    case 'not-offered':
      return [`${issuer} has no way to revoke tokens: the login counts there ${until}`];
    case 'failed':
      return [
        `The tokens are removed here, but ${issuer} was not told (${revocation.detail}): the login counts there ${until}`,
      ];
  }
}
