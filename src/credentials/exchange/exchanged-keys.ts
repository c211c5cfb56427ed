/** API keys that an AWS identity is exchanged for: what is known of them, and what can be done with them. */
import type { Secret } from '../../domain/secret.ts';
import type { Environment } from '../../platform/paths.ts';
import type { SourceFailure } from '../source-failure.ts';
import type { RefusalReason } from './exchange-call.ts';
import type { ExchangeSource } from './exchange-source.ts';
import type { KeyFileRead, StoredKey } from './key-file.ts';

/** Whose key is wanted. */
export interface ExchangeRequest {
  readonly providerId: string;
  /** Variables as they count for the program: they name the API and the AWS identity. */
  readonly env: Environment;
}

/** What there is for a provider whose key comes from an exchange. Texts never show a secret. */
export type ExchangedKeyOutcome =
  | {
      readonly kind: 'key';
      readonly apiKey: Secret;
      /** Unix milliseconds. */
      readonly expiresAt: number;
      /** File that the key stands in. */
      readonly path: string;
      /** What should be said about it in an explanation. */
      readonly note?: string;
      /** Set while another key is due, and cannot be had. */
      readonly trouble?: SourceFailure;
    }
  | ({ readonly kind: 'failed' } & SourceFailure);

/** Why a login came to nothing: no identity to exchange, the API's answer, or a file of this machine, before or after it. */
export type LoginFailure = {
  readonly kind: 'failed';
  readonly reason: 'no-aws' | 'file' | 'unsaved' | RefusalReason;
} & SourceFailure;

/** What came of a login. */
export type LoginOutcome =
  | {
      readonly kind: 'key';
      readonly key: StoredKey;
      /** False when the file held a key that is enough. */
      readonly isNew: boolean;
      /** Where a file went that stood in the way and held no key, or null. */
      readonly movedTo: string | null;
    }
  | LoginFailure;

/** What came of a logout. */
export type ForgetOutcome =
  | { readonly kind: 'removed' | 'nothing-stored' }
  | { readonly kind: 'failed'; readonly detail: string; readonly hints: readonly string[] };

/** Exchanged keys with their renewal. One for the life of the program. */
export interface ExchangedKeys {
  /** What is known of the exchange of this provider; undefined for one whose key comes from elsewhere. */
  readonly sourceOf: (request: ExchangeRequest) => ExchangeSource | undefined;
  /** The same, and where nothing names an address any more, the one that the stored key came from. */
  readonly storedSourceOf: (request: ExchangeRequest) => Promise<ExchangeSource | undefined>;
  /** The outcome that would be handed out now without waiting, or null. */
  readonly peek: (request: ExchangeRequest, now: number) => ExchangedKeyOutcome | null;
  /**
   * What one is told who asks nobody: a stored key that still lasts, or why a login fails, or failed last. Null when
   * only a login can tell. Never rejects.
   */
  readonly unasked: (request: ExchangeRequest, now: number) => Promise<ExchangedKeyOutcome | null>;
  /** Logs in where the key is missing, expired or nearly so, once for all who ask. Never rejects. */
  readonly resolve: (request: ExchangeRequest, now: number) => Promise<ExchangedKeyOutcome>;
  /**
   * Logs in because the API refused this key, unless another one has taken its place already, and once for each
   * refused key. Never rejects.
   */
  readonly renew: (request: ExchangeRequest, refused: Secret) => Promise<LoginOutcome>;
  /** Logs in, whatever is stored. Never rejects. */
  readonly login: (request: ExchangeRequest) => Promise<LoginOutcome>;
  /** What the key file holds, without asking anybody. */
  readonly stored: (request: ExchangeRequest) => Promise<KeyFileRead>;
  /** Removes the stored key. Never rejects. */
  readonly forget: (request: ExchangeRequest) => Promise<ForgetOutcome>;
}
