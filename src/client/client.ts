/**
 * The client library, `provider-sidecar/client`: asks the running server of this user, and follows it. It needs no
 * package besides Node's own; its types are made of the schemas that describe the server's answers.
 */
import type { ExplainAnswer } from '../domain/answers/explain.ts';
import type { ModelsAnswer } from '../domain/answers/providers.ts';
import type { ResolveAnswer } from '../domain/answers/resolve.ts';
import type { SnapshotAnswer } from '../domain/answers/snapshot.ts';
import { messageOf, SidecarError, systemCodeOf } from '../domain/errors.ts';
import type { ProvenServer, ServerRequest } from '../http/proven-server.ts';
import type { Environment } from '../platform/paths.ts';
import { homeFolder, processEnvironment } from '../platform/process.ts';
import {
  type AnswerKind,
  isExplainAnswer,
  isModelsAnswer,
  isResolveAnswer,
  isSnapshotAnswer,
} from './answers.ts';
import { errorOfAnswer, notRunning, SidecarClientError } from './client-error.ts';
import { connectToServer } from './find-server.ts';
import { watchServer, type WatchEvent, type WatchOptions } from './watch.ts';

export type { ExplainAnswer, ModelsAnswer, ResolveAnswer, SnapshotAnswer, WatchEvent, WatchOptions };
export { SidecarClientError };

/** Where the server is, when it is not where `endpoint.json` says. */
export interface ClientOptions {
  /** @default `PROVIDER_SIDECAR_URL`, else the URL in `endpoint.json` */
  readonly url?: string;
  /** @default `PROVIDER_SIDECAR_TOKEN`, else the token in `endpoint.json` */
  readonly token?: string;
  /** Variables that name the server or the state directory. @default those of this process */
  readonly env?: Environment;
  /** The home folder, below which the state directory is looked for. @default that of this process's user */
  readonly home?: string;
  /** Longest wait for an answer, in milliseconds. @default 30000 */
  readonly timeoutMs?: number;
}

/** What to resolve; nothing means the default model. */
export interface ResolveRequest {
  /** `provider/model`, or an alias. */
  readonly model?: string;
  /** A provider alone, for its credentials; not together with `model`. */
  readonly provider?: string;
  /** The id of a stored profile to use. */
  readonly profile?: string;
  /** The `resolutionId` of an earlier answer, whose provider and profile must not change. */
  readonly resolution?: string;
}

/** How a provider refused a credential. */
export interface RejectionReport {
  /** HTTP status of the provider's answer. @default 401 */
  readonly status?: number;
  /** What the provider said. */
  readonly message?: string;
  /** Seconds that the provider asked to wait. */
  readonly retryAfter?: number;
}

/** Every function rejects with a {@link SidecarClientError}. */
export interface SidecarClient {
  /** Which provider serves a model, at which URL, and how to authenticate. The answer holds secrets. */
  readonly resolve: (request?: string | ResolveRequest) => Promise<ResolveAnswer>;
  /** Every step of that decision, without secrets. */
  readonly explain: (request?: string | ResolveRequest) => Promise<ExplainAnswer>;
  /** Every model that a request could use now. */
  readonly models: () => Promise<ModelsAnswer>;
  /** The whole state, once. */
  readonly snapshot: () => Promise<SnapshotAnswer>;
  /** The whole state now and after each change, and notices between, until the loop over it is left. */
  readonly watch: (options?: WatchOptions) => AsyncGenerator<WatchEvent, void>;
  /**
   * Tells that the provider refused the credential of a resolution. The server renews it where it can: the answer
   * then has a new secret of the same identity. Else it rejects, with what to do.
   */
  readonly rejected: (resolutionId: string, report?: RejectionReport) => Promise<ResolveAnswer>;
}

const TIMEOUT_MS = 30_000;

/** Makes a client. It looks for the server at each call and holds nothing open in between. */
export function createClient(options: ClientOptions = {}): SidecarClient {
  const { env = processEnvironment(), home = homeFolder(), timeoutMs = TIMEOUT_MS, url, token } = options;
  const connect = (): Promise<ProvenServer> =>
    connectToServer({
      env,
      home,
      ...(url === undefined ? {} : { url }),
      ...(token === undefined ? {} : { token }),
    });
  const ask = async <T>(isWanted: AnswerKind<T>, request: ServerRequest): Promise<T> => {
    const { status, body } = await withSecondChance(async () => {
      const server = await connect();
      try {
        return await server.ask({ timeoutMs, ...request });
      } finally {
        server.close();
      }
    });
    if (status === 200 && isWanted(body)) return body;
    throw errorOfAnswer(status, body);
  };
  return {
    resolve: (request) => ask(isResolveAnswer, { path: `/v1/resolve${queryOf(request)}` }),
    explain: (request) => ask(isExplainAnswer, { path: `/v1/explain${queryOf(request)}` }),
    models: () => ask(isModelsAnswer, { path: '/v1/models' }),
    snapshot: () => ask(isSnapshotAnswer, { path: '/v1/snapshot' }),
    watch: ({ signal } = {}) =>
      watchServer({ connect, random: Math.random, ...(signal === undefined ? {} : { signal }) }),
    rejected: (resolutionId, report = {}) =>
      ask(isResolveAnswer, {
        method: 'POST',
        path: `/v1/resolve/${encodeURIComponent(resolutionId)}/rejected`,
        body: report,
      }),
  };
}

/** Tries once more when the connection broke: the server may have been started again in between. */
async function withSecondChance<T>(attempt: () => Promise<T>): Promise<T> {
  try {
    return await attempt();
  } catch (error) {
    // A deadline that passed has no code, and would pass once more.
    if (error instanceof SidecarClientError || systemCodeOf(causeOf(error)) === undefined) {
      throw asClientError(error);
    }
  }
  try {
    return await attempt();
  } catch (error) {
    throw asClientError(error);
  }
}

function asClientError(error: unknown): SidecarClientError {
  if (error instanceof SidecarClientError) return error;
  const cause = causeOf(error);
  return notRunning(`The server did not answer (${messageOf(cause)})`, cause);
}

/** What the system said of a connection that was lost. */
function causeOf(error: unknown): unknown {
  return error instanceof SidecarError && error.cause !== undefined ? error.cause : error;
}

function queryOf(request: string | ResolveRequest | undefined): string {
  const { model, provider, profile, resolution } =
    typeof request === 'string' ? { model: request } : (request ?? {});
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries({ model, provider, profile, resolution })) {
    if (value !== undefined) parameters.set(name, value);
  }
  return parameters.size === 0 ? '' : `?${parameters.toString()}`;
}
