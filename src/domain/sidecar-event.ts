/** What happens while the server runs, as plain data for whoever watches. Ids and codes only, never a secret. */
import type { ErrorCode } from './errors.ts';
import type { EndpointState } from './runtime-state.ts';

/** Why a credential is not what it was. */
export type CredentialChange = 'rotated' | 'expired' | 'rejected' | 'renewal-failed' | 'reauth-required';

/** One event. Where a snapshot follows from it, that one is told apart. */
export type SidecarEvent =
  | {
      readonly kind: 'runtime';
      readonly url: string;
      readonly runtime: string | null;
      readonly provider: string | null;
      readonly state: EndpointState;
    }
  | {
      readonly kind: 'health';
      readonly status: 'ok' | 'degraded' | 'failing' | 'unvalidated';
      readonly code?: ErrorCode;
    }
  | {
      readonly kind: 'login';
      readonly loginId: string;
      readonly provider: string;
      readonly state: 'pending' | 'complete' | 'failed';
      readonly code?: string;
    }
  | {
      readonly kind: 'credential';
      readonly provider: string;
      readonly profileId: string | null;
      readonly source: string;
      readonly change: CredentialChange;
    }
  /** Valid credentials appeared for a provider that the default model does not use yet. */
  | { readonly kind: 'setup'; readonly provider: string };

/** Where events go. Must not throw. */
export type EventSink = (event: SidecarEvent) => void;
