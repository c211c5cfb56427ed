/** The `secrets` part of the operator's config: where references to secrets lead. Pure. */
import { dirname } from 'node:path';
import * as z from 'zod';
import { isRecord, recordOf } from '../../domain/record.ts';
import type { SecretProvider, SecretsConfig } from '../../credentials/secret-files.ts';
import { expandPath } from '../../platform/paths.ts';
import { formatPath } from './substitute.ts';

const providerField = z.discriminatedUnion('source', [
  z.looseObject({ source: z.literal('env'), allowlist: z.array(z.string()).optional() }),
  z.looseObject({
    source: z.literal('file'),
    path: z.string().trim().min(1),
    mode: z.enum(['json', 'singleValue']).optional(),
  }),
  z.looseObject({ source: z.literal('exec') }),
  z.looseObject({ source: z.literal('store') }),
]);

/** No part at all: nothing but variables can be referred to. */
export const NO_SECRETS: SecretsConfig = { providers: {}, defaults: {} };

/**
 * Reads the part. An entry that cannot be read is kept with its problem: it breaks only what refers to it.
 *
 * @param home replaces a leading `~` of a path
 * @param configPath the config; relative paths are meant from its folder
 */
export function readSecrets(raw: unknown, home: string, configPath: string): SecretsConfig {
  if (!isRecord(raw)) return NO_SECRETS;
  const entries = isRecord(raw['providers']) ? Object.entries(raw['providers']) : [];
  const defaults = isRecord(raw['defaults']) ? Object.entries(raw['defaults']) : [];
  return {
    providers: recordOf(
      entries.map(([alias, entry]) => [alias, readProvider(alias, entry, home, dirname(configPath))]),
    ),
    defaults: recordOf(
      defaults.flatMap(([source, alias]): [string, string][] =>
        typeof alias === 'string' ? [[source, alias]] : [],
      ),
    ),
  };
}

function readProvider(alias: string, raw: unknown, home: string, folder: string): SecretProvider {
  const parsed = providerField.safeParse(raw);
  if (!parsed.success) {
    const place = formatPath(['secrets', 'providers', alias]);
    return {
      source: null,
      problem: `${place} is no provider of secrets: its "source" or "path" cannot be used`,
    };
  }
  const { data } = parsed;
  switch (data.source) {
    case 'env':
      return { source: 'env', allowlist: data.allowlist ?? null };
    case 'file':
      return { source: 'file', path: expandPath(data.path, home, folder), mode: data.mode ?? 'json' };
    case 'exec':
    case 'store':
      return { source: data.source };
  }
}
