/** AWS identities that only the whole AWS chain can find: profiles, SSO, roles, containers, instances. */
import type { AwsCredentials } from '../../domain/auth.ts';
import type { Environment } from '../../platform/paths.ts';
import type { SourceFailure } from '../source-failure.ts';

/** Whose identity is wanted. */
export interface AwsIdentityRequest {
  /** Variables as they count for the program, `AWS_PROFILE` and the like among them. */
  readonly env: Environment;
  /** Region that the provider names; beats the environment's and the profile's. */
  readonly region: string | null;
  /** Provider that is authenticated with it, for events. @default none is told of */
  readonly providerId?: string;
}

/** What the chain found. Texts never show a secret. */
export type AwsIdentityOutcome =
  | {
      readonly kind: 'found';
      readonly keys: AwsCredentials;
      /** `env: AWS_PROFILE`, `aws-sdk default chain`, or the pair of variables that the chain came upon first. */
      readonly source: string;
      /** Which profile or file it was, in words. */
      readonly detail: string;
      /** Set while other keys are due, and cannot be had. */
      readonly trouble?: SourceFailure;
    }
  /** Nothing in the chain has an identity. */
  | { readonly kind: 'none'; readonly source: string; readonly detail: string }
  /** Something is configured and does not work: an SSO session that ended, a role that is refused. */
  | ({ readonly kind: 'failed'; readonly source: string } & SourceFailure);

/** Identities with their renewal. One for the life of the program. */
export interface AwsIdentities {
  /**
   * What one is told who does not wait: the outcome that is known last, or that nothing on this machine points
   * to an identity. Null when asking is worth a wait.
   */
  readonly unasked: (request: AwsIdentityRequest, now: number) => AwsIdentityOutcome | null;
  /** The outcome that would be handed out now without waiting, or null. */
  readonly peek: (request: AwsIdentityRequest, now: number) => AwsIdentityOutcome | null;
  /** The region of the profile that counts, for keys of another place that name none; null where it has none. */
  readonly profileRegion: (env: Environment) => Promise<string | null>;
  /** Never rejects, and answers within its deadline. */
  readonly resolve: (request: AwsIdentityRequest, now: number) => Promise<AwsIdentityOutcome>;
  /** Ends the renewals and gives up what is being asked. Nothing is left running. */
  readonly close: () => void;
}
