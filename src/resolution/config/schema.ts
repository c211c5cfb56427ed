/** What this program uses of the operator's config, and how it is read from the parsed file. Pure. */
import * as z from 'zod';
import type { Finding } from '../../domain/finding.ts';
import type { MissingVariable, Model, ProviderDefinition } from '../../domain/provider.ts';
import { isRecord, recordOf } from '../../domain/record.ts';
import type { SecretsConfig } from '../../credentials/secret-files.ts';
import { parseProviderDefinition } from '../provider-definition.ts';
import { NO_SECRETS } from './secrets.ts';
import { formatPath, type MissingReference, type PathSegments } from './substitute.ts';

/** The operator's wish for the model that counts when nobody names one. */
export interface ConfiguredDefault {
  readonly primary: string;
  /** Read so that a mistake in them is told; this program never switches by itself. */
  readonly fallbacks: readonly string[];
  readonly configPath: string;
  /** A variable that `primary` names and that is not set. */
  readonly missingVariable?: MissingVariable;
}

/** A profile as the config declares it; the credential itself stands in a profile store. */
export interface DeclaredProfile {
  /** Provider id, trimmed and lower-case. */
  readonly provider: string;
  /** `api_key`, `oauth`, `token`, …, as written. */
  readonly mode: string;
}

/** The parts of the operator's config that are used here. Its records have no prototype. */
export interface OperatorConfig {
  readonly defaultModel?: ConfiguredDefault;
  /** Alias, as written, → model reference. */
  readonly modelAliases: Readonly<Record<string, string>>;
  /** In the order of the file; ids trimmed and lower-case, aliases of ids not followed. */
  readonly providers: readonly ProviderDefinition[];
  readonly auth: {
    /** Provider id, trimmed and lower-case, → profile ids in the order in which they are tried. */
    readonly order: Readonly<Record<string, readonly string[]>>;
    readonly profiles: Readonly<Record<string, DeclaredProfile>>;
  };
  /** Where references to secrets lead. */
  readonly secrets: SecretsConfig;
  /** Variables that a part in use names and that are not set. */
  readonly missingVariables: readonly MissingVariable[];
}

/** The catalog's models of a provider id, as it is written in the config. */
export type CatalogModels = (providerId: string) => readonly Model[];

/** The config in use and what is wrong with its shape. Defects of a provider stand at the provider. */
export interface ReadConfig {
  readonly config: OperatorConfig;
  readonly findings: readonly Finding[];
}

const USED_PARTS: readonly PathSegments[] = [
  ['env'],
  ['models', 'providers'],
  ['agents', 'defaults', 'model'],
  ['agents', 'defaults', 'models'],
  ['auth'],
];

const profileField = z.looseObject({
  provider: z.string().trim().toLowerCase().min(1),
  mode: z.string().trim(),
});
const profileIdsField = z.array(z.string().trim());
const defaultModelField = z.union([z.string(), z.looseObject({ primary: z.string().optional() })]);

/**
 * Reads the config after includes and substitution.
 *
 * @param missing the references that substitution could not replace
 */
export function readOperatorConfig(
  root: Readonly<Record<string, unknown>>,
  missing: readonly MissingReference[],
  catalogModels: CatalogModels,
): ReadConfig {
  const findings: Finding[] = [];
  const report = (path: string, fault: string): void => {
    findings.push({
      code: 'config-invalid',
      detail: `${path} ${fault}; it is ignored`,
      hint: `Mend ${path} in the operator's config`,
    });
  };
  const inUse = missing.filter(({ path }) => USED_PARTS.some((part) => startsWith(path, part)));
  const defaults = recordAt(recordAt(root, ['agents'], report), ['agents', 'defaults'], report);
  const missingVariables = inUse.map(toMissingVariable);
  const defaultModel = withMissing(readDefaultModel(defaults['model'], report), missingVariables);
  const auth = recordAt(root, ['auth'], report);
  return {
    config: {
      ...(defaultModel !== undefined && { defaultModel }),
      modelAliases: readAliases(recordAt(defaults, ['agents', 'defaults', 'models'], report)),
      providers: readProviders(root, inUse, catalogModels, report),
      auth: {
        order: readOrder(recordAt(auth, ['auth', 'order'], report), report),
        profiles: readProfiles(recordAt(auth, ['auth', 'profiles'], report), report),
      },
      secrets: NO_SECRETS,
      missingVariables,
    },
    findings,
  };
}

type Report = (path: string, fault: string) => void;

