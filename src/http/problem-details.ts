/** Problems as RFC 9457 documents: the one form of every error that leaves over HTTP. */
import type { ProblemDetailsAnswer } from '../domain/answers/problem.ts';
import { factsOf, type Problem } from '../domain/errors.ts';

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

/** The answer of a route that fails. Headers are set as it is made: setting them later halves the throughput. */
export function problemResponse(problem: Problem, extra: ProblemExtra = {}): Response {
  const details = toProblemDetails(problem, extra);
  return new Response(JSON.stringify(details), {
    status: details.status,
    headers: problemHeaders(details.status),
  });
}
