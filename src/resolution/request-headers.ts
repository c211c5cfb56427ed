/**
 * The headers that a provider's api really wants for a credential, beside those that the operator configured.
 * Pure. `auth: "none"` adds nothing; AWS key pairs cannot be a header, the caller signs with them.
 */
import type { ResolvedAuth } from '../domain/auth.ts';
import { sameSocket } from '../domain/base-url.ts';
import type { EffectiveProvider, Model } from '../domain/provider.ts';

export interface HeaderRequest {
  readonly provider: EffectiveProvider;
  readonly model: Model | null;
  readonly api: string;
  readonly auth: ResolvedAuth;
}

type Headers = Readonly<Record<string, string>>;

/** The version of Anthropic's API that the header format belongs to. */
const ANTHROPIC_VERSION = '2023-06-01';

const ANTHROPIC_SERVER = 'https://api.anthropic.com';

/** Lets an OAuth or setup token stand where an API key would. */
const ANTHROPIC_OAUTH_BETA = 'oauth-2025-04-20';

/** Lower-case header names with their values. What the operator configured is beside what the api wants. */
export function requestHeaders({ provider, model, api, auth }: HeaderRequest): Headers {
  const configured = lowerCased({ ...provider.headers, ...model?.headers });
  if (auth.mode === 'none') return configured;
  const credential = credentialOf(auth);
  if (credential === undefined) return configured;
  const bearer = { authorization: `Bearer ${credential}` };
  const forApi =
    provider.authHeader === true
      ? { ...bearer, ...fixedHeaders(api) }
      : apiHeaders(provider, api, auth, credential);
  return together(configured, forApi);
}

/** Headers that are lists of flags: what each side asks for is asked for. */
const FLAG_LISTS: ReadonlySet<string> = new Set(['anthropic-beta', 'openai-beta']);

/** A credential that was resolved beats a header that was written down; what is no credential is the operator's choice. */
function together(configured: Headers, forApi: Headers): Headers {
  const both = Object.keys(forApi).filter((name) => Object.hasOwn(configured, name));
  const chosen = both.flatMap((name): [string, string][] => {
    const [written = '', needed = ''] = [configured[name], forApi[name]];
    if (name === 'anthropic-version') return [[name, written]];
    if (!FLAG_LISTS.has(name)) return [];
    const flags = [...written.split(','), needed].map((flag) => flag.trim()).filter((flag) => flag !== '');
    return [[name, [...new Set(flags)].join(',')]];
  });
  return { ...configured, ...forApi, ...Object.fromEntries(chosen) };
}

/** The one secret that goes into a header, or undefined for an AWS key pair. */
function credentialOf(auth: Exclude<ResolvedAuth, { mode: 'none' }>): string | undefined {
  switch (auth.mode) {
    case 'api-key':
      return auth.apiKey.reveal();
    case 'token':
      return auth.token.reveal();
    case 'oauth':
      return auth.accessToken.reveal();
    case 'aws-sdk':
      return auth.credentials.kind === 'bearer' ? auth.credentials.bearerToken.reveal() : undefined;
  }
}

function apiHeaders(
  provider: EffectiveProvider,
  api: string,
  auth: ResolvedAuth,
  credential: string,
): Headers {
  const bearer = { authorization: `Bearer ${credential}` };
  // Cloudflare's gateway has a header of its own, whatever api is behind it.
  if (provider.id === 'cloudflare-ai-gateway') {
    return { 'cf-aig-authorization': `Bearer ${credential}`, ...fixedHeaders(api) };
  }
  switch (api) {
    case 'anthropic-messages':
      return { ...anthropicCredential(provider, auth, credential), ...fixedHeaders(api) };
    case 'google-generative-ai':
      return auth.mode === 'oauth' ? bearer : { 'x-goog-api-key': credential };
    case 'google-vertex':
      return auth.mode === 'oauth' ? bearer : { 'x-goog-api-key': credential };
    case 'azure-openai-responses':
      return auth.mode === 'oauth' ? bearer : { 'api-key': credential };
    case 'openai-codex-responses': {
      const account = auth.mode === 'oauth' ? auth.accountId : undefined;
      return {
        ...bearer,
        ...(account === undefined ? {} : { 'chatgpt-account-id': account }),
        'openai-beta': 'responses=experimental',
      };
    }
    default:
      return bearer;
  }
}

/** Anthropic takes a key in `x-api-key`, and an OAuth or setup token as a bearer with a beta flag. */
function anthropicCredential(
  { id, baseUrl }: EffectiveProvider,
  auth: ResolvedAuth,
  credential: string,
): Headers {
  const isToken = auth.mode === 'oauth' || auth.mode === 'token' || credential.startsWith('sk-ant-oat');
  if (id === 'github-copilot') return { authorization: `Bearer ${credential}` };
  if (!isToken) return { 'x-api-key': credential };
  // A second account stands in the config as an entry of another name.
  const isAnthropic = id === 'anthropic' || sameSocket(baseUrl ?? '', ANTHROPIC_SERVER);
  return {
    authorization: `Bearer ${credential}`,
    ...(isAnthropic ? { 'anthropic-beta': ANTHROPIC_OAUTH_BETA } : {}),
  };
}

function fixedHeaders(api: string): Headers {
  return api === 'anthropic-messages' ? { 'anthropic-version': ANTHROPIC_VERSION } : {};
}

function lowerCased(headers: Headers): Headers {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
}
