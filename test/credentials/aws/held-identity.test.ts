/** One identity over hours, with a clock that the test moves: who waits, who does not, and what is told. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type HeldIdentity, holdIdentity } from '../../../src/credentials/aws/held-identity.ts';
import type { AwsIdentityOutcome } from '../../../src/credentials/aws/identities.ts';
import { Secret } from '../../../src/domain/secret.ts';

const MIN = 60_000;
const HOUR = 60 * MIN;
const START = Date.UTC(2026, 0, 1);

let held: HeldIdentity;
/** What the source answers next; a life in milliseconds, or nothing at all. */
let life: number | null | 'fails' | 'down' | 'none';
let asked: number;
let changes: string[];
let files: Record<string, string>;
/** What the listener does when it hears of a change. */
let onNews: () => void;

beforeEach(() => {
  vi.useFakeTimers({ now: START, toFake: ['setTimeout', 'clearTimeout', 'Date'] });
  life = HOUR;
  asked = 0;
  changes = [];
  onNews = () => undefined;
  files = { config: '1' };
  held = holdIdentity({
    ask: () => {
      asked += 1;
      const outcome = answer();
      const watched = Object.entries(files).filter(([path]) => path !== 'login' || outcome.kind !== 'found');
      return Promise.resolve({ outcome, files: new Map(watched) });
    },
    fileState: (path) => files[path] ?? 'absent',
    clock: Date.now,
    random: () => 0.5,
    onChange: (change) => {
      changes.push(change);
      onNews();
    },
  });
});

afterEach(() => {
  held.close();
  vi.useRealTimers();
});

function answer(): AwsIdentityOutcome {
  if (life === 'none') return { kind: 'none', source: 's', detail: 'no instance metadata' };
  if (life === 'fails') return { kind: 'failed', source: 's', detail: 'the source is away', hints: [] };
  if (life === 'down') {
    return { kind: 'failed', source: 's', detail: 'the source is down', hints: [], retryAt: Date.now() };
  }
  const expiration = life === null ? null : Date.now() + life;
  const secretAccessKey = new Secret(`secret-${asked}`);
  const keys = { accessKeyId: `AKIA${asked}`, secretAccessKey, sessionToken: null, region: null, expiration };
  return { kind: 'found', source: 's', detail: 'keys', keys };
}

async function get(): Promise<string> {
  return idOf(await held.get(Date.now()));
}

function idOf(outcome: AwsIdentityOutcome | null): string {
  return outcome?.kind === 'found' ? outcome.keys.accessKeyId : (outcome?.kind ?? 'nothing');
}

const later = (ms: number) => vi.advanceTimersByTimeAsync(ms);
/** The machine slept: time has passed and no timer ran. */
const sleep = (ms: number) => void vi.setSystemTime(Date.now() + ms);

describe('"refresh ahead in the background"', () => {
  it('renews by itself twelve minutes before the end of an hour, and says that it rotated', async () => {
    expect(await get()).toBe('AKIA1');
    await later(47 * MIN);
    expect(asked).toBe(1);
    await later(2 * MIN);
    expect(asked).toBe(2);
    expect(idOf(held.peek(Date.now()))).toBe('AKIA2');
    expect(changes).toEqual(['rotated']);
  });

  it('never hands out keys with under five minutes left, hour after hour', async () => {
    for (let minute = 0; minute < 10 * 60; minute += 1) {
      const outcome = await held.get(Date.now());
      if (outcome.kind !== 'found') throw new Error(outcome.detail);
      expect((outcome.keys.expiration ?? 0) - Date.now()).toBeGreaterThanOrEqual(5 * MIN);
      await later(MIN);
    }
    expect(asked).toBe(13);
  });

  it('after a sleep of the machine the first who asks waits for new keys', async () => {
    await get();
    sleep(56 * MIN);
    expect(held.peek(Date.now())).toBeNull();
    expect(await get()).toBe('AKIA2');
    sleep(3 * HOUR);
    expect(held.known(Date.now())).toBeNull();
    expect(await get()).toBe('AKIA3');
    expect(changes).toEqual(['rotated', 'expired', 'rotated']);
  });

  it('nobody has asked for a day: it is not renewed any more, until somebody does', async () => {
    await get();
    await later(26 * HOUR);
    const before = asked;
    await later(10 * HOUR);
    expect(asked).toBe(before);
    expect(await get()).toBe(`AKIA${before + 1}`);
  });

  it('a listener that looks at once sees what has become of the identity, and each change is told once', async () => {
    const seen: string[] = [];
    onNews = () => {
      if (changes.length < 20) seen.push(`${changes.at(-1)} ${idOf(held.peek(Date.now()))}`);
    };
    await get();
    await later(49 * MIN);
    sleep(3 * HOUR);
    await get();
    expect(changes).toEqual(['rotated', 'expired', 'rotated']);
    expect(seen).toEqual(['rotated AKIA2', 'expired nothing', 'rotated AKIA3']);
  });

  it('close ends the renewals', async () => {
    await get();
    held.close();
    await later(2 * HOUR);
    expect(asked).toBe(1);
  });
});

