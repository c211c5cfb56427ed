/**
 * Everybody who may ask now: the endpoint's token, the stored ones, and those that live as long as a connection.
 * A token that ends, by revocation, rotation or time, ends every answer of it that is still open.
 */
import { timingSafeEqual } from 'node:crypto';
import { setMaxListeners } from 'node:events';
import { type CallerScope, isLimited } from '../../domain/caller-scope.ts';
import { digestOfToken, ENDPOINT_TOKEN_NAME } from '../../domain/caller-token.ts';
import { SidecarError } from '../../domain/errors.ts';
import { keyDefect, Secret } from '../../domain/secret.ts';
import type { Clock } from '../../platform/clock.ts';
import type { Caller } from './caller.ts';

/** A token as its digest, with what belongs to it. */
export interface CallerGrant {
  readonly id: string;
  readonly name: string;
  /** SHA-256 in hexadecimal. */
  readonly digest: string;
  readonly scope: CallerScope;
  /** Unix milliseconds; null: until it is revoked. */
  readonly expiresAt: number | null;
}

/** A token that is in force, for lists. */
export interface CallerSummary {
  readonly name: string;
  readonly kind: 'endpoint' | 'stored' | 'lease';
  readonly scope: CallerScope | null;
  readonly expiresAt: number | null;
}

/** Finds who shows a token. What the guard needs. */
export interface CallerDirectory {
  /** The caller whose token has this SHA-256 digest, if it is in force now. */
  readonly find: (digest: Buffer) => Caller | undefined;
  /** The endpoint's token, which no request target may hold. */
  readonly endpointToken: () => Secret;
}

export interface Callers extends CallerDirectory {
  /** The key of the proof for the token with this id; null means the endpoint's. Undefined: no such token. */
  readonly proofKey: (id: string | null) => Secret | undefined;
  readonly setEndpointToken: (token: Secret) => void;
  /** Replaces the stored tokens; those that stay as they are keep their open answers. */
  readonly setStored: (grants: readonly CallerGrant[]) => void;
  /**
   * Lets a token in until `end` is called. One with the same id and digest takes the place of an earlier lease.
   *
   * @throws SidecarError `bad-request` when another token has that id, name or digest
   */
  readonly lease: (grant: CallerGrant) => { readonly caller: Caller; readonly end: () => void };
  readonly list: () => readonly CallerSummary[];
  /** Ends every open answer, and lets nobody in any more. */
  readonly close: () => void;
}

interface Live {
  readonly kind: CallerSummary['kind'];
  readonly grant: CallerGrant;
  readonly digest: Buffer;
  readonly caller: Caller;
  readonly end: () => void;
}

/** Longest delay that a timer takes, in milliseconds. */
const LONGEST_DELAY_MS = 2_147_483_647;

/**
 * @throws SidecarError `config-invalid` for a token that no header could carry: an empty one would let everybody in
 */
