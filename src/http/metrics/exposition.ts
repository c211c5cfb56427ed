/** Figures in the text form of Prometheus. Loaded when somebody asks for them, and not before. */
import { Counter, Gauge, Registry } from 'prom-client';
import { DURATION_BOUNDS, type DurationCounts } from './durations.ts';
import { FAMILIES, type Family, RESOLVE_DURATION } from './families.ts';
import type { Figures, MetricsText } from './figures.ts';

/** The text of `/metrics`. Each call has a registry of its own: nothing is left over from one to the next. */
export async function toMetricsText(figures: Figures): Promise<MetricsText> {
  const registry = new Registry();
  for (const family of FAMILIES) register(registry, family, figures);
  const text = await registry.metrics();
  return { type: registry.contentType, text: `${text}\n${histogramText(figures.resolveDurations)}` };
}

function register(registry: Registry, { name, help, kind, labels, read }: Family, figures: Figures): void {
  const settings = { name, help, labelNames: [...labels], registers: [registry] };
  const metric = kind === 'counter' ? new Counter(settings) : new Gauge(settings);
  for (const { values, count } of read(figures)) {
    const named = Object.fromEntries(labels.map((label, index) => [label, values[index] ?? '']));
    metric.inc(named, count);
  }
}

/** The library takes single observations only; these were counted as they happened. */
function histogramText({ upTo, totalSeconds }: DurationCounts): string {
  const { name, help } = RESOLVE_DURATION;
  const bounds = [...DURATION_BOUNDS, '+Inf'];
  return [
    `# HELP ${name} ${help}`,
    `# TYPE ${name} histogram`,
    ...bounds.map((bound, index) => `${name}_bucket{le="${bound}"} ${upTo[index] ?? 0}`),
    `${name}_sum ${totalSeconds}`,
    `${name}_count ${upTo.at(-1) ?? 0}`,
    '',
  ].join('\n');
}
