/** The one error of the client library: what the server said no to, or why it could not be asked. */
import type { Problem } from '../domain/errors.ts';
import { isRecord } from '../domain/record.ts';

/** Thrown by every function of the client. No message holds a secret. */
export class SidecarClientError extends Error {
  override readonly name = 'SidecarClientError';
  /** A stable code: the server's, or `not-running` where there is none that answers. */
  readonly code: string;
  /** What failed and where. */
  readonly detail: string;
  /** What to do next, most useful first. */
  readonly hints: readonly string[];
  /** HTTP status of the answer, or null when there was none. */
  readonly status: number | null;
  /** When another try may succeed though nobody did anything, as ISO 8601; null when somebody has to act. */
  readonly retryAt: string | null;

  constructor(
    problem: Pick<Problem, 'detail' | 'hints'> & { readonly code: string; readonly retryAt?: string },
    status: number | null,
    options?: ErrorOptions,
  ) {
    super(`${problem.code}: ${problem.detail}`, options);
    this.code = problem.code;
    this.detail = problem.detail;
    this.hints = problem.hints;
    this.status = status;
    this.retryAt = problem.retryAt ?? null;
  }
}

/** The error of an answer that is none of the good ones. */
export function errorOfAnswer(status: number, body: unknown): SidecarClientError {
  if (!isRecord(body) || typeof body['code'] !== 'string' || typeof body['detail'] !== 'string') {
    return new SidecarClientError(
      { code: 'internal', detail: `The server answered ${status} and no problem document`, hints: [] },
      status,
    );
  }
  const hints = Array.isArray(body['hints']) ? body['hints'].filter((hint) => typeof hint === 'string') : [];
  const { code, detail, retryAt } = body;
  const when = typeof retryAt === 'string' ? { retryAt } : {};
  return new SidecarClientError({ code, detail, hints, ...when }, status);
}

/** Nobody answers, or not the server that is meant. */
export function notRunning(detail: string, cause?: unknown): SidecarClientError {
  const problem = {
    code: 'not-running',
    detail,
    hints: [
      'Start it: provider-sidecar serve',
      'Or name it: PROVIDER_SIDECAR_URL and PROVIDER_SIDECAR_TOKEN',
    ],
  };
  return new SidecarClientError(problem, null, cause === undefined ? {} : { cause });
}
