/**
 * Every way in which the program can say no: stable codes, what they mean for an HTTP caller and for a
 * shell, and the one error class that carries them. The wording of a code never changes meaning.
 */

interface CodeFacts {
  /** HTTP status when the code is the answer to a request. */
  readonly status: number;
  /** sysexits exit code when the code ends a command. */
  readonly exitCode: number;
  /** Short human title, the `title` of a problem document (RFC 9457). */
  readonly title: string;
}

/** Exit codes of the command line (sysexits.h). */
export const EXIT = {
  ok: 0,
  failed: 1,
  usage: 64,
  unavailable: 69,
  internal: 70,
  cannotWrite: 73,
  tryLater: 75,
  notPermitted: 77,
  config: 78,
} as const;

/** All codes. A test holds that the documentation lists each of them. */
export const ERROR_CODES = {
  'bad-request': { status: 400, exitCode: EXIT.usage, title: 'The request cannot be understood' },
  unauthorized: { status: 401, exitCode: EXIT.notPermitted, title: 'A valid token is needed' },
  'host-not-allowed': { status: 403, exitCode: EXIT.notPermitted, title: 'The Host header is not allowed' },
  'origin-not-allowed': {
    status: 403,
    exitCode: EXIT.notPermitted,
    title: 'Requests from web pages are not allowed',
  },
  'forwarded-not-allowed': {
    status: 403,
    exitCode: EXIT.notPermitted,
    title: 'Forwarded requests are not allowed',
  },
  'scope-not-allowed': { status: 403, exitCode: EXIT.notPermitted, title: 'The token may not do this' },
  'unknown-provider': { status: 404, exitCode: EXIT.failed, title: 'No such provider' },
  'unknown-model': { status: 404, exitCode: EXIT.failed, title: 'The provider has no such model' },
  'not-found': { status: 404, exitCode: EXIT.failed, title: 'No such route' },
  'provider-changed': {
    status: 409,
    exitCode: EXIT.failed,
    title: 'The provider is no longer the one this request began with',
  },
  'no-default-model': { status: 409, exitCode: EXIT.failed, title: 'No default model is set' },
  'no-auth': { status: 424, exitCode: EXIT.failed, title: 'No usable credential was found' },
  'auth-expired': { status: 424, exitCode: EXIT.failed, title: 'The stored credential has expired' },
  'login-failed': { status: 502, exitCode: EXIT.failed, title: 'The login did not succeed' },
  'login-server-down': {
    status: 503,
    exitCode: EXIT.unavailable,
    title: 'The authorization server cannot be reached',
  },
  'credential-source-down': {
    status: 503,
    exitCode: EXIT.unavailable,
    title: 'The source of the credential does not answer',
  },
  'reauth-required': {
    status: 424,
    exitCode: EXIT.failed,
    title: 'A person has to log in again',
  },
  'auth-required': { status: 424, exitCode: EXIT.failed, title: 'The local runtime demands a key' },
  'runtime-down': { status: 503, exitCode: EXIT.unavailable, title: 'The local runtime does not answer' },
  'config-invalid': { status: 503, exitCode: EXIT.config, title: 'The configuration cannot be used' },
  internal: { status: 500, exitCode: EXIT.internal, title: 'The program failed' },
  'context-window-too-small': {
    status: 503,
    exitCode: EXIT.config,
    title: 'The context window is too small',
  },
  'credential-cooling-down': {
    status: 424,
    exitCode: EXIT.failed,
    title: 'The provider refused the only credential for the moment',
  },
  'cannot-write': { status: 500, exitCode: EXIT.cannotWrite, title: 'A file cannot be written' },
  'address-in-use': { status: 503, exitCode: EXIT.unavailable, title: 'The address is in use' },
  'too-many-readers': {
    status: 503,
    exitCode: EXIT.unavailable,
    title: 'Too many event streams are open',
  },
  'not-running': { status: 503, exitCode: EXIT.unavailable, title: 'No server is running here' },
  'not-permitted': { status: 403, exitCode: EXIT.notPermitted, title: 'A file may not be used' },
} as const satisfies Record<string, CodeFacts>;

/** A stable error code, also on the wire. */
export type ErrorCode = keyof typeof ERROR_CODES;

/** What a code means outside this process. */
export function factsOf(code: ErrorCode): CodeFacts {
  return ERROR_CODES[code];
}

/** A refusal as data: what failed, and what to do about it. Never holds a secret. */
export interface Problem {
  readonly code: ErrorCode;
  /** One sentence: what failed and where. */
  readonly detail: string;
  /** What to do next, most useful first, each a command, a variable or a file to change. */
  readonly hints: readonly string[];
  /** When another try may succeed though nobody did anything, in Unix milliseconds. */
  readonly retryAt?: number;
}

/** The one error class. Messages hold no secret, no whole body, no URL query; foreign text is quoted and cut. */
export class SidecarError extends Error {
  override readonly name = 'SidecarError';
  readonly code: ErrorCode;
  readonly hints: readonly string[];

  constructor(code: ErrorCode, detail: string, hints: readonly string[] = [], options?: ErrorOptions) {
    super(detail, options);
    this.code = code;
    this.hints = hints;
  }

  /** The same refusal as plain data. */
  toProblem(): Problem {
    return { code: this.code, detail: this.message, hints: this.hints };
  }
}

/** Wraps a problem so that it can be thrown. */
export function toSidecarError(problem: Problem): SidecarError {
  return new SidecarError(problem.code, problem.detail, problem.hints);
}

/** Text of an unknown thrown value, without its stack. */
export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}

/** The system error code (`ENOENT`, `EADDRINUSE`, …) of an unknown thrown value. */
export function systemCodeOf(thrown: unknown): string | undefined {
  if (thrown instanceof Error && 'code' in thrown && typeof thrown.code === 'string') return thrown.code;
  return undefined;
}
