/** `oauth status`: which providers there are logins for, and how each one stands. Asks nobody. */
import { EXIT } from '../../domain/errors.ts';
import { isoOrNull, toIso } from '../../platform/clock.ts';
import { readStoredLogin, type StoredLogin } from '../../credentials/oauth/stored-grant.ts';
import { foreignToSettings } from '../../credentials/oauth/renew-login.ts';
import type { CommandResult, LoginDeps } from '../plugin.ts';
import type { OAuthSession } from './oauth-deps.ts';
import { loginProfileId } from './start-login.ts';

/** How a login stands. */
type LoginStanding = 'logged-in' | 'expired' | 'reauth-required' | 'logged-out';

/** @param providers canonical ids */
export async function oauthStatus(
  providers: readonly string[],
  { servers, lookup }: OAuthSession,
  deps: LoginDeps,
): Promise<CommandResult> {
  const now = deps.oauth.clock();
  const rows = await Promise.all(
    providers.map(async (provider) => {
      const login = readStoredLogin(await deps.store.readEntry(loginProfileId(provider)));
      const foreign = login ? foreignToSettings(login, servers.settingsFor(provider), lookup.env) : null;
      return { provider, login, foreign, standing: standingOf(login, foreign, now) };
    }),
  );
  const none = ['No provider has an entry under oauth in sidecar.json5.'];
  return {
    exitCode: EXIT.ok,
    lines: rows.length === 0 ? none : rows.map(({ provider, ...row }) => `${provider}: ${describe(row)}`),
    warnings: [],
    json: {
      logins: rows.map(({ provider, login, standing }) => ({
        provider,
        state: standing,
        ...(login === undefined
          ? {}
          : {
              profileId: loginProfileId(provider),
              issuer: login.issuer,
              clientId: login.clientId,
              scopes: login.scopes,
              expiresAt: isoOrNull(login.expires),
              renewable: login.renewable,
            }),
      })),
    },
    ready: false,
  };
}

/** @param foreign why the login is not one at the server and of the client that the settings name */
function standingOf(login: StoredLogin | undefined, foreign: string | null, now: number): LoginStanding {
  if (login === undefined) return 'logged-out';
  const isOver = login.expires !== null && login.expires <= now;
  if (foreign !== null || login.refusal !== null) return 'reauth-required';
  return isOver && !login.renewable ? 'expired' : 'logged-in';
}

function describe({
  login,
  foreign,
  standing,
}: {
  readonly login: StoredLogin | undefined;
  readonly foreign: string | null;
  readonly standing: LoginStanding;
}): string {
  if (login === undefined) return 'not logged in';
  const at = `at ${login.issuer}`;
  const until = login.expires === null ? 'no expiry known' : `token until ${toIso(login.expires)}`;
  switch (standing) {
    case 'logged-in':
      return `logged in ${at}, ${until}, ${login.renewable ? 'renewed without you' : 'not renewable'}`;
    case 'expired':
      return `the login ${at} has expired`;
    case 'reauth-required':
      return foreign === null
        ? `the login ${at} cannot be renewed any more: log in again`
        : `the login is not used, log in again: ${foreign}`;
    case 'logged-out':
      return 'not logged in';
  }
}
