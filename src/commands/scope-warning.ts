/**
 * What the limits of a token name and nobody knows now: told, and no error, because a scope may name what is yet to
 * come. A running server is asked; where none runs, the files say what there is.
 */
import * as z from 'zod';
import { type CallerScope, isNarrowed } from '../domain/caller-scope.ts';
import { formatModelRef, parseModelRef } from '../domain/model-ref.ts';
import { nearest } from '../domain/nearest.ts';
import { canonicalProviderId, runtimeOfProviderId } from '../domain/provider-id.ts';
import { quoteUntrusted } from '../domain/untrusted-text.ts';
import type { ProvenServer } from '../http/proven-server.ts';
import type { CommandContext } from './context.ts';
import type { KnownNames } from './known-names.ts';

/** Most names that one warning shows. */
const MOST_SHOWN = 5;

/**
 * Writes one line to standard error where a limit names what is not known. Nothing is said where nobody can tell.
 *
 * @param server the one that runs; null: the files are read
 */
export async function warnOfUnknownNames(
  context: CommandContext,
  scope: CallerScope,
  server: ProvenServer | null,
): Promise<void> {
  if (!isNarrowed(scope)) return;
  const known = server === null ? await namesInFiles(context) : await namesAtServer(server);
  const warning = known === null ? undefined : await unknownNamesIn(scope, known);
  if (warning !== undefined) context.printError(`Warning: ${warning}\n`);
}

/** What is not known of the names in a scope, in one sentence; undefined where all are. */
export async function unknownNamesIn(
  { providers, models }: CallerScope,
  known: KnownNames,
): Promise<string | undefined> {
  const ids = new Set(known.providers);
  const canonical = (id: string): string => canonicalProviderId(id, (plain) => ids.has(plain));
  // A runtime that is away now has no entry, and its name is right all the same.
  const exists = (id: string): boolean =>
    ids.has(canonical(id)) || runtimeOfProviderId(canonical(id)) !== undefined;
  const unknown: string[] = [];
  const near = new Set<string>();
  const note = (name: string, among: readonly string[]): void => {
    unknown.push(name);
    for (const one of nearest(name, among)) near.add(one);
  };
  for (const id of providers ?? []) if (!exists(id)) note(id, known.providers);
  for (const pattern of models ?? []) {
    const ref = parseModelRef(pattern);
    if (ref === undefined) continue;
    const id = canonical(ref.provider);
    if (!exists(id)) {
      note(
        pattern,
        known.providers.map((one) => formatModelRef(one, ref.model)),
      );
    } else if (ref.model !== '*' && ids.has(id)) {
      const listed = await known.modelsOf(id);
      if (!listed.includes(ref.model)) {
        note(
          formatModelRef(id, ref.model),
          listed.map((one) => formatModelRef(id, one)),
        );
      }
    }
  }
  if (unknown.length === 0) return undefined;
  const meant = near.size === 0 ? '' : ` Did you mean ${listOf([...near], ' or ')}?`;
  const names = listOf(
    unknown.map((name) => quoteUntrusted(name)),
    ', ',
  );
  return `no provider or model is known now as ${names}; the token may ask for it once it is there.${meant}`;
}

function listOf(names: readonly string[], between: string): string {
  const more = names.length - MOST_SHOWN;
  return `${names.slice(0, MOST_SHOWN).join(between)}${more > 0 ? ` and ${more} more` : ''}`;
}

const providersAnswer = z.looseObject({ providers: z.array(z.looseObject({ id: z.string() })) });
const modelsAnswer = z.looseObject({ models: z.array(z.looseObject({ id: z.string() })) });

/** Null when the server does not say; a token must not fail for that. */
async function namesAtServer(server: ProvenServer): Promise<KnownNames | null> {
  const ask = async <T>(path: string, schema: z.ZodType<T>): Promise<T | undefined> => {
    const answer = await server.ask({ path }).catch(() => undefined);
    return answer?.status === 200 ? schema.safeParse(answer.body).data : undefined;
  };
  const listed = await ask('/v1/providers?all=true', providersAnswer);
  if (listed === undefined) return null;
  return {
    providers: listed.providers.map(({ id }) => id),
    modelsOf: async (id) => {
      const detail = await ask(`/v1/providers/${encodeURIComponent(id)}`, modelsAnswer);
      return detail?.models.map((model) => model.id) ?? [];
    },
  };
}

/** Loaded on first use: commands that talk to a server load nothing that computes answers. */
async function namesInFiles(context: CommandContext): Promise<KnownNames | null> {
  const { readKnownNames } = await import('./known-names.ts');
  return readKnownNames(context);
}
