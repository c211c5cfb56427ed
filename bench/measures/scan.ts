/** A scan of 20 endpoints with 500 models each, against asking the same endpoints for their lists and no more. */
import { rm } from 'node:fs/promises';
import { get } from 'node:http';
import { join } from 'node:path';
import { createModelsJsonFile } from '../../src/discovery/models-json.ts';
import { createDiscovery } from '../../src/discovery/watcher.ts';
import { systemClock } from '../../src/platform/clock.ts';
import { readTextFile } from '../../src/platform/files.ts';
import { silentLogger } from '../../src/platform/logger.ts';
import { startFleet } from '../fake-fleet.ts';
import type { Measure } from '../measure.ts';
import { makeFolder } from '../sidecars.ts';
import { interleave, median, perRound } from '../statistics.ts';

const ENDPOINTS = 20;
const MODELS = 500;

interface ScanTimes {
  readonly firstMs: number;
  readonly repeatedMs: number;
}

export const scan: Measure = {
  name: 'scan',
  title: `Scan of ${ENDPOINTS} endpoints with ${MODELS} models each`,
  needsProc: false,
  async run({ quick, scope }) {
    const rounds = quick ? 3 : 9;
    const { ollama: ports } = await startFleet(scope, { ollamas: ENDPOINTS, models: MODELS, lmstudios: 0 });
    const home = await makeFolder(scope);
    const timeScans = () => timeBothScans(home, ports);
    const timeLists = () => timePlainLists(ports);
    await interleave(1, timeScans, timeLists);
    const run = await interleave(rounds, timeScans, timeLists);
    const figure = (what: string, of: (times: ScanTimes) => number) => ({
      what,
      value: median(run.ours.map(of)),
      unit: 'ms' as const,
      rival: { what: 'the lists alone', value: median(run.rival) },
      comparison: { by: 'ratio' as const, value: median(perRound(run, (times, plain) => of(times) / plain)) },
      rounds,
    });
    return [
      {
        ...figure('first scan', ({ firstMs }) => firstMs),
        note: `identified, ${ENDPOINTS * MODELS} models listed, models.json written, up to a second of it for questions about single models; the rival fetches and parses the lists`,
      },
      figure('repeated scan', ({ repeatedMs }) => repeatedMs),
    ];
  },
};

async function timeBothScans(home: string, ports: readonly number[]): Promise<ScanTimes> {
  const path = join(home, 'models.json');
  await rm(path, { force: true });
  const discovery = createDiscovery({
    env: {},
    home,
    clock: systemClock,
    log: silentLogger,
    readTextFile,
    defaultPorts: { ollama: ports, lmstudio: [] },
    modelsJson: createModelsJsonFile({ path, clock: systemClock, log: silentLogger }),
  });
  const timeOne = async (): Promise<number> => {
    const startedAt = performance.now();
    const { endpoints } = await discovery.scan();
    const elapsedMs = performance.now() - startedAt;
    const found = endpoints.reduce((sum, { models }) => sum + models.length, 0);
    if (found !== ENDPOINTS * MODELS) throw new Error(`The scan found ${found} models`);
    return elapsedMs;
  };
  try {
    return { firstMs: await timeOne(), repeatedMs: await timeOne() };
  } finally {
    await discovery.close();
  }
}

async function timePlainLists(ports: readonly number[]): Promise<number> {
  const startedAt = performance.now();
  await Promise.all(ports.map(fetchList));
  return performance.now() - startedAt;
}

function fetchList(port: number): Promise<unknown> {
  return new Promise((resolve, reject) => {
    get({ host: '127.0.0.1', port, path: '/api/tags', agent: false }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () => resolve(JSON.parse(Buffer.concat(chunks).toString('utf8'))));
      response.on('error', reject);
    }).on('error', reject);
  });
}
