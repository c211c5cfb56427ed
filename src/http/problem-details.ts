/** Problems as RFC 9457 documents: the one form of every error that leaves over HTTP. */
import type { ProblemDetailsAnswer } from '../domain/answers/problem.ts';
import { factsOf, type Problem } from '../domain/errors.ts';
import { toIso } from '../platform/clock.ts';

/** Members beside the common ones; `status` replaces the code's own where HTTP has a closer one (408, 413, 431). */
export interface ProblemExtra extends Readonly<Record<string, unknown>> {
  readonly status?: number;
}

/** The document of a problem. */
export function toProblemDetails(problem: Problem, extra: ProblemExtra = {}): ProblemDetailsAnswer {
  const facts = factsOf(problem.code);
  return {
    type: `urn:provider-sidecar:problem:${problem.code}`,
    title: facts.title,
    status: facts.status,
    code: problem.code,
    detail: problem.detail,
    hints: problem.hints,
    ...(problem.retryAt === undefined ? {} : { retryAt: toIso(problem.retryAt) }),
    ...extra,
  };
}

/** The header lines that every problem answer has. A 401 must name a scheme (RFC 9110, section 11.6.1). */
export function problemHeaders(status: number): Record<string, string> {
  return {
    'Content-Type': 'application/problem+json',
    'Cache-Control': 'no-store',
    ...(status === 401 ? { 'WWW-Authenticate': 'Bearer' } : {}),
  };
}

/**
 * The answer of a route that fails. Headers are set as it is made: setting them later halves the throughput.
 *
 * @param now Unix milliseconds, for a problem that may pass by itself: `Retry-After` then says when (RFC 9110,
 * section 10.2.3)
 */
export function problemResponse(problem: Problem, extra: ProblemExtra = {}, now?: number): Response {
  const details = toProblemDetails(problem, extra);
  const headers = problemHeaders(details.status);
  return new Response(JSON.stringify(details), {
    status: details.status,
    headers:
      problem.retryAt === undefined || now === undefined
        ? headers
        : { ...headers, 'Retry-After': String(secondsUntil(problem.retryAt, now)) },
  });
}

/** Never 0: who asks again at once would meet the same. */
function secondsUntil(time: number, now: number): number {
  return Math.max(1, Math.ceil((time - now) / 1_000));
}
