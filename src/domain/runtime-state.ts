/** States of local endpoints: what discovery learned and everybody else may ask. Plain data. */
import type { Model } from './provider.ts';
import type { RuntimeId } from './provider-id.ts';

/** What an endpoint was found to be. Only `up` reaches models.json; `auth-required` is never shown as `down`. */
export const ENDPOINT_STATES = ['up', 'loading', 'auth-required', 'wrong-service', 'error', 'down'] as const;
export type EndpointState = (typeof ENDPOINT_STATES)[number];

/** One question that was put to an endpoint and what came back. Foreign text in `answer` is quoted and cut. */
export interface Evidence {
  readonly request: string;
  readonly answer: string;
  /** ISO 8601. */
  readonly at: string;
}

/** Everything known of one endpoint. */
export interface EndpointReport {
  /** Root URL as it was dialled, without a path: `http://127.0.0.1:11434`. */
  readonly url: string;
  /** The runtime that was identified, or the one that is expected there while it is silent. */
  readonly runtime: RuntimeId | null;
  /** The provider id that this endpoint has, or would have, in models.json. */
  readonly provider: string | null;
  /** The operator's own name for it (`discovery.endpoints`). */
  readonly name?: string;
  /** The setting that lets this endpoint of another host be asked and written. */
  readonly trustedBy?: string;
  readonly version: string | null;
  readonly state: EndpointState;
  /** ISO 8601: since when the endpoint is in this state. */
  readonly since: string;
  readonly models: readonly Model[];
  /** What to do about a state that is not `up`. */
  readonly hint?: string;
  readonly evidence: readonly Evidence[];
}

/** A host that might serve models and is not trusted: listed, never dialled, never written. */
export interface Candidate {
  readonly url: string;
  readonly runtime: RuntimeId | null;
  /** How it became known, for example `OLLAMA_HOST`. */
  readonly foundBy: string;
  /** The settings line that would trust it. */
  readonly hint: string;
  /** True when a host of the network told of it, which anybody can do: it changes nothing but this list. */
  readonly announced?: boolean;
}

/** A model that a runtime lists and models.json does not get, with the reason. */
export interface LeftOutModel {
  readonly provider: string;
  readonly model: string;
  readonly reason: string;
}

/** What one scan found. */
export interface DiscoveryReport {
  /** ISO 8601, or null before the first scan. */
  readonly scannedAt: string | null;
  readonly endpoints: readonly EndpointReport[];
  readonly candidates: readonly Candidate[];
  readonly leftOut: readonly LeftOutModel[];
}

/** The report of a program that has looked at nothing. */
export const NOTHING_SCANNED: DiscoveryReport = {
  scannedAt: null,
  endpoints: [],
  candidates: [],
  leftOut: [],
};
