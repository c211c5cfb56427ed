/** What is counted, and the form in which it is told: exact, bounded, without secrets. */
import { describe, expect, it } from 'vitest';
import type { ResolutionOutcome } from '../../../src/domain/auth.ts';
import { NOTHING_SCANNED } from '../../../src/domain/runtime-state.ts';
import { createDurations, DURATION_BOUNDS } from '../../../src/http/metrics/durations.ts';
import { FAMILIES, RESOLVE_DURATION } from '../../../src/http/metrics/families.ts';
import { createMetrics, type Metrics, type MetricSources } from '../../../src/http/metrics/metrics.ts';
import { createTally } from '../../../src/http/metrics/tally.ts';
import { readProcessFigures } from '../../../src/platform/process-figures.ts';
import { resolve } from '../../../src/resolution/resolve.ts';
import { snapshotOf } from '../../helpers/snapshot-fixture.ts';

const snapshot = await snapshotOf({ env: { OPENAI_API_KEY: 'canary-key-0123456789' } });

function metricsOf(sources: Partial<MetricSources> = {}): Metrics {
  return createMetrics({
    snapshot: () => snapshot,
    discovery: () => NOTHING_SCANNED,
    health: () =>
      Promise.resolve({ status: 'degraded', revision: 1, defaultModel: null, findings: [], endpoints: [] }),
    scans: () => ({ count: 2, totalMs: 3_000, lastMs: 500 }),
    readers: () => 3,
    process: readProcessFigures,
    version: '1.2.3',
    clock: () => 1_000,
    timer: () => 0,
    ...sources,
  });
}

const resolving = (request: { model?: string; provider?: string }): Promise<ResolutionOutcome> =>
  resolve(snapshot, request, 1_000);

