/**
 * The models of a llama-server, from its list and its properties. A server of one model tells everything; a
 * router tells of a model that is not loaded only what is in its file and on its command line.
 */
import * as z from 'zod';
import { lastPart, reasonByName, UNREADABLE_ROW, type ListedRow } from './listing.ts';
import { tokenCount, type ContextFacts } from './model-rows.ts';

const rowSchema = z.object({
  id: z.string(),
  architecture: z.object({ input_modalities: z.array(z.string()).optional() }).nullish(),
  meta: z.object({ n_ctx: z.unknown().optional(), n_ctx_train: z.unknown().optional() }).nullish(),
  context_length: z.unknown().optional(),
  status: z
    .object({
      value: z.string(),
      args: z.array(z.string()).nullish().catch(undefined),
      failed: z.boolean().nullish(),
    })
    .nullish(),
});

type Row = z.infer<typeof rowSchema>;

const propertiesSchema = z.object({
  role: z.string().optional(),
  build_info: z.string().optional(),
  default_generation_settings: z.object({ n_ctx: z.unknown().optional() }).nullish(),
  modalities: z.object({ vision: z.boolean().optional() }).nullish(),
  chat_template_caps: z
    .object({
      supports_reasoning_effort: z.boolean().optional(),
      supports_preserve_reasoning: z.boolean().optional(),
    })
    .nullish(),
});

/** What `/props` tells. In a router it is about no model. */
export interface LlamaServerProperties {
  readonly build: string | undefined;
  readonly isRouter: boolean;
  /** Tokens of one slot, which is what one request gets. */
  readonly contextWindow: number | undefined;
  readonly vision: boolean;
  readonly reasoning: boolean;
}

/** Reads `/props`; undefined for a foreign shape. */
export function readProperties(body: unknown): LlamaServerProperties | undefined {
  const parsed = propertiesSchema.safeParse(body);
  if (!parsed.success) return undefined;
  const { role, build_info: build, modalities, chat_template_caps: caps } = parsed.data;
  return {
    build,
    isRouter: role === 'router',
    contextWindow: tokenCount(parsed.data.default_generation_settings?.n_ctx),
    vision: modalities?.vision ?? false,
    // A template that takes an effort, or keeps earlier thoughts, is the template of a model that thinks.
    reasoning: (caps?.supports_reasoning_effort ?? false) || (caps?.supports_preserve_reasoning ?? false),
  };
}

/** Reads one row. `properties` are those of the server, which in a router say nothing about the model. */
export function toLlamaServerRow(raw: unknown, properties: LlamaServerProperties | undefined): ListedRow {
  const parsed = rowSchema.safeParse(raw);
  if (!parsed.success) return UNREADABLE_ROW;
  const row = parsed.data;
  const reason = reasonByName(row.id) ?? reasonByStatus(row);
  if (reason !== undefined) return { model: row.id, reason };
  const own = properties?.isRouter === false ? properties : undefined;
  return {
    facts: {
      // Without an alias the id is the path of the model's file; the server's answers call it so, too.
      id: row.id,
      ...(/\.gguf$/i.test(row.id) ? { name: lastPart(row.id) } : {}),
      reasoning: own?.reasoning ?? false,
      vision: row.architecture?.input_modalities?.includes('image') ?? own?.vision ?? false,
      context: contextOf(row, own),
    },
  };
}

function reasonByStatus({ status }: Row): string | undefined {
  if (status?.failed === true) return 'it could not be loaded the last time; look at the log of llama-server';
  return status?.value === 'downloading' ? 'it is still being downloaded' : undefined;
}

/** Older builds have the loaded window in the properties only. */
function contextOf(
  { meta, status, context_length: trained }: Row,
  own: LlamaServerProperties | undefined,
): ContextFacts {
  return {
    loaded: tokenCount(meta?.n_ctx) ?? own?.contextWindow,
    configured: windowOfCommandLine(status?.args ?? []),
    trained: tokenCount(meta?.n_ctx_train) ?? tokenCount(trained),
  };
}

/** Tokens for one request that the command line of a model which is not loaded asks for. */
function windowOfCommandLine(args: readonly string[]): number | undefined {
  const total = numberAfter(args, '--ctx-size', '-c');
  const slots = args.includes('--kv-unified') ? 1 : (numberAfter(args, '--parallel', '-np') ?? 1);
  return total === undefined ? undefined : tokenCount(Math.floor(total / slots));
}

/** A positive number behind one of the flags. Zero and less mean "as the model has it". */
function numberAfter(args: readonly string[], ...flags: readonly string[]): number | undefined {
  const index = args.findLastIndex((arg) => flags.includes(arg));
  return index === -1 ? undefined : tokenCount(Number(args[index + 1]));
}
