/** Reading models.json as a source of provider definitions. Pure; a broken file is a finding, not a crash. */
import type { Finding } from '../domain/finding.ts';
import { isRecord } from '../domain/record.ts';
import { parseProviderDefinition } from './provider-definition.ts';
import type { ModelsJsonView } from './snapshot.ts';

/** The view, or why the text is none. */
export type ModelsJsonRead =
  | { readonly kind: 'read'; readonly view: ModelsJsonView }
  | { readonly kind: 'broken'; readonly finding: Finding };

/**
 * @param text content of the file, null when there is none
 * @param path named in the finding
 */
export function readModelsJson(text: string | null, path: string): ModelsJsonRead {
  if (text === null) return { kind: 'read', view: { kind: 'missing' } };
  let root: unknown;
  try {
    root = JSON.parse(text);
  } catch {
    // The parser's message quotes the text, and that may hold somebody's key.
    return broken(path, 'is not valid JSON');
  }
  if (!isRecord(root)) return broken(path, 'must hold an object');
  const providers = root['providers'] ?? {};
  if (!isRecord(providers)) return broken(path, 'must have an object under "providers"');
  const definitions = Object.entries(providers).map(([id, raw]) =>
    parseProviderDefinition(id, raw, `models.json: providers.${id}`),
  );
  return { kind: 'read', view: { kind: 'loaded', definitions } };
}

function broken(path: string, fault: string): ModelsJsonRead {
  return {
    kind: 'broken',
    finding: {
      code: 'config-invalid',
      detail: `${path} ${fault}`,
      hint: 'It is moved aside and rebuilt by the next scan: provider-sidecar discover',
    },
  };
}
