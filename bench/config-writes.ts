/** Writes of an operator's config, for measures of how soon they count: what is written, how, and a bare rival. */
import { watch } from 'node:fs';
import { rename, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import type { Figure } from './measure.ts';
import type { Scope } from './scope.ts';
import { CONFIG_FILE, type MeasuredSidecar } from './sidecars.ts';
import { interleave, median, perRound } from './statistics.ts';

/** Between two writes, so that each is seen by itself, in milliseconds. */
const PAUSE_MS = 150;

/** Most that a write may take to count, in milliseconds: the goal of each of these measures. */
export const GOAL = { of: 'value', sense: 'at-most', limit: 100 } as const;

/** One write. */
export interface TimedWrite {
  /** Until it counted, in milliseconds. */
  readonly ourMs: number;
  /** Until the operating system told a plain watcher in this process, in milliseconds. */
  readonly eventMs: number;
}

/**
 * Writes the config of a sidecar again and again, replaced as a careful program does it, and in place as many
 * editors do it.
 *
 * @param time writes, and says by `since` how long after that the base URL counted
 */
export async function timeWrites(
  scope: Scope,
  { home }: MeasuredSidecar,
  rounds: number,
  time: (baseUrl: string, write: () => Promise<void>, since: () => number) => Promise<number>,
): Promise<{ readonly replaced: readonly TimedWrite[]; readonly inPlace: readonly TimedWrite[] }> {
  const path = join(home, CONFIG_FILE);
  const nextEvent = watchFolder(scope, path);
  let turn = 0;
  const timeOne = async (write: (text: string) => Promise<void>): Promise<TimedWrite> => {
    await wait(PAUSE_MS);
    turn += 1;
    const baseUrl = baseUrlOf(turn);
    const text = JSON.stringify(configWith(baseUrl));
    const startedAt = performance.now();
    const since = (): number => performance.now() - startedAt;
    const event = nextEvent().then(since);
    const ourMs = await time(baseUrl, () => write(text), since);
    return { ourMs, eventMs: await event };
  };
  const run = await interleave(
    rounds,
    () => timeOne((text) => replaceFile(path, text)),
    () => timeOne((text) => writeFile(path, text)),
  );
  return { replaced: run.ours, inPlace: run.rival };
}

/** The median of the writes, against the bare file event. */
export function medianOf(what: string, writes: readonly TimedWrite[]): Figure {
  const ours = writes.map(({ ourMs }) => ourMs);
  const rival = writes.map(({ eventMs }) => eventMs);
  return {
    what: `${what}, median`,
    value: median(ours),
    unit: 'ms',
    rival: { what: 'bare file event', value: median(rival) },
    comparison: { by: 'difference', value: median(perRound({ ours, rival }, (a, b) => a - b)) },
    goal: GOAL,
    rounds: writes.length,
  };
}

/** The base URL that tells one state of the config from the next. */
export function baseUrlOf(turn: number): string {
  return `https://api-${turn}.acme.example/v1`;
}

/** A config with one provider, `acme`, at this base URL. */
export function configWith(baseUrl: string): object {
  const models = [{ id: 'kimi-k2.5', name: 'Kimi K2.5', contextWindow: 256_000, maxTokens: 8_192 }];
  const acme = { baseUrl, api: 'openai-completions', apiKey: 'bench-key-0123456789', models };
  return { agents: { defaults: { model: 'acme/kimi-k2.5' } }, models: { providers: { acme } } };
}

/** Replaces the file as a careful program does it. */
async function replaceFile(path: string, text: string): Promise<void> {
  await writeFile(`${path}.new`, text, { mode: 0o600 });
  await rename(`${path}.new`, path);
}

/** Watches the folder of a file with nothing but the platform's own means. */
function watchFolder(scope: Scope, path: string): () => Promise<void> {
  let told: () => void = () => undefined;
  const folder = watch(dirname(path), (_event, name) => {
    if (name === basename(path)) told();
  });
  scope.onClose(() => folder.close());
  return () =>
    new Promise((resolve) => {
      told = resolve;
    });
}
