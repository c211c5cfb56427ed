/**
 * What discovery needs to know of one kind of runtime. A new runtime is one file that exports such an
 * object and one line in `index.ts`; everything else (endpoints, reports, models.json) follows from it.
 */
import type { LeftOutModel, Evidence } from '../../domain/runtime-state.ts';
import type { Model } from '../../domain/provider.ts';
import type { RuntimeId } from '../../domain/provider-id.ts';
import type { FileRead } from '../../platform/files.ts';
import type { Environment } from '../../platform/paths.ts';
import type { Address } from '../address.ts';
import type { Inquiry } from '../inquiry.ts';
import type { ProbeAnswer, ProbeResult } from '../probe.ts';

/** Where a runtime's own settings can be read. */
export interface AddressSources {
  readonly env: Environment;
  /** The operator's home folder, absolute. */
  readonly home: string;
  readonly readTextFile: (path: string) => Promise<FileRead>;
  /** Ports to look at when nothing names one. */
  readonly defaultPorts: readonly number[];
}

/**
 * How an answer failed to come: `refused` when there was no connection, `silent` when there was one and no whole
 * answer in time, `failed` when the request failed in another way, for example over a certificate.
 */
export type Missing = 'refused' | 'silent' | 'failed';

/** Why an endpoint is not (or not yet) usable as this runtime. */
export type Setback =
  /** Nothing answered. */
  | { readonly kind: 'unreachable'; readonly how: Missing }
  /** Something else answers. `found` says what, `by` is the answer that shows it. */
  | {
      readonly kind: 'not-this';
      readonly found: string;
      readonly by: Evidence;
      /** True: the answer was longer than any that is read. */
      readonly isOverlong?: boolean;
    }
  | {
      readonly kind: 'auth-required';
      readonly hint: string;
      /** True: the hint does not know whose key it is. */
      readonly isGeneric?: boolean;
    }
  | { readonly kind: 'loading'; readonly hint: string }
  | { readonly kind: 'error'; readonly hint: string };

/** Whether an endpoint is this runtime, by its own marker. */
export type Identification = { readonly kind: 'identified'; readonly version: string | null } | Setback;

/** The models of an identified runtime, got without authentication. */
export type Listing =
  | {
      readonly kind: 'listed';
      readonly models: readonly Model[];
      readonly leftOut: readonly Omit<LeftOutModel, 'provider'>[];
      /**
       * URLs of servers that this runtime started for its own models. What else is found there is not
       * reported, because it would list those models twice.
       */
      readonly ownedUrls?: readonly string[];
    }
  | Setback;

/** Answer of the cheap check. `changed` means that something answers, but not as this runtime does. */
export type Liveness =
  | {
      readonly kind: 'alive';
      /** Absent where the light answer does not tell it. */
      readonly version?: string | null;
      /** Short text that differs when a new list would; models are then listed again at once. */
      readonly signature?: string;
    }
  | { readonly kind: 'changed' }
  | { readonly kind: 'missed'; readonly how: Missing; readonly evidence: Evidence };

/** What one extra question told about a model; asked once for each digest. */
export interface ModelFacts {
  readonly capabilities?: readonly string[];
  /** Tokens the model was trained for. */
  readonly trainedContext?: number;
  /** Tokens that the model's own settings ask for. */
  readonly configuredContext?: number;
}

/** What a listing may use besides the wire. */
export interface ListContext {
  readonly env: Environment;
  /** Facts by digest; outlives the scan and is owned by the scanner. */
  readonly facts: Map<string, ModelFacts>;
  /** Fires when no new question may be begun. */
  readonly budget: AbortSignal;
}

/** What is known of a runtime that does not answer. */
export interface Absence {
  /** What to do about it. */
  readonly hint: string;
  /** The answer that shows it. */
  readonly evidence: readonly Evidence[];
}

/** One kind of local runtime. */
export interface Runtime {
  readonly id: RuntimeId;
  readonly displayName: string;
  readonly defaultPorts: readonly number[];
  /** Path below the root at which the OpenAI API begins. */
  readonly openAiPath: string;
  /**
   * What to do where `openAiPath/models` demands a key. Only for a runtime whose `list` asks other routes: the
   * others give the hint there.
   */
  readonly keyHint?: string;
  /** What to run when it is down. */
  readonly startHint: string;
  /** Path of the first request of `identify`, which the watcher repeats while the endpoint is not up. */
  readonly firstQuestion: string;
  /**
   * True: an endpoint of this runtime is asked its first question before all others, and nothing else when
   * that fails, because the runtime complains to its user about every route that it does not know.
   */
  readonly isAskedAlone: boolean;
  /** Where the environment and the runtime's own files say that it listens; its default place included. */
  findAddresses(sources: AddressSources): Promise<readonly Address[]>;
  identify(inquiry: Inquiry): Promise<Identification>;
  list(inquiry: Inquiry, context: ListContext): Promise<Listing>;
  /** Ports of this machine at which other parts of the program listen, for `explainAbsence`. */
  readonly privatePorts?: readonly number[];
  /**
   * Asks other parts of the program why none of its endpoints answers; undefined when they know nothing. Their
   * ports come in as `defaultPorts`, and `ask` opens an inquiry at a root URL of this machine.
   */
  explainAbsence?(sources: AddressSources, ask: (root: string) => Inquiry): Promise<Absence | undefined>;
  /** One light request. */
  isAlive(inquiry: Inquiry): Promise<Liveness>;
}

/** What a failed request says, or undefined when it was answered. */
export function setbackOf(result: ProbeResult, expected: string): Setback | undefined {
  switch (result.kind) {
    case 'answer':
      return undefined;
    case 'refused':
      return { kind: 'unreachable', how: 'refused' };
    case 'timeout':
    case 'reset':
      return { kind: 'unreachable', how: 'silent' };
    case 'too-large':
      return {
        kind: 'not-this',
        found: `far too long an answer for ${expected}`,
        by: result.evidence,
        isOverlong: true,
      };
    case 'error':
      return { kind: 'unreachable', how: 'failed' };
  }
}

/** What an answered request with an unwanted status says, or undefined for 200. */
export function statusSetback(answer: ProbeAnswer, expected: string): Setback | undefined {
  const { status, evidence } = answer;
  if (status === 200) return undefined;
  // A 403 without JSON is some other service's way to say no, not a demand for a key.
  if (status === 401 || (status === 403 && answer.json() !== undefined)) {
    return {
      kind: 'auth-required',
      hint: `What answers here demands a key (status ${status})`,
      isGeneric: true,
    };
  }
  if (status >= 500) {
    return {
      kind: 'error',
      hint: `What answers here fails with status ${status}; look at the log of ${expected}`,
    };
  }
  const found = status >= 300 && status < 400 ? 'a redirect' : `status ${status}`;
  return { kind: 'not-this', found: `${found} where ${expected} answers 200`, by: evidence };
}

/** Judges the cheap check: `read` gives the version, null without one, or undefined for a foreign answer. */
export function livenessOf(
  result: ProbeResult,
  read: (answer: ProbeAnswer) => string | null | undefined,
): Liveness {
  switch (result.kind) {
    case 'answer': {
      const version = read(result);
      return version === undefined ? { kind: 'changed' } : { kind: 'alive', version };
    }
    case 'too-large':
      return { kind: 'changed' };
    case 'refused':
      return { kind: 'missed', how: 'refused', evidence: result.evidence };
    case 'timeout':
    case 'reset':
      return { kind: 'missed', how: 'silent', evidence: result.evidence };
    case 'error':
      return { kind: 'missed', how: 'failed', evidence: result.evidence };
  }
}
