/** Every secret value that a snapshot knows: what the log must never print. */
import type { ProviderDefinition } from '../domain/provider.ts';
import { Secret } from '../domain/secret.ts';
import type { SecretRef } from '../domain/secret-ref.ts';
import { secretVariableNames } from '../credentials/environment.ts';
import { classifyKeyText } from '../credentials/key-text.ts';
import { type Environment, variable } from '../platform/paths.ts';
import type { Snapshot } from './snapshot.ts';

/** Shortest value that is struck out; a shorter one would strike out ordinary words. */
const SHORTEST = 8;

/** The values, each once. */
export function secretsInUse(snapshot: Snapshot): string[] {
  const { env, profiles, references, installKey } = snapshot;
  const fromEnvironment = secretVariableNames(env).map((name) => variable(env, name));
  const fromProfiles = profiles.stores.flatMap((store) =>
    store.profiles.flatMap((profile) =>
      profile.kind === 'credential' && profile.value instanceof Secret ? [profile.value.reveal()] : [],
    ),
  );
  const fromConfig = definitionsOf(snapshot).flatMap(({ apiKey, headers = {}, models = [] }) => [
    keyIn(apiKey, env),
    ...secretHeaders(headers),
    ...models.flatMap((model) => secretHeaders(model.headers ?? {})),
  ]);
  const fromReferences = referencesIn(snapshot).map((reference) => {
    const outcome = references.peek(reference);
    return outcome?.kind === 'resolved' ? outcome.value.reveal() : undefined;
  });
  const values = [installKey, ...fromEnvironment, ...fromProfiles, ...fromConfig, ...fromReferences];
  const long = values.flatMap((value) => (value === undefined || value.length < SHORTEST ? [] : [value]));
  return [...new Set(long)];
}

/** The key that an `apiKey` text means; a variable's name or a marker is no secret. */
function keyIn(apiKey: string | undefined, env: Environment): string | undefined {
  const key = apiKey === undefined ? undefined : classifyKeyText(apiKey, env);
  return key?.kind === 'literal' || key?.kind === 'variable' ? key.value.reveal() : undefined;
}

/** Values of headers that carry credentials; any other value may be a word that the log needs. */
function secretHeaders(headers: Readonly<Record<string, string>>): string[] {
  return Object.entries(headers).flatMap(([name, value]) =>
    /auth|key|token|secret|cookie|password/i.test(name) ? [value, value.replace(/^\S+ /, '')] : [],
  );
}

/** Every reference to a secret that a profile, a key or a header of the snapshot is. */
export function referencesIn(snapshot: Snapshot): SecretRef[] {
  const fromProfiles = snapshot.profiles.stores.flatMap((store) =>
    store.profiles.flatMap((profile) =>
      profile.kind === 'credential' && !(profile.value instanceof Secret) ? [profile.value] : [],
    ),
  );
  const fromConfig = definitionsOf(snapshot).flatMap(({ apiKeyRef, headerRefs = {}, models = [] }) => [
    ...(apiKeyRef === undefined ? [] : [apiKeyRef]),
    ...Object.values(headerRefs),
    ...models.flatMap((model) => Object.values(model.headerRefs ?? {})),
  ]);
  return [...fromProfiles, ...fromConfig];
}

function definitionsOf({ providers }: Snapshot): ProviderDefinition[] {
  return [...providers.bySource.cfg.values(), ...providers.bySource['models.json'].values()];
}
