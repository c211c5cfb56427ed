/**
 * The access guard's decision, over the request line and the raw header lines as they came off the wire.
 *
 * Order: ambiguity 400 → Host, Origin, forwarding 403 → token 401 → scope 403. The party checks come before the
 * token check, so that a web page cannot learn whether a token is right.
 */
import { hash } from 'node:crypto';
import type { CallerScope } from '../domain/caller-scope.ts';
import type { ErrorCode } from '../domain/errors.ts';
import { ANONYMOUS, type Caller } from './callers/caller.ts';
import type { CallerDirectory } from './callers/callers.ts';
import type { ScopedRequest } from './callers/scope-guard.ts';
import { isPlainTarget, namesSecret, pathOf } from './request-target.ts';

/** One request as it arrived: nothing decoded, joined or dropped. */
export interface AccessRequest {
  readonly method: string;
  /** The raw request target of the request line. */
  readonly target: string;
  /** Flat name, value pairs, every line of them. */
  readonly rawHeaders: readonly string[];
  /** `1.1` or `1.0`; no other version can be told apart safely on one connection. */
  readonly httpVersion: string;
}

/** What the guard compares with. Who may ask is looked up for each request, so what is revoked is refused at once. */
export interface AccessRules {
  /** Lower-case Host values, each with its port. */
  readonly allowedHosts: ReadonlySet<string>;
  readonly callers: CallerDirectory;
  /** Whether a limited token may make the request. */
  readonly mayRequest: (scope: CallerScope, request: ScopedRequest) => boolean;
  /** Exact paths that GET and HEAD may read without a token. */
  readonly openPaths: ReadonlySet<string>;
  /** Path prefixes below which `Authorization` may be the bare token, as AWS clients send it. */
  readonly rawTokenPrefixes: readonly string[];
}

export interface AccessRulesInput {
  /** Host values as clients write them: `127.0.0.1:18780`, `[::1]:18780`, `localhost`. */
  readonly allowedHosts: readonly string[];
  readonly callers: CallerDirectory;
  readonly mayRequest: AccessRules['mayRequest'];
  readonly openPaths: readonly string[];
  /** @default none */
  readonly rawTokenPrefixes?: readonly string[];
}

/** Codes with which the guard refuses. */
export type RefusalCode = Extract<
  ErrorCode,
  | 'bad-request'
  | 'host-not-allowed'
  | 'origin-not-allowed'
  | 'forwarded-not-allowed'
  | 'unauthorized'
  | 'scope-not-allowed'
>;

/** `forAws`: the caller may be an AWS SDK, which shows only what stands where it looks. */
interface Refused {
  readonly kind: 'refuse';
  readonly code: RefusalCode;
  readonly forAws?: true;
}

/** What the guard decided. */
export type AccessDecision = { readonly kind: 'allow'; readonly caller: Caller } | Refused;

/** Prepares the rules, so that a request costs one hash and a few look-ups. */
export function createAccessRules(input: AccessRulesInput): AccessRules {
  return {
    allowedHosts: new Set(input.allowedHosts.map((host) => host.toLowerCase())),
    callers: input.callers,
    mayRequest: input.mayRequest,
    openPaths: new Set(input.openPaths),
    rawTokenPrefixes: input.rawTokenPrefixes ?? [],
  };
}

/**
 * Decides about one request. Never throws, and says nothing of the request but a code.
 *
 * @param claim of this request under these rules, where it is known already
 */
export function decideAccess(
  request: AccessRequest,
  rules: AccessRules,
  claim = readClaim(request, rules),
): AccessDecision {
  if (claim.kind === 'refuse') return claim;
  if (claim.kind === 'open') return { kind: 'allow', caller: ANONYMOUS };
  // A digest of fixed length is what is looked up, so the time that it takes tells nothing about a token.
  const caller = rules.callers.find(claim.digest);
  if (caller === undefined) return refuseAt(claim.path, 'unauthorized', rules);
  if (caller.scope !== null && !rules.mayRequest(caller.scope, request)) {
    return refuseAt(claim.path, 'scope-not-allowed', rules);
  }
  return { kind: 'allow', caller };
}

/**
 * What a request claims, before anybody asks whose token that is and whether it is still in force. It follows from
 * the bytes of the request, the rules and the endpoint's token alone.
 */
