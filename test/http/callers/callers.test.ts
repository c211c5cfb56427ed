/** Who may ask now: who is found by a token, and what ends with it. */
import { createHash } from 'node:crypto';
import * as fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { makeCallerToken } from '../../../src/domain/caller-token.ts';
import { Secret } from '../../../src/domain/secret.ts';
import { type CallerGrant, createCallers } from '../../../src/http/callers/callers.ts';

const ENDPOINT = 'endpoint-token-0123456789-abcdefghij';
const everything = { providers: null, models: null, secrets: true };
const limited = { ...everything, providers: ['ollama'] };

function grantOf(name: string, change: Partial<CallerGrant> = {}): { grant: CallerGrant; text: string } {
  const { id, digest, secret } = makeCallerToken();
  return { grant: { id, name, digest, scope: limited, expiresAt: null, ...change }, text: secret.reveal() };
}

function open(clock = () => 0) {
  const callers = createCallers(new Secret(ENDPOINT), clock);
  const find = (text: string) => callers.find(createHash('sha256').update(text).digest());
  return { callers, find };
}

describe('who is found', () => {
  it('"the token in endpoint.json is one of them", without limits', () => {
    expect(open().find(ENDPOINT)).toMatchObject({ token: true, name: 'endpoint', scope: null });
  });

  it('a stored token, with its limits; one that takes nothing away has none', () => {
    const { callers, find } = open();
    const [one, other] = [grantOf('one'), grantOf('other', { scope: everything })];
    callers.setStored([one.grant, other.grant]);
    expect(find(one.text)).toMatchObject({ name: 'one', scope: limited });
    expect(find(other.text)).toMatchObject({ name: 'other', scope: null });
  });

  it('"only exact tokens pass"', () => {
    const { callers, find } = open();
    const { grant, text } = grantOf('one');
    callers.setStored([grant]);
    const near = fc.oneof(
      fc.string(),
      fc.tuple(fc.nat(text.length), fc.string({ maxLength: 2 })).map(([at, part]) => {
        return `${text.slice(0, at)}${part}${text.slice(at + 1)}`;
      }),
      fc.constantFrom(grant.digest, grant.id, text.toUpperCase(), ` ${text}`, `${text}\n`),
    );
    fc.assert(
      fc.property(near, (other) => {
        expect(find(other)?.name).toBe(other === text ? 'one' : other === ENDPOINT ? 'endpoint' : undefined);
      }),
      { numRuns: 500 },
    );
  });

  it('one that has expired is nobody, from that very millisecond on', () => {
    let now = 0;
    const { callers, find } = open(() => now);
    const { grant, text } = grantOf('one', { expiresAt: 1_000 });
    callers.setStored([grant]);
    now = 999;
    expect(find(text)?.name).toBe('one');
    now = 1_000;
    expect(find(text)).toBeUndefined();
    expect(callers.list().map(({ name }) => name)).toEqual(['endpoint']);
    callers.close();
  });
});

