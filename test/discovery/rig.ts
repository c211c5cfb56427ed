/** Discovery over chosen ports, with a temporary home and folder, closed and removed at the end of a test. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { RUNTIME_IDS } from '../../src/domain/provider-id.ts';
import type { DiscoveryReport, EndpointReport } from '../../src/domain/runtime-state.ts';
import { createModelsJsonFile } from '../../src/discovery/models-json.ts';
import { createDiscovery, type Discovery, type DiscoveryDeps } from '../../src/discovery/watcher.ts';
import { readTextFile } from '../../src/platform/files.ts';
import { startFakeRuntime } from '../helpers/fake-runtime.ts';

/** One log line. */
export interface LogLine {
  readonly level: string;
  readonly message: string;
}

/** A log that remembers. */
export function recordingLog() {
  const lines: LogLine[] = [];
  const at = (level: string) => (message: string) => void lines.push({ level, message });
  return { lines, log: { debug: at('debug'), info: at('info'), warn: at('warn') } };
}

/** A temporary folder that is removed at the end of the test. */
export async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'discovery-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** Stops something at the end of the test. */
export function stopLater<T extends { stop(): Promise<void> }>(fake: T): T {
  onTestFinished(() => fake.stop());
  return fake;
}

/** A port at which nothing listens. */
export async function freePort(): Promise<number> {
  const fake = await startFakeRuntime(() => ({}));
  await fake.stop();
  return fake.port;
}

/** No runtime's own default ports are looked at: another program of this machine may listen there. */
const NO_PORTS = Object.fromEntries(RUNTIME_IDS.map((id) => [id, []]));

/** Discovery that looks at the given ports only, with models.json in a folder of its own. */
export async function startRig(
  ports: Readonly<Record<string, readonly number[]>>,
  extra: Partial<DiscoveryDeps> = {},
) {
  const folder = await temporaryFolder();
  const { lines, log } = recordingLog();
  const path = join(folder, 'sidecar', 'models.json');
  const clock = Date.now;
  const modelsJson = createModelsJsonFile({ path, clock, log });
  const discovery: Discovery = createDiscovery({
    env: {},
    home: join(folder, 'home'),
    clock,
    log,
    readTextFile,
    defaultPorts: { ...NO_PORTS, ...ports },
    modelsJson,
    ...extra,
  });
  onTestFinished(() => discovery.close());
  return { discovery, path, folder, lines, readModels: () => readProviders(path) };
}

/** The providers of a models.json, as plain data; undefined without a file. */
async function readProviders(path: string): Promise<Record<string, unknown> | undefined> {
  const file = await readTextFile(path);
  if (file.kind !== 'text') return undefined;
  const parsed: { providers: Record<string, unknown> } = JSON.parse(file.text);
  return parsed.providers;
}

/** The one endpoint of a report. */
export function only({ endpoints }: DiscoveryReport): EndpointReport {
  const [endpoint] = endpoints;
  if (endpoint === undefined || endpoints.length !== 1) throw new Error(`${endpoints.length} endpoints`);
  return endpoint;
}