export type AccessClaim =
  | Refused
  /** No token is shown, and none is needed. */
  | { readonly kind: 'open' }
  /** The SHA-256 digest of the token that is shown. */
  | { readonly kind: 'token'; readonly digest: Buffer; readonly path: string };

/** Reads the claim. */
export function readClaim(request: AccessRequest, rules: AccessRules): AccessClaim {
  const lines = readHeaders(request.rawHeaders);
  if (isAmbiguous(request, lines, rules)) return refuse('bad-request');
  if (!rules.allowedHosts.has(lines.host.toLowerCase())) return refuse('host-not-allowed');
  if (lines.fromWebPage) return refuse('origin-not-allowed');
  if (lines.forwarded) return refuse('forwarded-not-allowed');
  return readToken(request, lines, rules);
}

/** The header lines that matter here, from one pass over all of them. */
interface GuardedHeaders {
  hostLines: number;
  host: string;
  authorizationLines: number;
  authorization: string;
  fromWebPage: boolean;
  forwarded: boolean;
}

function readHeaders(rawHeaders: readonly string[]): GuardedHeaders {
  const lines: GuardedHeaders = {
    hostLines: 0,
    host: '',
    authorizationLines: 0,
    authorization: '',
    fromWebPage: false,
    forwarded: false,
  };
  for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
    const name = rawHeaders[index]?.toLowerCase() ?? '';
    const value = rawHeaders[index + 1] ?? '';
    switch (name) {
      case 'host':
        lines.hostLines += 1;
        lines.host = value;
        break;
      case 'authorization':
        lines.authorizationLines += 1;
        lines.authorization = value;
        break;
      case 'origin':
        lines.fromWebPage = true;
        break;
      case 'sec-fetch-site':
        // `none` is a person who typed the address: no page is behind it.
        if (value !== 'none') lines.fromWebPage = true;
        break;
      case 'sec-fetch-mode':
        // Node's own fetch sends a lone `cors`; a browser's `cors` comes with Origin or Sec-Fetch-Site.
        if (value !== 'cors' && value !== 'navigate') lines.fromWebPage = true;
        break;
      case 'forwarded':
      case 'via':
      case 'x-real-ip':
        lines.forwarded = true;
        break;
      default:
        if (name.startsWith('x-forwarded-')) lines.forwarded = true;
    }
  }
  return lines;
}

/** True when two readers of this request could understand two different things, or when it shows a secret. */
function isAmbiguous(request: AccessRequest, lines: GuardedHeaders, rules: AccessRules): boolean {
  return (
    lines.hostLines !== 1 ||
    lines.authorizationLines > 1 ||
    // Port, name and brackets only: userinfo, lists, paths and blanks mean that someone rewrote it.
    !/^[\w.:[\]-]+$/.test(lines.host) ||
    (request.httpVersion !== '1.1' && request.httpVersion !== '1.0') ||
    !isPlainTarget(request.target) ||
    namesSecret(request.target, rules.callers.endpointToken())
  );
}

function readToken(request: AccessRequest, lines: GuardedHeaders, rules: AccessRules): AccessClaim {
  const path = pathOf(request.target);
  if (lines.authorizationLines === 0) {
    const reads = request.method === 'GET' || request.method === 'HEAD';
    return reads && rules.openPaths.has(path) ? { kind: 'open' } : refuseAt(path, 'unauthorized', rules);
  }
  const presented = presentedToken(lines.authorization, path, rules);
  if (presented === undefined) return refuseAt(path, 'unauthorized', rules);
  return { kind: 'token', digest: hash('sha256', presented, 'buffer'), path };
}

const SCHEME = 'Bearer ';

/** The token that an Authorization value holds, exactly as written, or undefined for any other scheme. */
function presentedToken(authorization: string, path: string, rules: AccessRules): string | undefined {
  if (authorization.startsWith(SCHEME)) return authorization.slice(SCHEME.length);
  return isForAws(path, rules) ? authorization : undefined;
}

/** AWS clients send the bare token, and nobody else does. */
function isForAws(path: string, { rawTokenPrefixes }: AccessRules): boolean {
  return rawTokenPrefixes.some((prefix) => path.startsWith(prefix));
}

function refuseAt(path: string, code: RefusalCode, rules: AccessRules): Refused {
  return isForAws(path, rules) ? { kind: 'refuse', code, forAws: true } : refuse(code);
}

function refuse(code: RefusalCode): Refused {
  return { kind: 'refuse', code };
}