export function createCallers(first: Secret, clock: Clock): Callers {
  const byDigest = new Map<string, Live>();
  let endpointToken = first;
  let isClosing = false;
  let endpoint = open('endpoint', endpointGrant(first));
  let timer: NodeJS.Timeout | undefined;
  add(endpoint);

  function open(kind: Live['kind'], grant: CallerGrant): Live {
    const controller = new AbortController();
    // Every open answer of a token waits for its end.
    setMaxListeners(0, controller.signal);
    let isOver = false;
    const caller: Caller = {
      token: true,
      name: grant.name,
      scope: isLimited(grant.scope) ? grant.scope : null,
      ended: controller.signal,
      isRefused: () => isOver || (grant.expiresAt !== null && hasEnded({ grant }, clock())),
    };
    const end = (): void => {
      // A stop takes nobody's right away, also not from a lease that ends with the token that it was asked with.
      if (!isClosing) isOver = true;
      controller.abort();
    };
    return { kind, grant, digest: Buffer.from(grant.digest, 'hex'), caller, end };
  }
  function add(live: Live): void {
    byDigest.set(keyOf(live.digest), live);
  }
  function drop(live: Live): void {
    // Another token may have the place by now: a lease that was taken over.
    if (byDigest.get(keyOf(live.digest)) === live) byDigest.delete(keyOf(live.digest));
    live.end();
  }
  /** Time ends open answers too, and not only the next request. */
  function watchTime(): void {
    clearTimeout(timer);
    const now = clock();
    const lives = [...byDigest.values()];
    for (const live of lives) if (hasEnded(live, now)) drop(live);
    const next = Math.min(...lives.map(({ grant }) => grant.expiresAt ?? Infinity).filter((at) => at > now));
    if (next === Infinity) return;
    timer = setTimeout(watchTime, Math.min(next - now, LONGEST_DELAY_MS)).unref();
  }

  return {
    find(digest) {
      const live = byDigest.get(keyOf(digest));
      // The look-up is by digest, so its time tells nothing about a token; the answer is compared once more.
      if (live === undefined || !timingSafeEqual(digest, live.digest)) return undefined;
      return hasEnded(live, clock()) ? undefined : live.caller;
    },
    endpointToken: () => endpointToken,
    proofKey(id) {
      if (id === null) return endpointToken;
      const live = [...byDigest.values()].find(({ grant, kind }) => kind !== 'endpoint' && grant.id === id);
      return live === undefined || hasEnded(live, clock()) ? undefined : new Secret(live.grant.digest);
    },
    setEndpointToken(token) {
      if (token.reveal() === endpointToken.reveal()) return;
      const next = open('endpoint', endpointGrant(token));
      add(next);
      drop(endpoint);
      endpoint = next;
      endpointToken = token;
    },
    setStored(grants) {
      const kept = new Set<Live>();
      for (const grant of grants) {
        const before = byDigest.get(keyOf(Buffer.from(grant.digest, 'hex')));
        if (before !== undefined && (before.kind !== 'stored' || isSame(before.grant, grant))) {
          kept.add(before);
          continue;
        }
        if (before !== undefined) drop(before);
        const live = open('stored', grant);
        add(live);
        kept.add(live);
      }
      for (const live of byDigest.values()) {
        if (live.kind === 'stored' && !kept.has(live)) drop(live);
      }
      watchTime();
    },
    lease(grant) {
      const taken = [...byDigest.values()].find(
        ({ grant: other }) =>
          other.id === grant.id || other.digest === grant.digest || other.name === grant.name,
      );
      if (taken !== undefined) {
        const isSameLease =
          taken.kind === 'lease' && taken.grant.id === grant.id && taken.grant.digest === grant.digest;
        if (!isSameLease) {
          throw new SidecarError('bad-request', 'Another token has that name, id or digest', [
            'Make a new token for each lease',
          ]);
        }
        drop(taken);
      }
      const live = open('lease', grant);
      add(live);
      watchTime();
      return { caller: live.caller, end: () => drop(live) };
    },
    list() {
      const now = clock();
      return [...byDigest.values()]
        .filter((live) => !hasEnded(live, now))
        .map(({ kind, grant, caller }) => ({
          name: grant.name,
          kind,
          scope: caller.scope,
          expiresAt: grant.expiresAt,
        }));
    },
    close() {
      isClosing = true;
      clearTimeout(timer);
      const lives = [...byDigest.values()];
      byDigest.clear();
      for (const { end } of lives) end();
    },
  };
}

function endpointGrant(token: Secret): CallerGrant {
  const text = token.reveal();
  const defect = keyDefect(text);
  if (defect !== undefined) {
    throw new SidecarError('config-invalid', `The token of this server ${defect}`, [
      'Set PROVIDER_SIDECAR_TOKEN to visible ASCII characters, or leave it unset and one is made',
    ]);
  }
  const scope: CallerScope = { providers: null, models: null, secrets: true };
  return { id: '', name: ENDPOINT_TOKEN_NAME, digest: digestOfToken(text), scope, expiresAt: null };
}

function hasEnded({ grant }: Pick<Live, 'grant'>, now: number): boolean {
  return grant.expiresAt !== null && now >= grant.expiresAt;
}

function isSame(one: CallerGrant, other: CallerGrant): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}

function keyOf(digest: Buffer): string {
  return digest.toString('latin1');
}
