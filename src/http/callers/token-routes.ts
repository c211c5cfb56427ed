/** What the token routes take and answer. */
import * as z from 'zod';
import type { TokensAnswer } from '../../domain/answers/tokens.ts';
import { type CallerScope, scopeDefect } from '../../domain/caller-scope.ts';
import { EXEC_NAME_PREFIX } from '../../domain/caller-token.ts';
import { isoOrNull } from '../../platform/clock.ts';
import type { Caller } from './caller.ts';
import type { Callers } from './callers.ts';

/** The tokens that are in force. */
export function listTokens(callers: Pick<Callers, 'list'>): TokensAnswer {
  return {
    tokens: callers.list().map(({ name, kind, scope, expiresAt }) => ({
      name,
      kind,
      providers: scope?.providers ?? null,
      models: scope?.models ?? null,
      secrets: scope?.secrets ?? true,
      expiresAt: isoOrNull(expiresAt),
    })),
  };
}

const names = z.array(z.string('must be a string'), 'must be a list').nullable().default(null);

/** Body of `POST /v1/tokens/lease`. The token itself stays with who made it. */
export const leaseBody = z
  .strictObject({
    name: z
      .string('must be a string')
      .regex(/^exec:[\w.-]{1,64}:\d{1,10}$/, `must be like ${EXEC_NAME_PREFIX}program:process-id`),
    id: z.string('must be a string').regex(/^[0-9a-f]{12}$/, 'must be the id in the token'),
    sha256: z.string('must be a string').regex(/^[0-9a-f]{64}$/, 'must be a SHA-256 digest in hexadecimal'),
    providers: names,
    models: names,
    secrets: z.boolean('must be true or false').default(true),
  })
  .superRefine(({ providers, models }, context) => {
    const defect = scopeDefect(providers, models);
    if (defect === undefined) return;
    context.addIssue({ code: 'custom', path: ['providers or models'], message: defect });
  });

/**
 * Lets the token in for as long as the answer stays open: the connection of whoever asked is the lease, so the
 * token ends with that program, however that one ends. It also ends with the token that it was asked with.
 *
 * @param asker who asks
 */
export function openLease(
  callers: Pick<Callers, 'lease'>,
  asker: Caller,
  { name, id, sha256, providers, models, secrets }: z.infer<typeof leaseBody>,
): ReadableStream<Uint8Array> {
  const scope: CallerScope = { providers, models, secrets };
  const { caller, end } = callers.lease({ id, name, digest: sha256, scope, expiresAt: null });
  asker.ended?.addEventListener('abort', end, { once: true });
  if (asker.ended?.aborted === true) end();
  const stop = (): void => {
    asker.ended?.removeEventListener('abort', end);
    end();
  };
  return new ReadableStream({
    start(controller) {
      controller.enqueue(new TextEncoder().encode(`${JSON.stringify({ name })}\n`));
      const finish = (): void => {
        stop();
        try {
          controller.close();
        } catch {
          // Cancelled already: the other side is gone.
        }
      };
      caller.ended?.addEventListener('abort', finish, { once: true });
      if (caller.ended?.aborted === true) finish();
    },
    cancel: stop,
  });
}