/** The record under the last segment of `path`; an absent one is empty, anything else is reported. */
function recordAt(
  parent: Readonly<Record<string, unknown>>,
  path: readonly string[],
  report: Report,
): Readonly<Record<string, unknown>> {
  const key = path.at(-1) ?? '';
  const value = Object.hasOwn(parent, key) ? parent[key] : undefined;
  if (isRecord(value)) return value;
  if (value !== undefined && value !== null) report(formatPath(path), 'must be an object');
  return {};
}

function readProviders(
  root: Readonly<Record<string, unknown>>,
  missing: readonly MissingReference[],
  catalogModels: CatalogModels,
  report: Report,
): ProviderDefinition[] {
  const entries = recordAt(recordAt(root, ['models'], report), ['models', 'providers'], report);
  return Object.entries(entries).map(([id, raw]) => {
    const path = ['models', 'providers', id];
    const own = missing.filter((reference) => startsWith(reference.path, path)).map(toMissingVariable);
    const definition = parseProviderDefinition(id, raw, formatPath(path), {
      catalogModels: catalogModels(id),
      unresolved: new Set(own.map(({ configPath }) => configPath)),
    });
    return { ...definition, ...(own.length > 0 && { missingVariables: own }) };
  });
}

function readDefaultModel(raw: unknown, report: Report): ConfiguredDefault | undefined {
  if (raw === undefined || raw === null) return undefined;
  const path = 'agents.defaults.model';
  const parsed = defaultModelField.safeParse(raw);
  if (!parsed.success) {
    report(path, 'must be a string or an object with "primary"');
    return undefined;
  }
  if (typeof parsed.data === 'string') {
    const primary = parsed.data.trim();
    return primary === '' ? undefined : { primary, fallbacks: [], configPath: path };
  }
  const primary = parsed.data.primary?.trim() ?? '';
  const fallbacks = readFallbacks(parsed.data['fallbacks'], report);
  return primary === '' ? undefined : { primary, fallbacks, configPath: `${path}.primary` };
}

function withMissing(
  configured: ConfiguredDefault | undefined,
  missing: readonly MissingVariable[],
): ConfiguredDefault | undefined {
  const missingVariable = missing.find(({ configPath }) => configPath === configured?.configPath);
  return configured && { ...configured, ...(missingVariable !== undefined && { missingVariable }) };
}

function readFallbacks(raw: unknown, report: Report): string[] {
  if (raw === undefined || raw === null) return [];
  const path = 'agents.defaults.model.fallbacks';
  if (!Array.isArray(raw)) {
    report(path, 'must be a list');
    return [];
  }
  return raw.flatMap((item: unknown, index) => {
    if (typeof item === 'string' && item.trim() !== '') return [item.trim()];
    report(`${path}[${index}]`, 'must be a model reference');
    return [];
  });
}

function readAliases(models: Readonly<Record<string, unknown>>): Readonly<Record<string, string>> {
  return recordOf(
    Object.entries(models).flatMap(([ref, settings]): [string, string][] => {
      const alias = isRecord(settings) ? settings['alias'] : undefined;
      return typeof alias === 'string' && alias.trim() !== '' ? [[alias.trim(), ref.trim()]] : [];
    }),
  );
}

function readOrder(
  raw: Readonly<Record<string, unknown>>,
  report: Report,
): Readonly<Record<string, readonly string[]>> {
  return recordOf(
    Object.entries(raw).flatMap(([provider, ids]): [string, string[]][] => {
      const parsed = profileIdsField.safeParse(ids);
      if (parsed.success) return [[provider.trim().toLowerCase(), parsed.data.filter((id) => id !== '')]];
      report(formatPath(['auth', 'order', provider]), 'must be a list of profile ids');
      return [];
    }),
  );
}

function readProfiles(
  raw: Readonly<Record<string, unknown>>,
  report: Report,
): Readonly<Record<string, DeclaredProfile>> {
  return recordOf(
    Object.entries(raw).flatMap(([id, profile]): [string, DeclaredProfile][] => {
      const parsed = profileField.safeParse(profile);
      if (parsed.success) return [[id.trim(), { provider: parsed.data.provider, mode: parsed.data.mode }]];
      report(formatPath(['auth', 'profiles', id]), 'must be an object with "provider" and "mode"');
      return [];
    }),
  );
}

function startsWith(path: PathSegments, prefix: PathSegments): boolean {
  return prefix.every((segment, index) => path[index] === segment);
}

function toMissingVariable({ variable, path }: MissingReference): MissingVariable {
  return { variable, configPath: formatPath(path) };
}
