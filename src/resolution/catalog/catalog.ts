/** The built-in catalog: hosted providers and their models, from the snapshot that stands beside this file. */
import * as z from 'zod';
import { messageOf, SidecarError } from '../../domain/errors.ts';
import type { Model, ModelCost, ProviderDefinition } from '../../domain/provider.ts';
import { canonicalProviderId } from '../../domain/provider-id.ts';
import { isRecord } from '../../domain/record.ts';
import { readDataFile } from '../../platform/data-file.ts';
import { displayNameOf } from './provider-names.ts';

/** The catalog, by canonical provider id (the data's `moonshotai` is `moonshot` here). */
export interface Catalog {
  /** npm package that the data was taken from. */
  readonly source: string;
  /** Version of that package. */
  readonly version: string;
  /** Day on which the data last changed, `YYYY-MM-DD`. */
  readonly takenAt: string;
  readonly providers: ReadonlyMap<string, ProviderDefinition>;
}

/** One model as the data has it. */
interface ModelRow {
  readonly id: string;
  readonly name: string;
  readonly api?: string;
  readonly baseUrl?: string;
  readonly reasoning: boolean;
  readonly input: readonly string[];
  readonly cost: ModelCost;
  readonly contextWindow: number;
  readonly maxTokens: number;
  readonly headers?: Readonly<Record<string, string>>;
}

/** One provider as the data has it; `api` and `baseUrl` stand here when all models share them. */
interface ProviderRow {
  readonly api?: string;
  readonly baseUrl?: string;
  readonly models: readonly ModelRow[];
}

/**
 * Looks at what would break an answer. The rows are this program's own data, made by its own script, and a
 * full schema over a thousand of them costs several times the time budget of the whole reader.
 */
function isProviderRow(value: unknown): value is ProviderRow {
  return isRecord(value) && Array.isArray(value['models']) && value['models'].every(isModelRow);
}

function isModelRow(value: unknown): value is ModelRow {
  return (
    isRecord(value) &&
    typeof value['id'] === 'string' &&
    typeof value['name'] === 'string' &&
    typeof value['reasoning'] === 'boolean' &&
    Array.isArray(value['input']) &&
    isRecord(value['cost']) &&
    typeof value['contextWindow'] === 'number' &&
    typeof value['maxTokens'] === 'number'
  );
}

const snapshot = z.object({
  source: z.string(),
  version: z.string(),
  takenAt: z.string(),
  providers: z.record(z.string(), z.custom<ProviderRow>(isProviderRow)),
});

/**
 * Reads the catalog. Call it once at the start; the result never changes.
 *
 * @param read reads the data file; tests hand in a broken one
 * @throws SidecarError `internal` when the shipped data is broken
 */
export function loadCatalog(read: (url: URL) => string = readDataFile): Catalog {
  const data = parseSnapshot(read(new URL('./pi-ai.json', import.meta.url)));
  const providers = new Map<string, ProviderDefinition>();
  for (const [writtenId, row] of Object.entries(data.providers)) {
    const id = canonicalProviderId(writtenId);
    providers.set(id, toDefinition(id, row));
  }
  return { source: data.source, version: data.version, takenAt: data.takenAt, providers };
}

function parseSnapshot(text: string): z.infer<typeof snapshot> {
  try {
    return snapshot.parse(JSON.parse(text));
  } catch (error) {
    const reason = error instanceof z.ZodError ? z.prettifyError(error).slice(0, 300) : messageOf(error);
    throw new SidecarError(
      'internal',
      `The built-in catalog is broken: ${reason}`,
      ['Install the program again'],
      {
        cause: error,
      },
    );
  }
}

function toDefinition(id: string, row: ProviderRow): ProviderDefinition {
  return {
    id,
    name: displayNameOf(id),
    ...(row.api !== undefined && { api: row.api }),
    ...(row.baseUrl !== undefined && { baseUrl: row.baseUrl }),
    ...(id === 'amazon-bedrock' && { auth: 'aws-sdk' as const }),
    models: row.models.map(toModel),
  };
}

function toModel(row: ModelRow): Model {
  // The snapshot tells what a model was trained for, not what an account's plan grants.
  return { ...row, contextWindowSource: 'trained-max', maxContextWindow: row.contextWindow };
}
