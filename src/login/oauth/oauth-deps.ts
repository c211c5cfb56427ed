/** What the commands of OAuth logins get from outside. */
import type { AuthorizationServers } from '../../credentials/oauth/authorization-server.ts';
import type { ClientLookup } from '../../credentials/oauth/client-identity.ts';
import type { OAuthTokens } from '../../credentials/oauth/oauth-tokens.ts';
import type { OAuthClients } from '../../domain/oauth-client.ts';
import type { Clock } from '../../platform/clock.ts';
import type { Sleep } from '../../platform/sleep.ts';

/** The settings and the stored logins, as they are when a command begins. */
export interface OAuthSession {
  readonly clients: OAuthClients;
  readonly servers: AuthorizationServers;
  /** Stored tokens with their renewal. */
  readonly tokens: OAuthTokens;
  readonly lookup: ClientLookup;
}

export interface OAuthDeps {
  /** @throws SidecarError when the settings or the config cannot be read */
  readonly open: () => Promise<OAuthSession>;
  readonly clock: Clock;
  readonly sleep: Sleep;
  /** Aborts when the person interrupts. Only a login that has something to put in order asks for it. */
  readonly interrupted: () => AbortSignal;
  /** True when a person looks at standard error. */
  readonly isTerminal: boolean;
  /** Tells something while a command is still under way; never on standard output. */
  readonly tell: (line: string) => void;
  /** Shows that something is under way, until the work ends. */
  readonly waiting: <T>(label: string, work: Promise<T>) => Promise<T>;
  /** False when no browser could be started. */
  readonly openBrowser: (url: string) => Promise<boolean>;
}
