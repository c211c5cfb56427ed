/** In which file an operator mends what an origin says. */
import type { Origin } from '../domain/provider.ts';

/** The file, in words. The catalog has none: an entry of the config takes its place. */
export function fileOf(origin: Origin): string {
  return origin === 'models.json' ? 'models.json' : "the operator's config (models.providers)";
}

/** Path of a provider's field in that file. */
export function fieldOf(origin: Origin, providerId: string, field: string): string {
  const root = origin === 'models.json' ? 'providers' : 'models.providers';
  return `${root}.${providerId}.${field}`;
}
