/**
 * The `models` list of a provider entry as complete models. A row says what it wants; the catalog fills what
 * it knows of the same model, fixed defaults the rest. One bad row never costs another.
 */
import * as z from 'zod';
import { CONTEXT_WINDOW_SOURCES, type Model, NO_COST } from '../domain/provider.ts';
import { isRecord } from '../domain/record.ts';
import { hasControlCharacters } from '../domain/untrusted-text.ts';
import { baseUrlField, fieldReader, headersField, textField } from './definition-fields.ts';

/** What stands around the list. */
interface RowContext {
  /** Models of the same provider in the catalog. */
  readonly catalogModels: readonly Model[];
  /** True when the provider entry names an api (or a base URL) for all of its models. */
  readonly hasApi: boolean;
  readonly hasBaseUrl: boolean;
}

/** The models, and what is wrong with the list itself (`defects`) or with single rows. */
interface ParsedModels {
  /** Undefined when the entry has no list. */
  readonly models?: readonly Model[];
  readonly defects: readonly string[];
  readonly rowDefects: readonly string[];
}

/** Tokens assumed for a model of which nothing is known. */
const ASSUMED_CONTEXT_WINDOW = 200_000;
const DEFAULT_MAX_TOKENS = 8192;

const price = z.number('must be a number').nonnegative('must not be negative').default(0);

const tokensField = z.int('must be a whole number').positive('must be more than 0');
const reasoningField = z.boolean('must be true or false');
const inputField = z.array(z.string('must be a string'), 'must be a list of strings');
const sourceField = z.enum(CONTEXT_WINDOW_SOURCES, `must be one of ${CONTEXT_WINDOW_SOURCES.join(', ')}`);
const costField = z.object(
  { input: price, output: price, cacheRead: price, cacheWrite: price },
  'must be an object of prices',
);

/** Reads a `models` list. @param place path of the list, for example `models.providers.moonshot.models` */
export function parseModels(raw: unknown, place: string, context: RowContext): ParsedModels {
  if (raw === undefined || raw === null) return { defects: [], rowDefects: [] };
  if (!Array.isArray(raw)) return { defects: [`${place} must be a list`], rowDefects: [] };
  const known = new Map(context.catalogModels.map((model) => [model.id, model]));
  const models = new Map<string, Model>();
  const rowDefects: string[] = [];
  for (const [index, row] of raw.entries()) {
    const rowPlace = `${place}[${index}]`;
    const id = readId(row);
    if (id === undefined) {
      rowDefects.push(`${rowPlace} has no usable id and is left out`);
    } else if (models.has(id)) {
      rowDefects.push(`${rowPlace} repeats the id of an earlier row and is left out`);
    } else {
      models.set(id, completeRow(id, row, rowPlace, known.get(id), context, rowDefects));
    }
  }
  return { models: [...models.values()], defects: [], rowDefects };
}

function readId(row: unknown): string | undefined {
  const id = isRecord(row) ? row['id'] : undefined;
  if (typeof id !== 'string') return undefined;
  const trimmed = id.trim();
  return trimmed === '' || trimmed.length > 500 || hasControlCharacters(trimmed) ? undefined : trimmed;
}

function completeRow(
  id: string,
  row: unknown,
  place: string,
  known: Model | undefined,
  context: RowContext,
  rowDefects: string[],
): Model {
  const read = fieldReader(row, place, (defect) => rowDefects.push(defect));
  const given = read('contextWindow', tokensField);
  const source = read('contextWindowSource', sourceField);
  const contextWindow = given ?? known?.contextWindow ?? ASSUMED_CONTEXT_WINDOW;
  // A window that the row names is the truth of that server: what the catalog knows must fit it.
  const trained = known?.maxContextWindow;
  const knownMax = trained !== undefined && trained >= contextWindow ? trained : undefined;
  const maxContextWindow = read('maxContextWindow', tokensField) ?? knownMax;
  const api = read('api', textField) ?? (context.hasApi ? undefined : known?.api);
  const baseUrl = read('baseUrl', baseUrlField) ?? (context.hasBaseUrl ? undefined : known?.baseUrl);
  // The catalog's extra headers are for the catalog's own server, not for one that the entry names.
  const ofCatalog = context.hasBaseUrl || known?.headers === undefined ? {} : { headers: known.headers };
  const headers = read('headers', headersField) ?? ofCatalog;
  return {
    id,
    name: read('name', textField) ?? known?.name ?? id,
    reasoning: read('reasoning', reasoningField) ?? known?.reasoning ?? false,
    input: read('input', inputField) ?? known?.input ?? ['text'],
    cost: read('cost', costField) ?? known?.cost ?? NO_COST,
    contextWindow,
    contextWindowSource:
      given === undefined ? (known?.contextWindowSource ?? 'assumed') : (source ?? 'configured'),
    ...(maxContextWindow !== undefined && { maxContextWindow }),
    maxTokens:
      read('maxTokens', tokensField) ?? Math.min(known?.maxTokens ?? DEFAULT_MAX_TOKENS, contextWindow),
    ...(api !== undefined && { api }),
    ...(baseUrl !== undefined && { baseUrl }),
    ...headers,
  };
}
