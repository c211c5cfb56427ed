/** `token create`, `list`, `revoke`, `rotate`: tokens with names and limits. A running server follows at once. */
import * as z from 'zod';
import { createCallerTokenStore, noSuchToken } from '../credentials/caller-tokens.ts';
import { type CallerScope, describeScope, isNarrowed } from '../domain/caller-scope.ts';
import { ENDPOINT_TOKEN_NAME } from '../domain/caller-token.ts';
import { parseDuration } from '../domain/duration.ts';
import { EXIT, factsOf, SidecarError } from '../domain/errors.ts';
import { quoteUntrusted } from '../domain/untrusted-text.ts';
import { isoOrNull, toIso } from '../platform/clock.ts';
import { findPaths } from '../platform/paths.ts';
import { type CommandContext, printJson } from './context.ts';
import { rotateEndpointToken } from './rotate-endpoint.ts';
import { findServer } from './running-server.ts';
import { type ScopeFlags, scopeOf } from './scope-flags.ts';
import { warnOfUnknownNames } from './scope-warning.ts';
import { printProblem } from './print-problem.ts';
import { formatTable } from './table.ts';

export interface TokenFlags extends ScopeFlags {
  readonly name?: string;
  readonly ttl?: string;
  readonly json?: boolean;
}

/**
 * The life that a text means, in milliseconds.
 *
 * @throws SidecarError `bad-request`
 */
export function lifeOf(text: string): number {
  const ms = parseDuration(text);
  if (ms !== undefined) return ms;
  throw new SidecarError('bad-request', `--ttl is a span of time, not ${quoteUntrusted(text)}`, [
    'For example: --ttl 90s, --ttl 30m, --ttl 8h, --ttl 7d',
  ]);
}

/** Makes a token; the only place where its text is ever shown. */
export function tokenCreate(context: CommandContext, flags: TokenFlags): Promise<number> {
  return orFail(context, flags, async () => {
    const { name = '', ttl } = flags;
    const scope = scopeOf(flags);
    const lifeMs = ttl === undefined ? null : lifeOf(ttl);
    const { stored, token } = await storeOf(context).create({ name, scope, lifeMs });
    await follow(context);
    printToken(context, flags, stored, token.secret.reveal());
    await tellUnknownNames(context, scope);
    return EXIT.ok;
  });
}

/** After the token was shown: it must not be lost for a warning. */
async function tellUnknownNames(context: CommandContext, scope: CallerScope): Promise<void> {
  if (!isNarrowed(scope)) return;
  const found = await findServer(context);
  const server = found.kind === 'absent' ? null : found.server;
  try {
    await warnOfUnknownNames(context, scope, server);
  } finally {
    server?.close();
  }
}

/** Lists every token that is stored, the endpoint's, and those of programs that `exec` runs. */
export function tokenList(context: CommandContext, flags: TokenFlags): Promise<number> {
  return orFail(context, flags, async () => {
    const stored = await storeOf(context).list();
    const now = context.clock();
    const everything: CallerScope = { providers: null, models: null, secrets: true };
    const tokens = [
      { name: ENDPOINT_TOKEN_NAME, kind: 'endpoint', ...everything, createdAt: null, expiresAt: null },
      ...stored.map(({ name, scope, createdAt, expiresAt }) => ({
        name,
        kind: 'stored',
        ...scope,
        createdAt: toIso(createdAt),
        expiresAt: isoOrNull(expiresAt),
      })),
      ...(await leases(context)),
    ].map((token) => ({
      ...token,
      expired: token.expiresAt !== null && Date.parse(token.expiresAt) <= now,
    }));
    if (flags.json === true) {
      printJson(context, { tokens });
      return EXIT.ok;
    }
    const rows = tokens.map(({ name, kind, expired, expiresAt, createdAt, ...scope }) => [
      name,
      kind,
      createdAt ?? '-',
      expired ? `expired ${expiresAt ?? ''}` : (expiresAt ?? (kind === 'lease' ? 'with its program' : '-')),
      describeScope(scope),
    ]);
    context.print(formatTable(['NAME', 'KIND', 'MADE', 'UNTIL', 'MAY ASK FOR'], rows));
    return EXIT.ok;
  });
}

