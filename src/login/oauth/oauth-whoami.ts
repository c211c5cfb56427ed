/**
 * `oauth whoami`: asks the provider whose token this is. The token goes to the URL that the operator's settings name,
 * else to the userinfo endpoint of the server that it came from, and nowhere else.
 */
import { readStoredLogin } from '../../credentials/oauth/stored-grant.ts';
import { loginHint } from '../../credentials/oauth/login-hint.ts';
import { codeOfTrouble } from '../../credentials/oauth/oauth-tokens.ts';
import { toHeldToken } from '../../credentials/oauth/profile-state.ts';
import { remediesOf } from '../../credentials/source-failure.ts';
import { EXIT, type Problem } from '../../domain/errors.ts';
import { isRecord } from '../../domain/record.ts';
import { isProtectedUrl } from '../../domain/protected-url.ts';
import type { Secret } from '../../domain/secret.ts';
import { quoteUntrusted } from '../../domain/untrusted-text.ts';
import { failure } from '../key-results.ts';
import type { CommandResult, LoginDeps } from '../plugin.ts';
import { failedLogin } from './login-outcome.ts';
import { problemOfLogin } from './login-problem.ts';
import type { OAuthSession } from './oauth-deps.ts';
import { loginProfileId } from './start-login.ts';

/** Claims that tell a person who somebody is, most telling first. */
const NAMES = ['preferred_username', 'username', 'login', 'name', 'email', 'sub', 'id'] as const;

/** @param provider canonical id */
export async function oauthWhoami(
  provider: string,
  session: OAuthSession,
  deps: LoginDeps,
): Promise<CommandResult> {
  const found = await tokenOf(provider, session, deps);
  if ('problem' in found) return failure(found.problem);
  const where = await whoamiUrl(provider, session);
  if ('problem' in where) return failure(where.problem);
  const { url } = where;
  const answer = await deps.ask({
    method: 'GET',
    url,
    headers: { authorization: `Bearer ${found.token.reveal()}` },
  });
  if (answer.kind === 'unreachable') {
    return failure(problemOfLogin(failedLogin('unreachable', `${quoteUntrusted(url)}: ${answer.detail}`)));
  }
  if (answer.status === 401 || answer.status === 403) {
    const detail = `${quoteUntrusted(url)} does not accept the token (${answer.status})`;
    return failure({ code: 'reauth-required', detail, hints: [loginHint(provider)] });
  }
  if (answer.status !== 200 || !isRecord(answer.json)) {
    const detail = `${quoteUntrusted(url)} did not answer with a JSON object (status ${answer.status})`;
    const hints = [`Name another URL: oauth.${provider}.userinfo in sidecar.json5`];
    return failure({ code: 'login-failed', detail, hints });
  }
  const claims = answer.json;
  return {
    exitCode: EXIT.ok,
    lines: [`${provider}: you are logged in as ${nameIn(claims)}`],
    warnings: [],
    json: { provider, url, claims },
    ready: false,
  };
}

/** The access token of the stored login, renewed where that is needed. */
async function tokenOf(
  provider: string,
  { tokens, lookup }: OAuthSession,
  { store, oauth }: LoginDeps,
): Promise<{ token: Secret } | { problem: Problem }> {
  const profileId = loginProfileId(provider);
  const login = readStoredLogin(await store.readEntry(profileId));
  if (login === undefined) {
    const detail = `Nobody is logged in to ${provider}`;
    return { problem: { code: 'no-auth', detail, hints: [loginHint(provider)] } };
  }
  const now = oauth.clock();
  const outcome = await tokens.resolve({
    providerId: provider,
    profileId,
    token: toHeldToken(login),
    lookup,
    now,
  });
  if (outcome.kind === 'token') return { token: outcome.accessToken };
  const { retryAt } = outcome;
  const detail = `The token for ${provider} cannot be had: ${outcome.detail}`;
  const when = retryAt === undefined ? {} : { retryAt };
  return { problem: { code: codeOfTrouble(outcome), detail, hints: remediesOf(outcome), ...when } };
}

async function whoamiUrl(
  provider: string,
  { servers, lookup }: OAuthSession,
): Promise<{ url: string } | { problem: Problem }> {
  const named = servers.settingsFor(provider)?.userinfo;
  if (typeof named === 'string') return { url: named };
  const connection = await servers.connect(provider, lookup);
  if (connection.kind === 'failed') {
    const { reason, detail, hints } = connection;
    return { problem: problemOfLogin(failedLogin(reason, detail, hints)) };
  }
  const url = connection.configuration.serverMetadata().userinfo_endpoint;
  if (url !== undefined && isProtectedUrl(url)) return { url };
  const detail = `The authorization server of ${provider} has no userinfo endpoint`;
  const hints = [`Name the URL that says who you are: oauth.${provider}.userinfo in sidecar.json5`];
  return { problem: { code: 'config-invalid', detail, hints } };
}

/** The most telling names, each once. They are somebody else's words. */
function nameIn(claims: Readonly<Record<string, unknown>>): string {
  const named = NAMES.flatMap((key) => {
    const value = claims[key];
    return typeof value === 'string' || typeof value === 'number' ? [[key, String(value)] as const] : [];
  });
  const [first, ...others] = named.filter(
    ([, value], index) => named.findIndex(([, v]) => v === value) === index,
  );
  if (first === undefined) return 'somebody whose name it does not tell';
  const more = others.map(([key, value]) => `${key} ${quoteUntrusted(value)}`);
  return `${quoteUntrusted(first[1])}${more.length === 0 ? '' : ` (${more.join(', ')})`}`;
}