describe('"revocation takes effect at once and ends open streams"', () => {
  it('of a token that is gone, or has other limits now; those that stay go on', () => {
    const { callers, find } = open();
    const grants = ['gone', 'changed', 'stays'].map((name) => grantOf(name));
    callers.setStored(grants.map(({ grant }) => grant));
    const [gone, changed, stays] = grants.map(({ text }) => find(text));
    callers.setStored(
      grants
        .slice(1)
        .map(({ grant }) => (grant.name === 'changed' ? { ...grant, scope: everything } : { ...grant })),
    );
    expect(gone?.ended?.aborted).toBe(true);
    expect(changed?.ended?.aborted).toBe(true);
    expect(stays?.ended?.aborted).toBe(false);
    expect(find(grants[0]?.text ?? '')).toBeUndefined();
    expect(find(grants[1]?.text ?? '')).toMatchObject({ scope: null });
    expect(find(grants[2]?.text ?? '')).toBe(stays);
  });

  it('rotation of the endpoint: the old token is nobody, and its answers end', () => {
    const { callers, find } = open();
    const before = find(ENDPOINT);
    callers.setEndpointToken(new Secret('another-token-0123456789-abcdefghijk'));
    expect(find(ENDPOINT)).toBeUndefined();
    expect(before?.ended?.aborted).toBe(true);
    expect(callers.endpointToken().reveal()).toContain('another');
  });

  it('the end of its time ends open answers too, without a request', () => {
    vi.useFakeTimers({ now: 0 });
    try {
      const { callers, find } = open(() => Date.now());
      const { grant, text } = grantOf('one', { expiresAt: 60_000 });
      callers.setStored([grant]);
      const caller = find(text);
      vi.advanceTimersByTime(59_999);
      expect(caller?.ended?.aborted).toBe(false);
      vi.advanceTimersByTime(1);
      expect(caller?.ended?.aborted).toBe(true);
      callers.close();
    } finally {
      vi.useRealTimers();
    }
  });

  it('who is refused from now on: by the clock, though no timer came; not at a stop of the server, nor its leases', () => {
    let now = 0;
    const { callers, find } = open(() => now);
    const grants = ['gone', 'late', 'stays'].map((name) =>
      grantOf(name, name === 'late' ? { expiresAt: 1_000 } : {}),
    );
    callers.setStored(grants.map(({ grant }) => grant));
    const [gone, late, stays] = grants.map(({ text }) => find(text));
    expect([gone, late, stays].map((caller) => caller?.isRefused())).toEqual([false, false, false]);
    callers.setStored(grants.slice(1).map(({ grant }) => grant));
    now = 1_000;
    expect([gone, late, stays].map((caller) => caller?.isRefused())).toEqual([true, true, false]);
    const lease = callers.lease(grantOf('exec:sh:1').grant);
    stays?.ended?.addEventListener('abort', lease.end);
    callers.close();
    expect([gone, late, stays, lease.caller].map((caller) => caller?.isRefused())).toEqual([
      true,
      true,
      false,
      false,
    ]);
  });

  it('the end of the server ends every answer and lets nobody in', () => {
    const { callers, find } = open();
    const caller = find(ENDPOINT);
    callers.close();
    expect(caller?.ended?.aborted).toBe(true);
    expect(find(ENDPOINT)).toBeUndefined();
  });
});

describe('leases', () => {
  it('are in force until they are ended', () => {
    const { callers, find } = open();
    const { grant, text } = grantOf('exec:sh:1');
    const lease = callers.lease(grant);
    expect(find(text)).toBe(lease.caller);
    expect(callers.list()).toContainEqual({
      name: 'exec:sh:1',
      kind: 'lease',
      scope: limited,
      expiresAt: null,
    });
    lease.end();
    expect(find(text)).toBeUndefined();
    expect(lease.caller.ended?.aborted).toBe(true);
  });

  it('the same token may be leased again, which ends the first lease and not the second', () => {
    const { callers, find } = open();
    const { grant, text } = grantOf('exec:sh:1');
    const first = callers.lease(grant);
    const second = callers.lease(grant);
    expect(first.caller.ended?.aborted).toBe(true);
    first.end();
    expect(find(text)).toBe(second.caller);
  });

  it('nobody leases the name, the id or the digest of another token', () => {
    const { callers } = open();
    const { grant } = grantOf('one');
    callers.setStored([grant]);
    const other = grantOf('exec:sh:1').grant;
    for (const clash of [{ name: 'one' }, { id: grant.id }, { digest: grant.digest }]) {
      expect(() => callers.lease({ ...other, ...clash })).toThrow(
        expect.objectContaining({ code: 'bad-request' }),
      );
    }
  });

  it('a re-read of the stored tokens leaves them alone', () => {
    const { callers, find } = open();
    const { grant, text } = grantOf('exec:sh:1');
    callers.lease(grant);
    callers.setStored([]);
    expect(find(text)?.name).toBe('exec:sh:1');
  });
});

describe('the key of the proof', () => {
  it('is the endpoint’s token, and for a token with a name its digest', () => {
    const { callers } = open();
    const { grant } = grantOf('one');
    callers.setStored([grant]);
    expect(callers.proofKey(null)?.reveal()).toBe(ENDPOINT);
    expect(callers.proofKey(grant.id)?.reveal()).toBe(grant.digest);
    expect(callers.proofKey('000000000000')).toBeUndefined();
    expect(callers.proofKey('')).toBeUndefined();
  });
});
