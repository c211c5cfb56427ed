/**
 * Credentials in files from before profiles: an object of provider ids, each with one credential. Each
 * becomes the profile `<provider>:default`, as the operators' other tools take it over. Pure.
 */
import { isRecord } from '../domain/record.ts';

/** Keys of a store that are not provider ids. */
const NOT_PROVIDERS: ReadonlySet<string> = new Set([
  'profiles',
  'order',
  'usageStats',
  'lastGood',
  'metadata',
]);

/** True for a file whose entries are credentials themselves. */
export function looksFlat(file: Readonly<Record<string, unknown>>): boolean {
  return Object.entries(file).some(([key, value]) => !NOT_PROVIDERS.has(key) && isRecord(value));
}

/** The entries as profiles, still unparsed, by their ids. */
export function flatToProfiles(file: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return Object.fromEntries(
    Object.entries(file).flatMap(([key, entry]) => {
      if (NOT_PROVIDERS.has(key) || !isRecord(entry)) return [];
      const provider = key.split(':', 1)[0] ?? key;
      const type = entry['type'] ?? entry['mode'] ?? impliedType(entry);
      const profile = {
        ...entry,
        provider: entry['provider'] ?? provider,
        ...(type === undefined ? {} : { type }),
      };
      return [[key.includes(':') ? key : `${key}:default`, profile] as const];
    }),
  );
}

/** What a credential without a type has to be, by the field that it has. */
function impliedType(entry: Readonly<Record<string, unknown>>): string | undefined {
  if ('access' in entry) return 'oauth';
  if ('token' in entry || 'tokenRef' in entry) return 'token';
  return 'key' in entry || 'apiKey' in entry || 'keyRef' in entry ? 'api_key' : undefined;
}
