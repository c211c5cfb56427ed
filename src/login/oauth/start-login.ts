/** Starts a login at the authorization server of a provider, and keeps what it grants as a profile of the own store. */
import type {
  AuthorizationServers,
  ConnectOutcome,
  ServerConnection,
} from '../../credentials/oauth/authorization-server.ts';
import type { ClientLookup } from '../../credentials/oauth/client-identity.ts';
import type { ReceivedTokens } from '../../credentials/oauth/token-response.ts';
import type { OwnStore } from '../../credentials/own-store.ts';
import type { NewCredential } from '../../credentials/stored-profile.ts';
import { SidecarError } from '../../domain/errors.ts';
import type { Clock } from '../../platform/clock.ts';
import type { Sleep } from '../../platform/sleep.ts';
import { beginCodeFlow } from './code-flow.ts';
import { beginDeviceFlow } from './device-flow.ts';
import type { FlowOptions, LoginFlow, LoginStart } from './flow.ts';
import { failedLogin, type LoginOutcome } from './login-outcome.ts';

/** Longest time that a person gets for a login, in milliseconds. */
const LOGIN_LIFETIME_MS = 10 * 60 * 1_000;

/** What logins need from outside. */
export interface LoginParts {
  readonly servers: AuthorizationServers;
  /** Where ids and secrets of clients stand now. */
  readonly lookup: () => ClientLookup;
  readonly store: Pick<OwnStore, 'put'>;
  readonly clock: Clock;
  readonly sleep: Sleep;
  /** @default LOGIN_LIFETIME_MS */
  readonly lifetimeMs?: number;
  /** Called when a profile was stored, before the login counts as complete. */
  readonly onStored?: () => Promise<void>;
}

/** The profile that a login of this provider fills. */
export function loginProfileId(providerId: string): string {
  return `${providerId}:default`;
}

/**
 * Starts a login. What a person has to do then is in the result; the login ends by itself.
 *
 * @param providerId canonical id
 * @param cancelled aborts when the login is not wanted any more
 */
export async function startLogin(
  parts: LoginParts,
  providerId: string,
  flow: LoginFlow,
  cancelled: AbortSignal,
): Promise<LoginStart> {
  const connection = await parts.servers.connect(providerId, parts.lookup());
  if (connection.kind === 'failed') return notConnected(connection);
  const { clock, sleep, lifetimeMs = LOGIN_LIFETIME_MS } = parts;
  const options: FlowOptions = {
    connection,
    clock,
    sleep,
    cancelled,
    lifetimeMs,
    keep: (tokens) => keep(parts, providerId, connection, tokens),
  };
  switch (flow) {
    case 'code':
      return beginCodeFlow(options);
    case 'device':
      return beginDeviceFlow(options);
  }
}

function notConnected({ reason, detail, hints }: Extract<ConnectOutcome, { kind: 'failed' }>): LoginStart {
  return failedLogin(reason, detail, hints);
}

async function keep(
  { store, onStored }: LoginParts,
  providerId: string,
  connection: ServerConnection,
  tokens: ReceivedTokens,
): Promise<LoginOutcome> {
  const profileId = loginProfileId(providerId);
  try {
    await store.put(profileId, toCredential(providerId, connection, tokens));
    await onStored?.();
  } catch (error) {
    if (error instanceof SidecarError) return failedLogin('not-stored', error.message, error.hints);
    throw error;
  }
  return { kind: 'complete', profileId, expires: tokens.expires, renewable: tokens.refresh !== null };
}

function toCredential(
  provider: string,
  { issuer, clientId, settings }: ServerConnection,
  { access, refresh, expires, obtained, scopes, tokenType }: ReceivedTokens,
): NewCredential {
  return {
    type: 'oauth',
    provider,
    access,
    ...(refresh === null ? {} : { refresh }),
    ...(expires === null ? {} : { expires }),
    // A server that names no scopes granted those that were asked for.
    login: { issuer, clientId, scopes: scopes ?? settings.scopes, tokenType, obtained },
  };
}
