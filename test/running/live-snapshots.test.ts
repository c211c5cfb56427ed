/** What a running server knows changes as a whole: models.json and the report that it was written from. */
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { expect, it, onTestFinished, vi } from 'vitest';
import type { Discovery } from '../../src/discovery/watcher.ts';
import { type DiscoveryReport, NOTHING_SCANNED } from '../../src/domain/runtime-state.ts';
import { createLiveSnapshots } from '../../src/running/live-snapshots.ts';
import { silentLogger } from '../../src/platform/logger.ts';
import { prepare } from '../../src/preparation/preparation.ts';
import type { Snapshot } from '../../src/resolution/snapshot.ts';
import { NOW } from '../helpers/snapshot-fixture.ts';
import { tempFolder } from '../platform/temp-folder.ts';

/** Discovery that has found what the test says. */
function discoveryOf(inStep: () => Promise<DiscoveryReport>): Discovery {
  return {
    scan: inStep,
    recheck: inStep,
    report: () => NOTHING_SCANNED,
    inStep,
    scanTimes: () => ({ count: 0, totalMs: 0, lastMs: 0 }),
    writeProblem: () => null,
    movedAside: () => null,
    start: () => undefined,
    onChange: () => () => undefined,
    close: () => Promise.resolve(),
  };
}

const reportOf = (state: 'up' | 'down'): DiscoveryReport => ({
  ...NOTHING_SCANNED,
  endpoints: [
    {
      url: 'http://127.0.0.1:11434',
      runtime: 'ollama',
      provider: 'ollama',
      version: null,
      state,
      since: '2026-01-01T00:00:00.000Z',
      models: [],
      evidence: [],
    },
  ],
});
const entry = { baseUrl: 'http://127.0.0.1:11434/v1', api: 'openai-completions', auth: 'none', models: [] };
const writtenFor = (state: 'up' | 'down'): string =>
  JSON.stringify({ providers: state === 'up' ? { ollama: entry } : {} });

/** The two halves of what a snapshot says of the runtime. */
const halvesOf = ({ providers, discovery }: Snapshot) => ({
  isWritten: providers.byId.get('ollama')?.origin === 'models.json',
  state: discovery.endpoints[0]?.state,
});

it('models.json that is noticed before the report it was written from waits for it: "one atomic swap"', async () => {
  const home = await tempFolder();
  const path = join(home, '.clawdbot/sidecar/models.json');
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  await writeFile(path, writtenFor('up'));
  const surroundings = { env: {}, home, cwd: home, clock: () => NOW, log: silentLogger };
  const prepared = await prepare(surroundings, { flags: {}, scan: 'none' });
  if (prepared.kind === 'refused') throw new Error(prepared.problem.detail);
  const { fixed, inputs, snapshot: first } = prepared;

  let report = Promise.resolve(reportOf('up'));
  let asked = 0;
  const taken: Snapshot[] = [];
  const live = createLiveSnapshots({
    fixed,
    inputs,
    first,
    discovery: discoveryOf(() => {
      asked += 1;
      return report;
    }),
    log: silentLogger,
    reloadSettings: () => Promise.resolve({ kind: 'loaded', defaultModelWish: null }),
    onSnapshot: (snapshot) => taken.push(snapshot),
  });
  onTestFinished(() => live.close());
  await live.settled();
  expect(halvesOf(live.current())).toEqual({ isWritten: true, state: 'up' });

  taken.length = 0;
  const askedBefore = asked;
  let finishWriting: (found: DiscoveryReport) => void = () => undefined;
  report = new Promise((resolve) => {
    finishWriting = resolve;
  });
  await writeFile(path, writtenFor('down'));
  await vi.waitFor(() => expect(asked).toBeGreaterThan(askedBefore), { timeout: 15_000 });
  expect(halvesOf(live.current())).toEqual({ isWritten: true, state: 'up' });
  finishWriting(reportOf('down'));
  await live.settled();
  expect(taken.map(halvesOf)).toEqual([{ isWritten: false, state: 'down' }]);
});
