/** From the inputs to a snapshot: which providers count, the automatic default, and what is wrong with the entries. */
import { unknownApiHint } from '../domain/api-ids.ts';
import type { Finding } from '../domain/finding.ts';
import { quoteUntrusted } from '../domain/untrusted-text.ts';
import { pickAutoDefault } from './default-model.ts';
import { type EffectiveProviders, mergeProviders } from './effective-providers.ts';
import { fileOf } from './origin-file.ts';
import { resolveModel } from './resolve-model.ts';
import type { Snapshot, SnapshotInput } from './snapshot.ts';

/** Computes the derived parts. Pure. */
export function createSnapshot(input: SnapshotInput): Snapshot {
  const providers = mergeProviders({
    'models.json': input.modelsJson.kind === 'loaded' ? input.modelsJson.definitions : [],
    cfg: input.config.providers,
    catalog: input.catalog,
  });
  const doubled: Finding[] = providers.doubled.map(({ origin, id, ignored }) => ({
    code: 'config-invalid',
    detail: `${origin} defines provider "${id}" twice; the entry "${ignored}" is ignored`,
    hint: `Remove the entry "${ignored}"`,
  }));
  const snapshot: Snapshot = {
    ...input,
    findings: [...input.findings, ...definitionFindings(providers), ...doubled],
    providers,
    autoDefault: null,
  };
  // The default has to pass the check that a request is put to, so it is chosen on the finished view.
  const works = (ref: string): boolean => resolveModel(snapshot, { kind: 'model', ref }).kind === 'found';
  return { ...snapshot, autoDefault: pickAutoDefault(snapshot, works) };
}

/** Entries of the operator that cannot be used as they are written, or hardly as they are meant. */
function definitionFindings({ bySource, byId }: EffectiveProviders): Finding[] {
  const ofServers = [...byId.values()].flatMap(({ listing }) => listing?.finding ?? []);
  const ofEntries = (['models.json', 'cfg'] as const).flatMap((origin) =>
    [...bySource[origin].values()].flatMap(({ id, defects = [], modelDefects = [], unknownApis = [] }) => [
      ...[...defects, ...modelDefects].map((detail): Finding => ({
        code: 'config-invalid',
        detail,
        hint: `Mend the entry of provider "${id}" in ${fileOf(origin)}`,
      })),
      ...unknownApis.map(({ api, configPath }): Finding => ({
        code: 'config-invalid',
        detail: `${configPath} is ${quoteUntrusted(api)}, which is no known api; a key is sent as a bearer token`,
        hint: unknownApiHint(api) ?? `Mend the entry of provider "${id}" in ${fileOf(origin)}`,
      })),
    ]),
  );
  return [...ofEntries, ...ofServers];
}
