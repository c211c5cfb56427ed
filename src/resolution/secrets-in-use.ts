/** Every secret value that a snapshot knows: what the log must never print. */
import { secretVariableNames } from '../credentials/environment.ts';
import { variable } from '../platform/paths.ts';
import type { Snapshot } from './snapshot.ts';

/** Shortest value that is struck out; a shorter one would strike out ordinary words. */
const SHORTEST = 8;

/** The values, each once. */
export function secretsInUse(snapshot: Snapshot): string[] {
  const { env, profiles, providers, installKey } = snapshot;
  const fromEnvironment = secretVariableNames(env).map((name) => variable(env, name));
  const fromProfiles = profiles.stores.flatMap((store) =>
    store.profiles.map((profile) => (profile.kind === 'credential' ? profile.value.reveal() : undefined)),
  );
  const definitions = [...providers.bySource.cfg.values(), ...providers.bySource['models.json'].values()];
  const fromConfig = definitions.flatMap(({ apiKey, headers = {} }) => [apiKey, ...Object.values(headers)]);
  const values = [installKey, ...fromEnvironment, ...fromProfiles, ...fromConfig];
  const long = values.flatMap((value) => (value === undefined || value.length < SHORTEST ? [] : [value]));
  return [...new Set(long)];
}
