/** Credentials and resolutions as plain types: what a caller gets, and every step that led to it. */
import type { CoolDown } from './cool-down.ts';
import type { ErrorCode, Problem } from './errors.ts';
import type { EffectiveProvider, Model } from './provider.ts';
import type { Secret } from './secret.ts';

/** AWS keys as any SDK wants them. */
export interface AwsCredentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: Secret;
  readonly sessionToken: Secret | null;
  readonly region: string | null;
  /** Unix milliseconds, or null when they do not expire. */
  readonly expiration: number | null;
}

/** How one request to one provider is authenticated. `expiresAt` is Unix milliseconds. */
export type ResolvedAuth =
  | { readonly mode: 'none'; readonly source: 'provider-policy' }
  | {
      readonly mode: 'api-key';
      readonly source: string;
      readonly profileId?: string;
      readonly apiKey: Secret;
      /** Only a key that was made for a time has one. */
      readonly expiresAt?: number;
    }
  | {
      readonly mode: 'token';
      readonly source: string;
      readonly profileId?: string;
      readonly token: Secret;
      readonly expiresAt: number | null;
    }
  | {
      readonly mode: 'oauth';
      readonly source: string;
      readonly profileId?: string;
      readonly accessToken: Secret;
      readonly expiresAt: number | null;
      /** The account the token belongs to, where the provider wants it in a header. */
      readonly accountId?: string;
    }
  | {
      readonly mode: 'aws-sdk';
      readonly source: string;
      readonly credentials:
        | { readonly kind: 'keys'; readonly keys: AwsCredentials }
        | { readonly kind: 'bearer'; readonly bearerToken: Secret; readonly region: string | null };
    };

/** When a credential expires, in Unix milliseconds; null when it does not or nobody knows. */
export function expiryOf(auth: ResolvedAuth): number | null {
  switch (auth.mode) {
    case 'none':
      return null;
    case 'api-key':
      return auth.expiresAt ?? null;
    case 'token':
    case 'oauth':
      return auth.expiresAt;
    case 'aws-sdk':
      return auth.credentials.kind === 'keys' ? auth.credentials.keys.expiration : null;
  }
}

/** What became of one place that was looked at. */
export type StepOutcome = 'used' | 'shadowed' | 'empty' | 'skipped' | 'error';

/** One step of a resolution, written down by the function that took it. */
export interface Step {
  /** Which rule: `provider`, `model`, `auth`. */
  readonly step: 'default-model' | 'provider' | 'model' | 'runtime' | 'auth';
  /** Which place: `models.json`, `env: ANTHROPIC_API_KEY`, … */
  readonly place: string;
  /** What the place held, in words, never a secret. */
  readonly found: string;
  readonly outcome: StepOutcome;
  readonly note?: string;
  /** Keyed fingerprint of the secret that the place held. */
  readonly fingerprint?: string;
}

/** A place and what to do there, for the error that lists all of them. */
export type AuthOutcome =
  | {
      readonly kind: 'satisfied';
      readonly auth: ResolvedAuth;
      readonly steps: readonly Step[];
      /** The cool-down that the credential is in, where there is no better one. */
      readonly coolDown?: CoolDown;
      /** Why nothing takes its place when it ends, as the problem of a request then. */
      readonly trouble?: Problem;
    }
  | { readonly kind: 'failed'; readonly problem: Problem; readonly steps: readonly Step[] };

/** The answer for one model ref (or one provider): everything a caller needs for its request. */
export interface Resolution {
  readonly revision: number;
  readonly resolutionId: string;
  /** `sha256:…` over provider, base URL, api, mode, source and credential version. */
  readonly digest: string;
  readonly provider: EffectiveProvider;
  /** Null when credentials alone were asked for. */
  readonly model: Model | null;
  /** `provider/model`, or the provider's id alone. */
  readonly ref: string;
  readonly baseUrl: string;
  readonly api: string;
  readonly auth: ResolvedAuth;
  /** Headers as the provider's api wants them. The values are secret. */
  readonly headers: Readonly<Record<string, string>>;
  /** The cool-down that the credential is in, where there is no better one. */
  readonly coolDown?: CoolDown;
  /** Why nothing takes the credential's place when it ends, as the problem of a request then. */
  readonly trouble?: Problem;
}

/** A finished resolution or the reason why there is none, with the steps of either. */
export type ResolutionOutcome =
  | {
      readonly kind: 'resolved';
      /** Revision of the snapshot that was asked. */
      readonly revision: number;
      readonly resolution: Resolution;
      readonly steps: readonly Step[];
    }
  | {
      readonly kind: 'failed';
      readonly revision: number;
      readonly problem: Problem;
      readonly steps: readonly Step[];
      readonly provider?: EffectiveProvider;
      readonly model?: Model;
    };

/** The code of an outcome, `resolved` when there is none. */
export function outcomeCode(outcome: ResolutionOutcome): 'resolved' | ErrorCode {
  return outcome.kind === 'resolved' ? 'resolved' : outcome.problem.code;
}
