/** Providers and models as every part of the program speaks of them. Plain data. */

import type { Finding } from './finding.ts';
import type { SecretRef } from './secret-ref.ts';

/** How a request to a provider is authenticated (the contract's five modes). */
export const AUTH_MODES = ['none', 'api-key', 'aws-sdk', 'oauth', 'token'] as const;
export type AuthMode = (typeof AUTH_MODES)[number];

/** Where a provider's definition came from, strongest first. */
export const ORIGINS = ['models.json', 'cfg', 'catalog'] as const;
export type Origin = (typeof ORIGINS)[number];

/**
 * How a context window is known: `loaded` and `configured` are what a request gets, `trained-max` is an
 * upper bound, `assumed` is a guess that nothing on this machine confirms.
 */
export const CONTEXT_WINDOW_SOURCES = ['loaded', 'configured', 'trained-max', 'assumed'] as const;
export type ContextWindowSource = (typeof CONTEXT_WINDOW_SOURCES)[number];

/** Price per million tokens, in the provider's currency. Zero for local runtimes. */
export interface ModelCost {
  readonly input: number;
  readonly output: number;
  readonly cacheRead: number;
  readonly cacheWrite: number;
}

/** One model of a provider; every field that readers of models.json demand is there. */
export interface Model {
  /** The id exactly as the provider accepts it. */
  readonly id: string;
  readonly name: string;
  readonly reasoning: boolean;
  /** Kinds of input: `text`, `image`, … */
  readonly input: readonly string[];
  readonly cost: ModelCost;
  /** Tokens that a request really gets, as far as that is known. */
  readonly contextWindow: number;
  readonly contextWindowSource?: ContextWindowSource;
  /** Tokens the model was trained for. */
  readonly maxContextWindow?: number;
  /** Longest answer in tokens. */
  readonly maxTokens: number;
  /** Set where one provider mixes several wire formats. */
  readonly api?: string;
  /** Set where one provider mixes several base URLs. */
  readonly baseUrl?: string;
  /** Extra request headers of this model. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Headers of this model whose values stand elsewhere. */
  readonly headerRefs?: Readonly<Record<string, SecretRef>>;
}

/** A variable that an operator's config names and that is not set. */
export interface MissingVariable {
  readonly variable: string;
  /** Where it is named, for example `models.providers.moonshot.apiKey`. */
  readonly configPath: string;
}

/** Whose list the models of a provider are, where its server was asked for them. */
export interface ServerListing {
  /** Why any other model is not there, to be put behind that it is not. */
  readonly why: string;
  /** What is listed, in one sentence. */
  readonly offer: string;
  /** The models for an entry that names a base URL of its own, which leads to another server. */
  readonly elsewhere: readonly Model[];
  /** What somebody counts on and the server does not list. */
  readonly finding?: Finding;
}

/** A provider as one source defines it. What the source leaves out is undefined. */
export interface ProviderDefinition {
  readonly id: string;
  readonly name?: string;
  readonly baseUrl?: string;
  readonly api?: string;
  readonly auth?: AuthMode;
  /** The `apiKey` field as written, after `${VAR}` substitution: a key, a variable's name or a marker. */
  readonly apiKey?: string;
  /** Where the key stands, when the `apiKey` field is a reference to a secret. */
  readonly apiKeyRef?: SecretRef;
  /** Why the `apiKey` field was not taken over, in words. It matters only where that key would be used. */
  readonly apiKeyProblem?: string;
  /** True: send `Authorization: Bearer <key>` whatever the api. */
  readonly authHeader?: boolean;
  readonly headers?: Readonly<Record<string, string>>;
  /** Headers whose values stand elsewhere. */
  readonly headerRefs?: Readonly<Record<string, SecretRef>>;
  readonly region?: string;
  readonly models?: readonly Model[];
  /** Set when `models` are those that the server at `baseUrl` listed. */
  readonly listing?: ServerListing;
  /** Variables named in this definition that are not set; each breaks only what needs it. */
  readonly missingVariables?: readonly MissingVariable[];
  /** What is wrong with the definition itself, in words; it cannot be used while this is not empty. */
  readonly defects?: readonly string[];
  /** Why no key may go to `baseUrl`, and what to do. It concerns no entry that names a base URL of its own. */
  readonly keyHeldBack?: { readonly reason: string; readonly remedy: string };
  /** What is wrong with single model rows, in words; the rest of the definition can be used. */
  readonly modelDefects?: readonly string[];
  /** Wire formats that nobody knows, each once, with the path at which it stands first; they are used as written. */
  readonly unknownApis?: readonly { readonly api: string; readonly configPath: string }[];
}

/** The provider that counts: one source's definition, whole, and what it shadows. */
export interface EffectiveProvider extends ProviderDefinition {
  readonly origin: Origin;
  readonly shadows: readonly Origin[];
  readonly models: readonly Model[];
  /** Fields that a cfg entry left out and the catalog supplied. */
  readonly completedFromCatalog: readonly string[];
}

/** No cost at all: what running a model on this machine is billed. */
export const NO_COST: ModelCost = { input: 0, output: 0, cacheRead: 0, cacheWrite: 0 };
