/**
 * The authorization code flow with PKCE, as a program on the user's own machine does it (RFC 6749 section 4.1,
 * RFC 7636, RFC 8252): the user's own browser, a redirect to loopback, one code, one exchange.
 */
import type { ReceivedTokens } from '../../credentials/oauth/token-response.ts';
import { quoteUntrusted } from '../../domain/untrusted-text.ts';
import { readServerFailure } from '../../credentials/oauth/server-failure.ts';
import { failedCall, type FlowOptions, grantParameters, type LoginStart, receiveTokens } from './flow.ts';
import { type FailedLogin, failedLogin, type LoginOutcome } from './login-outcome.ts';
import { startLoginTime } from './login-time.ts';
import { listenForRedirect, type Redirect } from './redirect-listener.ts';

/** Begins to listen, and says where the browser has to go. */
export async function beginCodeFlow(options: FlowOptions): Promise<LoginStart> {
  const { connection, clock, lifetimeMs } = options;
  const { library, configuration, settings } = connection;
  const metadata = configuration.serverMetadata();
  if (metadata.authorization_endpoint === undefined) {
    return failedLogin('not-offered', 'it has no authorization endpoint', ['Try the device flow: --device']);
  }
  const secrets: CodeSecrets = {
    state: library.randomState(),
    verifier: library.randomPKCECodeVerifier(),
    // Only an ID token could bring it back.
    nonce: settings.scopes.includes('openid') ? library.randomNonce() : null,
  };
  const listening = await listenForRedirect({
    redirectUri: settings.redirectUri,
    state: secrets.state,
    // As the server writes it itself; without one in the settings there is nothing to compare with.
    issuer: settings.issuer === null ? null : metadata.issuer,
    issuerRequired: metadata.authorization_response_iss_parameter_supported === true,
  });
  if (listening.kind === 'failed') return notListening(listening.detail, settings.redirectUri);
  const { listener } = listening;
  const authorizationUrl = library.buildAuthorizationUrl(configuration, {
    ...grantParameters(settings),
    redirect_uri: listener.redirectUri,
    state: secrets.state,
    code_challenge: await library.calculatePKCECodeChallenge(secrets.verifier),
    code_challenge_method: 'S256',
    ...(secrets.nonce === null ? {} : { nonce: secrets.nonce }),
    // OpenID Connect Core section 11: without it a server ignores the wish for a refresh token.
    ...(asksForOfflineAccess(settings.scopes) ? { prompt: 'consent' } : {}),
  });

  const time = startLoginTime(options.cancelled, lifetimeMs);
  const wait = async (): Promise<LoginOutcome> => {
    try {
      const redirect = await Promise.race([listener.redirect, time.ended]);
      if (!redirect) return failedLogin(time.over() ?? 'cancelled');
      const outcome = await finish(redirect, listener.redirectUri, secrets, options);
      redirect.show(outcome.kind === 'complete' ? 'done' : 'failed');
      return outcome;
    } finally {
      time.stop();
      await listener.close();
    }
  };
  return {
    kind: 'waiting',
    task: { flow: 'code', authorizationUrl: authorizationUrl.href },
    expiresAt: clock() + lifetimeMs,
    outcome: wait(),
  };
}

/** What only this login knows. */
interface CodeSecrets {
  readonly state: string;
  readonly verifier: string;
  readonly nonce: string | null;
}

async function finish(
  { verdict }: Redirect,
  redirectUri: string,
  secrets: CodeSecrets,
  options: FlowOptions,
): Promise<LoginOutcome> {
  switch (verdict.kind) {
    case 'code':
      return exchange(verdict.parameters, redirectUri, secrets, options);
    case 'server-error':
      return refusedByServer(verdict.error, verdict.description);
    case 'wrong-issuer':
      return failedLogin('invalid-answer', 'the redirect names another issuer than the one that was asked');
    case 'malformed':
      return failedLogin('invalid-answer', 'the redirect holds no code, or a parameter twice');
  }
}

async function exchange(
  parameters: URLSearchParams,
  redirectUri: string,
  { state, verifier, nonce }: CodeSecrets,
  { connection, clock, cancelled, keep }: FlowOptions,
): Promise<LoginOutcome> {
  const { library, configuration, settings } = connection;
  const answer = new URLSearchParams(parameters);
  if (settings.issuer === null) answer.delete('iss');
  const { resource } = settings;
  let received: ReceivedTokens | FailedLogin;
  try {
    const granted = await library.authorizationCodeGrant(
      configuration,
      new URL(`${redirectUri}?${answer.toString()}`),
      {
        expectedState: state,
        pkceCodeVerifier: verifier,
        ...(nonce === null ? {} : { expectedNonce: nonce }),
      },
      resource === null ? {} : { resource },
    );
    received = receiveTokens(granted, clock());
  } catch (error) {
    return failedCall(readServerFailure(error));
  }
  if ('kind' in received) return received;
  // Somebody who interrupts during the exchange wants nothing stored.
  return cancelled.aborted ? failedLogin('cancelled') : keep(received);
}

function refusedByServer(error: string, description: string | null): FailedLogin {
  if (error === 'access_denied') return failedLogin('access-denied');
  const words = description === null ? '' : `: ${quoteUntrusted(description, 160)}`;
  return failedLogin('server-refused', `it answered ${quoteUntrusted(error, 40)}${words}`);
}

function notListening(detail: string, redirectUri: string | null): FailedLogin {
  return failedLogin('no-redirect-address', detail, [
    redirectUri === null
      ? 'Try the device flow: --device'
      : `Stop what listens there, or change redirectUri (${redirectUri}) in sidecar.json5 and at the server`,
  ]);
}

function asksForOfflineAccess(scopes: readonly string[]): boolean {
  return scopes.includes('openid') && scopes.includes('offline_access');
}
