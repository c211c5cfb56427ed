/** The OAuth parts of a program, built once: the authorization servers of the settings, and the tokens of its logins. */
import { join } from 'node:path';
import {
  type AuthorizationServers,
  createAuthorizationServers,
} from '../credentials/oauth/authorization-server.ts';
import { createOAuthTokens } from '../credentials/oauth/create-oauth-tokens.ts';
import { createLoginStore } from '../credentials/oauth/login-store.ts';
import type { OAuthTokenKeeper } from '../credentials/oauth/oauth-tokens.ts';
import { createOwnStore } from '../credentials/own-store.ts';
import type { OAuthClients } from '../domain/oauth-client.ts';
import type { EventSink } from '../domain/sidecar-event.ts';
import type { Clock } from '../platform/clock.ts';
import type { Logger } from '../platform/logger.ts';
import type { Paths } from '../platform/paths.ts';

export interface OAuthAccess {
  readonly servers: AuthorizationServers;
  readonly tokens: OAuthTokenKeeper;
}

export interface OAuthAccessOptions {
  readonly clients: OAuthClients;
  readonly paths: Pick<Paths, 'ownProfiles' | 'sidecarDir'>;
  readonly clock: Clock;
  readonly log: Pick<Logger, 'warn'>;
  /** Told each secret before anybody has it. */
  readonly onSecret: (value: string) => void;
  /** Told of tokens that were renewed. @default nobody is */
  readonly onEvent?: EventSink;
  /** From 0 to 1. */
  readonly random: () => number;
  /** True for a program that goes on running. */
  readonly background: boolean;
}

/** Opens nothing: the OAuth library is loaded when a server is really asked. */
export function openOAuth(options: OAuthAccessOptions): OAuthAccess {
  const { clients, paths, clock, log, onSecret, onEvent, random, background } = options;
  const servers = createAuthorizationServers({ clients, clock, onSecret });
  const tokens = createOAuthTokens({
    servers,
    store: createLoginStore(createOwnStore({ path: paths.ownProfiles, clock })),
    lockFolder: join(paths.sidecarDir, 'locks'),
    clock,
    log,
    onSecret,
    random,
    background,
    ...(onEvent === undefined ? {} : { onEvent }),
  });
  return { servers, tokens };
}