describe('"hand out the old one only if no better can be had and it has not expired"', () => {
  it('keys that are due stay in use while the source is away, and are reported over at their end', async () => {
    await get();
    life = 'fails';
    await later(50 * MIN);
    expect(await get()).toBe('AKIA1');
    await later(8 * MIN);
    expect(await get()).toBe('AKIA1');
    await later(3 * MIN);
    expect(changes.filter((change) => change !== 'renewal-failed')).toEqual(['expired']);
    expect(changes[0]).toBe('renewal-failed');
    expect(await get()).toBe('failed');
  });

  it('a source that is down is told from one that says no, with the time of the next attempt', async () => {
    await get();
    life = 'down';
    sleep(56 * MIN);
    await get();
    expect(await held.get(Date.now())).toMatchObject({
      kind: 'found',
      trouble: { detail: 'the source is down', retryAt: Date.now() + 10_000 },
    });
    await later(5 * MIN);
    expect(await held.get(Date.now())).toMatchObject({ kind: 'failed', retryAt: expect.any(Number) });
    life = 'fails';
    await later(MIN);
    expect(await held.get(Date.now())).not.toHaveProperty('retryAt');
  });

  it('an identity that is nowhere any more is down, until its files change; one that never was is none', async () => {
    life = 'none';
    expect(await get()).toBe('none');
    files = { config: '2' };
    life = HOUR;
    await get();
    life = 'none';
    sleep(56 * MIN);
    expect(await held.get(Date.now())).toMatchObject({
      kind: 'found',
      trouble: { retryAt: expect.any(Number), detail: expect.stringContaining('no instance metadata') },
    });
    await later(5 * MIN);
    expect(await held.get(Date.now())).toMatchObject({ kind: 'failed', retryAt: expect.any(Number) });
    await later(5 * MIN);
    expect(await held.get(Date.now())).toMatchObject({ kind: 'failed', retryAt: expect.any(Number) });
    files = { config: '3' };
    expect(await get()).toBe('none');
  });

  it('is asked with pauses that grow to a minute, whoever wants them', async () => {
    await get();
    life = 'fails';
    sleep(56 * MIN);
    for (let second = 0; second < 180; second += 1) {
      expect(await get()).toBe('AKIA1');
      await later(1_000);
    }
    // At 0, 10, 30, 70 and 130 seconds.
    expect(asked - 1).toBe(5);
  });

  it('a source whose keys always live three minutes is not asked for each request', async () => {
    life = 3 * MIN;
    for (let second = 0; second < 60; second += 1) {
      expect(await get()).toMatch(/^AKIA/);
      await later(1_000);
    }
    // At 0, 30 and 60 seconds.
    expect(asked).toBe(3);
  });

  it('the same keys again are no better ones', async () => {
    const same = { ...answer() };
    held.close();
    held = holdIdentity({
      ask: () => {
        asked += 1;
        return Promise.resolve({ outcome: same, files: new Map() });
      },
      fileState: () => '',
      clock: Date.now,
      random: () => 0.5,
      onChange: (change) => {
        changes.push(change);
        onNews();
      },
    });
    await get();
    sleep(HOUR - 4 * MIN);
    await get();
    await get();
    expect(asked).toBe(2);
    expect(changes).toEqual([]);
    sleep(4 * MIN);
    expect(await get()).toBe('failed');
  });
});

describe('"failures are remembered shortly, so that nobody hammers"', () => {
  it('a hundred who ask get one failure; ten seconds later it is tried again', async () => {
    life = 'fails';
    await Promise.all(Array.from({ length: 100 }, get));
    expect(await get()).toBe('failed');
    expect(asked).toBe(1);
    await later(10_000);
    life = HOUR;
    expect(await get()).toBe('AKIA2');
  });

  it('a changed file ends a failure and keys at once, and who waits for an old attempt gets the new one', async () => {
    life = 'fails';
    await get();
    life = HOUR;
    files = { config: '2' };
    expect(held.known(Date.now())).toBeNull();
    expect(await get()).toBe('AKIA2');
    files = { config: '3' };
    expect(await get()).toBe('AKIA3');
    expect(changes).toEqual(['rotated']);
  });

  it('a login file that changes ends a failed renewal, and not the keys that are still good', async () => {
    await get();
    files = { config: '1', login: 'a' };
    life = 'fails';
    sleep(49 * MIN);
    await get();
    await later(1);
    expect(asked).toBe(2);
    files = { config: '1', login: 'b' };
    expect(idOf(held.known(Date.now()))).toBe('AKIA1');
    expect(await get()).toBe('AKIA1');
    await later(1);
    expect(asked).toBe(3);
    files = { config: '2', login: 'b' };
    expect(held.known(Date.now())).toBeNull();
    expect(await get()).toBe('failed');
  });

  it('a look starts nothing while there are no keys', async () => {
    expect(held.peek(Date.now())).toBeNull();
    expect(held.known(Date.now())).toBeNull();
    life = 'fails';
    await get();
    expect(idOf(held.peek(Date.now()))).toBe('failed');
    await later(HOUR);
    expect(held.peek(Date.now())).toBeNull();
    expect(idOf(held.known(Date.now()))).toBe('failed');
    expect(asked).toBe(1);
  });
});
