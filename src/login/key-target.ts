/** Where a provider's key goes: the server, its way of listing, and the headers that carry the key there. */
import type { Problem } from '../domain/errors.ts';
import type { OfferedModel } from '../domain/nim-service.ts';
import type { Secret } from '../domain/secret.ts';

/** A server that a key can be checked at. */
export interface KeyServer {
  readonly kind: 'server';
  readonly provider: string;
  readonly displayName: string;
  readonly baseUrl: string;
  readonly api: string;
  /** Headers of a request, by the function that every resolution uses; null sends no credential. */
  readonly headersFor: (key: Secret | null) => Readonly<Record<string, string>>;
  /** True for a server of one's own, which may want no key at all. */
  readonly maybeKeyless: boolean;
  /** Base URL of another server that requests go to now, where they do not go to the checked one. */
  readonly sentTo?: string;
  readonly models: readonly OfferedModel[];
}

/** A server, or why the provider takes no key. */
export type KeyTarget = KeyServer | { readonly kind: 'none'; readonly problem: Problem };

/** Wire formats that have no list of models that a key opens. */
const NO_LIST: ReadonlySet<string> = new Set([
  'openai-codex-responses',
  'google-vertex',
  'bedrock-converse-stream',
]);

/** Providers whose list is public, with a route that tells about the key alone. */
const KEY_ROUTES: ReadonlyMap<string, string> = new Map([['openrouter', '/key']]);

/** The cheapest request that shows whether a key is good: a GET that costs nothing. Undefined when there is none. */
export function listUrl({ provider, baseUrl, api }: KeyServer): string | undefined {
  if (NO_LIST.has(api)) return undefined;
  const base = baseUrl.replace(/\/+$/, '');
  const route = KEY_ROUTES.get(provider);
  if (route !== undefined) return `${base}${route}`;
  const needsVersion = api === 'anthropic-messages' || api === 'mistral-conversations';
  return `${base}${needsVersion && !/\/v\d+$/.test(base) ? '/v1' : ''}/models`;
}

/**
 * The route of the models themselves. It is only ever sent `{}`, which names no model and holds no message, so
 * nothing can run and nothing can cost.
 */
export function modelUrl({ baseUrl, api }: KeyServer): string | undefined {
  const base = baseUrl.replace(/\/+$/, '');
  switch (api) {
    case 'openai-completions':
      return `${base}/chat/completions`;
    case 'openai-responses':
      return `${base}/responses`;
    case 'anthropic-messages':
      return `${base}${/\/v\d+$/.test(base) ? '' : '/v1'}/messages`;
    default:
      return undefined;
  }
}
