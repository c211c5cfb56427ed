/** A request that is said again is judged as if it were the first: what is kept of it never decides. */
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { makeCallerToken } from '../../src/domain/caller-token.ts';
import { Secret } from '../../src/domain/secret.ts';
import { type AccessRequest, createAccessRules, decideAccess } from '../../src/http/access.ts';
import { createCallers } from '../../src/http/callers/callers.ts';
import { type HeardClaim, hearClaim } from '../../src/http/repeated-claim.ts';

const HOST = '127.0.0.1:18780';
const FIRST = 'first-token-0123456789-abcdefghij';
const SECOND = 'second-token-0123456789-abcdefghi';
const stored = makeCallerToken();
const STORED = stored.secret.reveal();

function open() {
  let now = 0;
  const callers = createCallers(new Secret(FIRST), () => now);
  const hosts = { allowedHosts: [HOST], callers, openPaths: ['/livez'], rawTokenPrefixes: ['/v1/aws/'] };
  let scopeIsWide = true;
  let rules = createAccessRules({ ...hosts, mayRequest: () => scopeIsWide });
  const grant = {
    id: stored.id,
    name: 'agent',
    digest: stored.digest,
    scope: { providers: ['ollama'], models: null, secrets: true },
    expiresAt: 1_000,
  };
  callers.setStored([grant]);
  const changes = {
    rotate: () => callers.setEndpointToken(new Secret(SECOND)),
    'rotate back': () => callers.setEndpointToken(new Secret(FIRST)),
    revoke: () => callers.setStored([]),
    store: () => callers.setStored([grant]),
    expire: () => {
      now = 1_000;
    },
    'set the clock back': () => {
      now = 0;
    },
    'narrow the scope': () => {
      scopeIsWide = false;
    },
    'widen the scope': () => {
      scopeIsWide = true;
    },
    'listen elsewhere': () => {
      rules = createAccessRules({ ...hosts, allowedHosts: ['localhost:1'], mayRequest: () => scopeIsWide });
    },
  };
  return { changes, rules: () => rules };
}

function asking(token: string, change: Partial<AccessRequest> = {}): AccessRequest {
  const rawHeaders = ['Host', HOST, 'Authorization', `Bearer ${token}`, 'Accept', '*/*'];
  return { method: 'GET', target: '/v1/resolve?model=a', httpVersion: '1.1', rawHeaders, ...change };
}

/** Requests that differ in one thing each, so that whatever is not compared gives another's judgement. */
const REQUESTS: readonly AccessRequest[] = [
  asking(FIRST),
  asking(SECOND),
  asking(STORED),
  asking(STORED, { method: 'POST' }),
  asking(FIRST, { target: `/v1/resolve?model=${SECOND}` }),
  asking(FIRST, { target: '/v1//resolve' }),
  asking(FIRST, { httpVersion: '2.0' }),
  asking(FIRST, { rawHeaders: ['Host', HOST] }),
  asking(FIRST, { rawHeaders: ['Host', HOST], target: '/livez' }),
  asking(FIRST, { rawHeaders: ['Host', HOST], target: '/livez', method: 'POST' }),
  asking(FIRST, { rawHeaders: ['Host', HOST, 'Authorization', `Bearer ${FIRST}`, 'Via', '*/*'] }),
  asking(FIRST, { rawHeaders: [...asking(FIRST).rawHeaders, 'Origin', 'null'] }),
  asking(FIRST, { rawHeaders: [...asking(FIRST).rawHeaders, 'Host', HOST] }),
  asking(FIRST, { rawHeaders: ['Host', HOST, 'Authorization', FIRST], target: '/v1/aws/x' }),
];

/** The same text in other strings, as it comes off the wire. */
function fromTheWire(request: AccessRequest): AccessRequest {
  const again = (text: string): string => Buffer.from(text, 'latin1').toString('latin1');
  return {
    method: again(request.method),
    target: again(request.target),
    httpVersion: again(request.httpVersion),
    rawHeaders: request.rawHeaders.map(again),
  };
}

describe('a repeated request', () => {
  it('is judged as if it were the first, whatever was said or has changed before', () => {
    const step = fc.oneof(
      { weight: 3, arbitrary: fc.constantFrom(...REQUESTS) },
      { weight: 1, arbitrary: fc.constantFrom(...Object.keys(open().changes)) },
    );
    fc.assert(
      fc.property(fc.array(step, { minLength: 2, maxLength: 40 }), (steps) => {
        const { changes, rules } = open();
        let heard: HeardClaim | undefined;
        for (const next of steps) {
          if (typeof next === 'string') {
            Object.entries(changes).find(([name]) => name === next)?.[1]();
            continue;
          }
          const request = fromTheWire(next);
          heard = hearClaim(heard, request, rules());
          const decision = decideAccess(heard.request, heard.rules, heard.claim);
          expect(decision).toEqual(decideAccess(request, rules()));
        }
      }),
      { numRuns: 2_000 },
    );
  });

  it('is read once', () => {
    const { rules } = open();
    const heard = hearClaim(undefined, asking(FIRST), rules());
    expect(hearClaim(heard, fromTheWire(asking(FIRST)), rules())).toBe(heard);
  });
});