/** The values of a metric: labels as they are written → number. */
async function valuesOf(metrics: Metrics, name: string): Promise<Record<string, number>> {
  const { text } = await metrics.text();
  const lines = text.split('\n').filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `));
  return Object.fromEntries(
    lines.map((line) => {
      const at = line.lastIndexOf(' ');
      return [line.slice(name.length, at), Number(line.slice(at + 1))];
    }),
  );
}

describe('what is counted', () => {
  it('resolutions by provider, mode and outcome; a provider that nobody defines is "other"', async () => {
    const metrics = metricsOf();
    metrics.resolved(await resolving({ provider: 'openai' }), 0, false);
    metrics.resolved(await resolving({ provider: 'openai' }), 0, true);
    metrics.resolved(await resolving({ model: 'anthropic/claude-opus-4-5' }), 0, false);
    metrics.resolved(await resolving({ model: 'canary-in-a-request/x' }), 0, false);
    expect(await valuesOf(metrics, 'provider_sidecar_resolutions_total')).toEqual({
      '{provider="openai",mode="api-key",outcome="resolved"}': 2,
      '{provider="anthropic",mode="unresolved",outcome="no-auth"}': 1,
      '{provider="other",mode="unresolved",outcome="unknown-provider"}': 1,
    });
    expect(await valuesOf(metrics, 'provider_sidecar_resolve_cache_hits_total')).toEqual({ '': 1 });
    expect((await metrics.text()).text).not.toContain('canary');
  });

  it('how long an answer took, as a histogram', async () => {
    let now = 0;
    const metrics = metricsOf({ timer: () => now });
    const outcome = await resolving({ provider: 'openai' });
    for (const ms of [0.05, 0.09, 0.2, 60_000]) {
      const began = metrics.timer();
      now += ms;
      metrics.resolved(outcome, began, false);
    }
    const { name } = RESOLVE_DURATION;
    const buckets = await valuesOf(metrics, `${name}_bucket`);
    expect(Object.keys(buckets)).toEqual([...DURATION_BOUNDS, '+Inf'].map((bound) => `{le="${bound}"}`));
    expect(buckets).toMatchObject({
      '{le="0.0001"}': 2,
      '{le="0.0005"}': 3,
      '{le="5"}': 3,
      '{le="+Inf"}': 4,
    });
    expect((await valuesOf(metrics, `${name}_count`))['']).toBe(4);
    expect((await valuesOf(metrics, `${name}_sum`))['']).toBeCloseTo(60.000_34, 6);
  });

  it('refreshes, refused credentials and logins, as the events tell them', async () => {
    const metrics = metricsOf();
    const credential = {
      kind: 'credential',
      provider: 'openai',
      profileId: 'openai:a',
      source: 's',
    } as const;
    metrics.onEvent({ ...credential, change: 'rotated' });
    metrics.onEvent({ ...credential, change: 'rotated' });
    metrics.onEvent({ ...credential, change: 'reauth-required' });
    metrics.onEvent({ ...credential, change: 'rejected' });
    metrics.onEvent({ kind: 'login', loginId: 'l', provider: 'anthropic', state: 'pending' });
    metrics.onEvent({ kind: 'login', loginId: 'l', provider: 'anthropic', state: 'complete' });
    metrics.onEvent({ kind: 'login', loginId: 'l', provider: 'canary', state: 'failed' });
    metrics.onEvent({ kind: 'setup', provider: 'openai' });
    expect(await valuesOf(metrics, 'provider_sidecar_credential_refreshes_total')).toEqual({
      '{provider="openai",outcome="rotated"}': 2,
      '{provider="openai",outcome="reauth-required"}': 1,
    });
    expect(await valuesOf(metrics, 'provider_sidecar_credential_rejections_total')).toEqual({
      '{provider="openai"}': 1,
    });
    expect(await valuesOf(metrics, 'provider_sidecar_logins_total')).toEqual({
      '{provider="anthropic",outcome="complete"}': 1,
      '{provider="other",outcome="failed"}': 1,
    });
  });

  it('requests that the guard refused, by code', async () => {
    const metrics = metricsOf();
    metrics.refused('unauthorized');
    metrics.refused('unauthorized');
    metrics.refused('bad-request');
    expect(await valuesOf(metrics, 'provider_sidecar_requests_refused_total')).toEqual({
      '{code="unauthorized"}': 2,
      '{code="bad-request"}': 1,
    });
  });

  it('the state of runtimes, scans, readers, snapshot, health and process', async () => {
    let now = 1_000;
    const endpoint = {
      url: 'http://127.0.0.1:1',
      provider: null,
      version: null,
      since: '',
      models: [],
      evidence: [],
    };
    const metrics = metricsOf({
      clock: () => now,
      discovery: () => ({
        ...NOTHING_SCANNED,
        endpoints: [
          { ...endpoint, runtime: 'ollama', state: 'up' },
          { ...endpoint, runtime: 'ollama', state: 'up' },
          { ...endpoint, runtime: null, state: 'wrong-service' },
        ],
      }),
    });
    now += 2_500;
    expect(await valuesOf(metrics, 'provider_sidecar_endpoints')).toEqual({
      '{runtime="ollama",state="up"}': 2,
      '{runtime="other",state="wrong-service"}': 1,
    });
    expect(await valuesOf(metrics, 'provider_sidecar_scans_total')).toEqual({ '': 2 });
    expect(await valuesOf(metrics, 'provider_sidecar_scan_seconds_total')).toEqual({ '': 3 });
    expect(await valuesOf(metrics, 'provider_sidecar_last_scan_seconds')).toEqual({ '': 0.5 });
    expect(await valuesOf(metrics, 'provider_sidecar_event_readers')).toEqual({ '': 3 });
    expect(await valuesOf(metrics, 'provider_sidecar_snapshot_revision')).toEqual({ '': snapshot.revision });
    expect(await valuesOf(metrics, 'provider_sidecar_snapshot_age_seconds')).toEqual({ '': 2.5 });
    metrics.snapshotTaken();
    expect(await valuesOf(metrics, 'provider_sidecar_snapshot_age_seconds')).toEqual({ '': 0 });
    expect(await valuesOf(metrics, 'provider_sidecar_health')).toEqual({
      '{status="ok"}': 0,
      '{status="degraded"}': 1,
      '{status="failing"}': 0,
      '{status="unvalidated"}': 0,
    });
    expect((await valuesOf(metrics, 'process_resident_memory_bytes'))['']).toBeGreaterThan(1e6);
  });
});

describe('the text', () => {
  it('is in the form that Prometheus reads: each metric once, with help and kind before its values', async () => {
    const { type, text } = await metricsOf().text();
    expect(type).toBe('text/plain; version=0.0.4; charset=utf-8');
    expect(text.endsWith('\n')).toBe(true);
    const lines = text.split('\n').filter((line) => line !== '');
    const value = /^[a-z_]+(?:\{(?:[a-z]+="[^"\\\n]*",?)+\})? -?\d+(?:\.\d+)?(?:e[+-]?\d+)?$/;
    expect(lines.filter((line) => !line.startsWith('# ') && !value.test(line))).toEqual([]);
    const kinds = lines.flatMap((line) => /^# TYPE (\S+ \S+)$/.exec(line)?.[1] ?? []);
    expect(kinds).toEqual([...FAMILIES, RESOLVE_DURATION].map(({ name, kind }) => `${name} ${kind}`));
  });
});

describe('bounds', () => {
  it('a tally tells a limited number of combinations apart, and loses no count', () => {
    const tally = createTally();
    for (let index = 0; index < 5_000; index += 1) tally.add(`id-${index}`, 'x');
    const counts = tally.read();
    expect(counts.length).toBeLessThanOrEqual(2_001);
    expect(counts.reduce((sum, { count }) => sum + count, 0)).toBe(5_000);
    expect(counts.at(-1)?.values).toEqual(['other', 'other']);
  });

  it('a counter that is kept counts into the same series', () => {
    const tally = createTally();
    const count = tally.counter('a', 'x');
    count();
    tally.add('a', 'x');
    tally.counter('a', 'x')();
    expect(tally.read()).toEqual([{ values: ['a', 'x'], count: 3 }]);
  });

  it('durations above the last bound are counted too', () => {
    const durations = createDurations();
    durations.add(1_000);
    expect(durations.read().upTo.slice(-2)).toEqual([0, 1]);
  });
});
