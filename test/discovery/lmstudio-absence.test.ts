import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import type { EndpointReport } from '../../src/domain/runtime-state.ts';
import type { DiscoveryDeps } from '../../src/discovery/watcher.ts';
import { startFakeLmStudio } from '../helpers/fake-lmstudio.ts';
import { startFakeRuntime } from '../helpers/fake-runtime.ts';
import { freePort, only, startRig, stopLater, temporaryFolder } from './rig.ts';

const GREETING = 'GET /lmstudio-greeting';
const SERVER_OFF = 'LM Studio is running but its server is off: lms server start';

/** LM Studio itself, on a port of its own: it answers the greeting and nothing else. */
async function startApp() {
  return stopLater(
    await startFakeRuntime(({ route }) =>
      route === GREETING ? { body: { lmstudio: true } } : { status: 404, body: 'Not found' },
    ),
  );
}

/** Discovery where LM Studio is expected at `port` and may keep private ports. */
function startLmStudioRig(port: number, privatePorts: readonly number[], extra: Partial<DiscoveryDeps> = {}) {
  return startRig({ lmstudio: [port], 'lmstudio:private': privatePorts }, extra);
}

describe('"app runs, server is off"', () => {
  it('is said when a private port of LM Studio answers and its server does not; it stays down', async () => {
    const app = await startApp();
    const { discovery, readModels } = await startLmStudioRig(await freePort(), [await freePort(), app.port]);
    const endpoint = only(await discovery.scan());
    expect(endpoint).toMatchObject({ runtime: 'lmstudio', state: 'down', hint: SERVER_OFF, models: [] });
    expect(endpoint.evidence.at(-1)).toMatchObject({ request: `GET ${app.url}/lmstudio-greeting` });
    expect(await readModels()).toEqual({});
  });

  it('is not said by a program that only listens there', async () => {
    const other = stopLater(await startFakeRuntime(() => ({ body: { lmstudio: false } })));
    const { discovery } = await startLmStudioRig(await freePort(), [other.port]);
    expect(only(await discovery.scan()).hint).toBe('Start its server with: lms server start');
  });

  it('asks nothing while the server answers, even at another of its ports', async () => {
    const app = await startApp();
    const server = stopLater(await startFakeLmStudio());
    const home = await temporaryFolder();
    await writeNote(join(home, '.lmstudio', '.internal', 'http-server-config.json'), await freePort());
    const { discovery } = await startLmStudioRig(server.port, [app.port], { home });
    const { endpoints } = await discovery.scan();
    expect(endpoints.map(({ state }) => state).sort()).toEqual(['down', 'up']);
    expect(endpoints.map(hintOf)).not.toContain(SERVER_OFF);
    expect(app.requests).toEqual([]);
  });

  it.each([
    [
      'its note in its home',
      (path: string) => ({ home: path, file: '.lmstudio/.internal/http-server.json' }),
    ],
    ['the note that LMS_API_SERVER_INFO_PATH names', (path: string) => ({ home: path, file: 'info.json' })],
  ])('finds LM Studio by %s', async (_what, placeOf) => {
    const app = await startApp();
    const { home, file } = placeOf(await temporaryFolder());
    await writeNote(join(home, file), app.port);
    const env = file === 'info.json' ? { LMS_API_SERVER_INFO_PATH: join(home, file) } : {};
    const { discovery } = await startLmStudioRig(await freePort(), [], { home, env });
    expect(only(await discovery.scan()).hint).toBe(SERVER_OFF);
  });

  it('never asks another host that a note names', async () => {
    const app = await startApp();
    const home = await temporaryFolder();
    const note = JSON.stringify({ host: '192.0.2.1', port: app.port });
    await writeNote(join(home, '.lmstudio', '.internal', 'http-server.json'), app.port, note);
    const { discovery } = await startLmStudioRig(await freePort(), [], { home });
    expect(only(await discovery.scan()).hint).not.toBe(SERVER_OFF);
    expect(app.requests).toEqual([]);
  });

  it('is noticed by the watcher at a refresh, and taken back when LM Studio ends', async () => {
    const app = await startApp();
    await app.stop();
    const intervals = { tickMs: 20, refreshMs: 40, missMs: 5 };
    const { discovery } = await startLmStudioRig(await freePort(), [app.port], { intervals });
    await discovery.scan();
    discovery.start();
    onTestFinished(() => discovery.close());
    await app.restart();
    await vi.waitFor(() => expect(only(discovery.report()).hint).toBe(SERVER_OFF), 15_000);
    await app.stop();
    await vi.waitFor(() => expect(only(discovery.report()).hint).not.toBe(SERVER_OFF), 15_000);
  });
});

async function writeNote(path: string, port: number, text = JSON.stringify({ port })): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, text);
}

function hintOf({ hint }: EndpointReport): string | undefined {
  return hint;
}
