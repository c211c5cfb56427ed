/** API keys that an AWS identity is exchanged for. */
import type { Secret } from '../../domain/secret.ts';

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
    }
  | { readonly kind: 'failed'; readonly detail: string; readonly hints: readonly string[] };

/** Exchanged keys with their renewal. One for the life of the program. */
export interface ExchangedKeys {
  /** True for a provider whose key comes from an exchange. */
  readonly serves: (providerId: string) => boolean;
  /** The outcome that would be handed out now without waiting, or null. */
  readonly peek: (providerId: string, now: number) => ExchangedKeyOutcome | null;
  /** Logs in where the key is missing, expired or nearly so. Never rejects. */
  readonly resolve: (providerId: string, now: number) => Promise<ExchangedKeyOutcome>;
}