/** Ends a token; when the command returns, a running server refuses it. */
export function tokenRevoke(context: CommandContext, name: string, flags: TokenFlags): Promise<number> {
  return orFail(context, flags, async () => {
    if (name === ENDPOINT_TOKEN_NAME) {
      throw new SidecarError('bad-request', 'The token of endpoint.json is replaced, not revoked', [
        'Run: provider-sidecar token rotate',
      ]);
    }
    if (!(await storeOf(context).revoke(name))) throw noSuchToken(name);
    await follow(context);
    if (flags.json === true) printJson(context, { name, revoked: true });
    else context.print(`Revoked ${name}\n`);
    return EXIT.ok;
  });
}

/** Replaces a token by a new one with the same limits; without a name, the one of `endpoint.json`. */
export function tokenRotate(
  context: CommandContext,
  name: string | undefined,
  flags: TokenFlags,
): Promise<number> {
  return orFail(context, flags, async () => {
    if (name === undefined || name === ENDPOINT_TOKEN_NAME) {
      const { inForce } = await rotateEndpointToken(context);
      if (flags.json === true) printJson(context, { name: ENDPOINT_TOKEN_NAME, inForce });
      else
        context.print(
          inForce
            ? 'The token of endpoint.json is a new one, and the old one is refused\n'
            : 'The next server that starts has a new token\n',
        );
      return EXIT.ok;
    }
    const { stored, token } = await storeOf(context).rotate(name);
    await follow(context);
    printToken(context, flags, stored, token.secret.reveal());
    return EXIT.ok;
  });
}

function storeOf({ env, home, clock }: CommandContext): ReturnType<typeof createCallerTokenStore> {
  return createCallerTokenStore(findPaths(env, home).tokens, clock);
}

function printToken(
  context: CommandContext,
  { json }: TokenFlags,
  stored: { name: string; scope: CallerScope; createdAt: number; expiresAt: number | null },
  token: string,
): void {
  const { name, scope } = stored;
  const createdAt = toIso(stored.createdAt);
  const expiresAt = isoOrNull(stored.expiresAt);
  if (json === true) {
    printJson(context, { name, token, ...scope, createdAt, expiresAt });
    return;
  }
  context.print(`${token}\n`);
  const until = expiresAt === null ? 'until it is revoked' : `until ${expiresAt}`;
  context.printError(`Token ${name}: ${describeScope(scope)}; ${until}. It is shown this once.\n`);
}

/** Has a running server read the tokens now; where none runs, the next one does. */
async function follow(context: CommandContext): Promise<void> {
  const found = await findServer(context);
  if (found.kind === 'absent') return;
  const { server } = found;
  try {
    await server.ask({ path: '/v1/tokens' });
  } catch {
    // It went away between two questions; what starts next reads the file.
  } finally {
    server.close();
  }
}

const leasesAnswer = z.looseObject({
  tokens: z.array(
    z.looseObject({
      name: z.string(),
      kind: z.string(),
      providers: z.array(z.string()).nullable(),
      models: z.array(z.string()).nullable(),
      secrets: z.boolean(),
    }),
  ),
});

async function leases(context: CommandContext) {
  const found = await findServer(context);
  if (found.kind === 'absent') return [];
  const answer = await found.server.ask({ path: '/v1/tokens' }).catch(() => undefined);
  found.server.close();
  const tokens = leasesAnswer.safeParse(answer?.body).data?.tokens ?? [];
  return tokens
    .filter(({ kind }) => kind === 'lease')
    .map(({ name, kind, providers, models, secrets }) => ({
      name,
      kind,
      providers,
      models,
      secrets,
      createdAt: null,
      expiresAt: null,
    }));
}

async function orFail(
  context: CommandContext,
  { json }: TokenFlags,
  work: () => Promise<number>,
): Promise<number> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof SidecarError)) throw error;
    printProblem(context, error.toProblem(), json === true);
    return factsOf(error.code).exitCode;
  }
}
