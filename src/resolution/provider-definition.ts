/**
 * One entry of `models.providers` (the operator's config) or of `providers` (models.json) as a definition.
 * Never throws: what cannot be used is said in words, with the path at which it stands.
 */
import * as z from 'zod';
import { unknownApiHint } from '../domain/api-ids.ts';
import { AUTH_MODES, type Model, type ProviderDefinition } from '../domain/provider.ts';
import { isRecord } from '../domain/record.ts';
import { readSecretRef } from '../domain/secret-ref.ts';
import { escapeControlCharacters, hasControlCharacters, quoteUntrusted } from '../domain/untrusted-text.ts';
import { baseUrlField, fieldReader, headersField, textField } from './definition-fields.ts';
import { parseModels } from './model-rows.ts';

/** What the parser may know besides the entry itself. */
export interface DefinitionOptions {
  /** The catalog's models of the same provider; they fill the gaps that a row leaves. */
  readonly catalogModels?: readonly Model[];
  /** Paths of texts that still hold a `${VAR}` because it is not set: reported elsewhere, so no defect here. */
  readonly unresolved?: ReadonlySet<string>;
}

const authField = z.enum(AUTH_MODES, `must be one of ${AUTH_MODES.join(', ')}`);
const authHeaderField = z.boolean('must be true or false');

/**
 * @param id the key under which the entry stands; trimmed and lower-cased, aliases are not followed
 * @param raw the entry, after `${VAR}` substitution
 * @param place path of the entry, for example `models.providers.moonshot`
 */
export function parseProviderDefinition(
  id: string,
  raw: unknown,
  place: string,
  options: DefinitionOptions = {},
): ProviderDefinition {
  const written = id.trim().toLowerCase();
  const defects = idDefects(written, place);
  // A defective id is only ever shown, so it is made fit for that.
  const plainId = escapeControlCharacters(written);
  if (!isRecord(raw)) return { id: plainId, defects: [...defects, `${place} must be an object`] };

  const isUnresolved = (key: string): boolean => options.unresolved?.has(`${place}.${key}`) ?? false;
  const checked = fieldReader(raw, place, (defect) => defects.push(defect));
  const read: typeof checked = (key, schema) => (isUnresolved(key) ? undefined : checked(key, schema));

  const name = read('name', textField);
  const baseUrl = checked('baseUrl', isUnresolved('baseUrl') ? textField : baseUrlField);
  const api = read('api', textField);
  const auth = read('auth', authField);
  const authHeader = read('authHeader', authHeaderField);
  const headers = read('headers', headersField);
  const region = read('region', textField);
  const rows = parseModels(raw['models'], `${place}.models`, {
    catalogModels: options.catalogModels ?? [],
    hasApi: api !== undefined,
    hasBaseUrl: baseUrl !== undefined,
  });
  defects.push(...rows.defects);
  const unknownApis = apisNobodyKnows(api, rows.models ?? [], place);

  return {
    id: plainId,
    ...(name !== undefined && { name }),
    ...(baseUrl !== undefined && { baseUrl }),
    ...(api !== undefined && { api }),
    ...(auth !== undefined && { auth }),
    ...readApiKey(raw['apiKey'], `${place}.apiKey`),
    ...(authHeader !== undefined && { authHeader }),
    ...headers,
    ...(region !== undefined && { region }),
    ...(rows.models !== undefined && { models: rows.models }),
    ...(defects.length > 0 && { defects }),
    ...(rows.rowDefects.length > 0 && { modelDefects: rows.rowDefects }),
    ...(unknownApis.length > 0 && { unknownApis }),
  };
}

/** Other tools know more apis than these, so an unknown one is told and not refused. */
function apisNobodyKnows(
  api: string | undefined,
  models: readonly Model[],
  place: string,
): NonNullable<ProviderDefinition['unknownApis']> {
  const first = new Map<string, string>();
  if (api !== undefined) first.set(api, `${place}.api`);
  for (const { id, api: own } of models) {
    if (own !== undefined && !first.has(own)) first.set(own, `${place}.models: api of ${quoteUntrusted(id)}`);
  }
  return [...first].flatMap(([name, configPath]) =>
    unknownApiHint(name) === undefined ? [] : [{ api: name, configPath }],
  );
}

function idDefects(id: string, place: string): string[] {
  if (id === '' || id.includes('/') || id.length > 128 || hasControlCharacters(id)) {
    return [
      `${place}: ${quoteUntrusted(id)} cannot be a provider id (no slash, 1 to 128 visible characters)`,
    ];
  }
  return [];
}

/** A key that cannot be read breaks only what would have used it: a profile or a variable may come first. */
function readApiKey(
  raw: unknown,
  place: string,
): Pick<ProviderDefinition, 'apiKey' | 'apiKeyRef' | 'apiKeyProblem'> {
  if (raw === undefined || raw === null) return {};
  if (typeof raw === 'string') return { apiKey: raw };
  if (!isRecord(raw)) return { apiKeyProblem: `${place} must be a string` };
  const read = readSecretRef(raw);
  return read.kind === 'reference'
    ? { apiKeyRef: read.reference }
    : { apiKeyProblem: `${place} ${read.reason}` };
}
