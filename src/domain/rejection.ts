/** What a caller says about a credential that a provider refused. */

/** A refusal as the caller saw it. */
export interface Rejection {
  /** HTTP status of the provider: 401, 402, 403, 429 or 5xx. */
  readonly status: number;
  /** What the provider said, cut and untrusted; null when the caller does not tell. */
  readonly message: string | null;
  /** Seconds that the provider asked to wait, or null. */
  readonly retryAfter: number | null;
}
