/**
 * Which endpoint has which provider id, as it is kept beside models.json: an endpoint that is away has no entry
 * there, and finds its id again by this. Only for this program; a text that is none of it tells nothing. Pure.
 */
import { runtimeOfProviderId } from '../domain/provider-id.ts';
import { isRecord } from '../domain/record.ts';
import type { Claims } from './provider-ids.ts';

/** Where the ids stand that belong to a models.json. */
export function rememberedIdsPath(modelsJson: string): string {
  return `${modelsJson}.ids`;
}

/** Reads the claims; what is broken in the text is left out, null stands for no file. */
export function parseRememberedIds(text: string | null): Claims {
  const ids = text === null ? undefined : idsIn(text);
  const rows = isRecord(ids) ? Object.entries(ids) : [];
  return new Map(
    rows.flatMap(([root, id]) =>
      typeof id === 'string' && runtimeOfProviderId(id) !== undefined && URL.canParse(root)
        ? [[root, id] as const]
        : [],
    ),
  );
}

function idsIn(text: string): unknown {
  try {
    const body: unknown = JSON.parse(text);
    return isRecord(body) ? body['ids'] : undefined;
  } catch {
    return undefined;
  }
}

/** Prints the claims in an order of their own, so that equal claims are equal texts. */
export function printRememberedIds(claims: Claims): string {
  const ids = Object.fromEntries([...claims].toSorted(([a], [b]) => (a < b ? -1 : 1)));
  return `${JSON.stringify({ ids }, null, 2)}\n`;
}
