import { mkdir, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { LookupFunction } from 'node:net';
import { describe, expect, it, vi } from 'vitest';
import { createSocket } from 'node:dgram';
import type { CandidateSettings } from '../../src/discovery/announcements.ts';
import { createModelsJsonFile } from '../../src/discovery/models-json.ts';
import { startFakeOllama } from '../helpers/fake-ollama.ts';
import { announcement, fakeMdns } from './fake-mdns.ts';
import { freePort, startRig, stopLater } from './rig.ts';

const mdns = { enabled: true, serviceTypes: ['_ollama._tcp'] };

/** A perfect Ollama on a host of the network, whose name leads to this machine for this test alone. */
async function lanHost() {
  const fake = stopLater(await startFakeOllama({ models: [{ name: 'llama3:chat' }] }));
  const network = fakeMdns((socket) => socket.answer(announcement('box.local', fake.port)));
  const candidates: CandidateSettings = { mdns, openMdnsSocket: async () => network.socket };
  const looked: string[] = [];
  const lookup: LookupFunction = (host, options, done) => {
    looked.push(host);
    if (options.all === true) done(null, [{ address: '127.0.0.1', family: 4 }]);
    else done(null, '127.0.0.1', 4);
  };
  return { fake, network, candidates, lookup, looked, url: `http://box.local:${fake.port}` };
}

describe('candidates', () => {
  it('"a spoofed mDNS record for a LAN host never reaches models.json, not even when it answers perfectly"', async () => {
    const { fake, candidates, lookup, looked, url } = await lanHost();
    const { discovery, readModels } = await startRig(
      {},
      { candidates, lookup, intervals: { tickMs: 10, refreshMs: 30 } },
    );
    const report = await discovery.scan({ explicit: true });
    expect(report.candidates).toEqual([
      {
        url,
        runtime: 'ollama',
        foundBy: 'mDNS _ollama._tcp "box"',
        hint: expect.stringContaining(`discovery: { trust: ["${url}"] }`),
        announced: true,
      },
    ]);
    discovery.start();
    await discovery.recheck();
    expect(discovery.report().endpoints).toEqual([]);
    expect(await readModels()).toEqual({});
    expect(fake.requests).toEqual([]);
    expect(looked).toEqual([]);
  });

  it('a spoofed record does not have an entry of the operator for that host removed', async () => {
    const { candidates, lookup, url } = await lanHost();
    const { discovery, readModels, path } = await startRig({}, { candidates, lookup });
    const entry = { baseUrl: `${url}/v1`, api: 'openai-completions', auth: 'none', models: [] };
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, JSON.stringify({ providers: { ollama: entry } }));
    await discovery.scan();
    expect(discovery.report().candidates).toHaveLength(1);
    expect(await readModels()).toEqual({ ollama: entry });
  });

  it('"trusted in the settings it does", verified like any other, and the report says by which setting', async () => {
    const { candidates, lookup, url } = await lanHost();
    const { discovery, readModels } = await startRig({}, { candidates, lookup, trust: [url] });
    const report = await discovery.scan();
    expect(report.candidates).toEqual([]);
    expect(report.endpoints).toMatchObject([
      { url, runtime: 'ollama', provider: 'ollama', state: 'up', trustedBy: 'discovery.trust' },
    ]);
    expect(await readModels()).toMatchObject({ ollama: { baseUrl: `${url}/v1`, auth: 'none' } });
  });

  it('"only the same host is trusted": without its trust an entry goes, and the local runtime has the id', async () => {
    const { candidates, lookup, url } = await lanHost();
    const first = await startRig({}, { candidates, lookup, trust: [url] });
    await first.discovery.scan();
    expect(await first.readModels()).toHaveProperty('ollama.baseUrl', `${url}/v1`);
    const local = stopLater(await startFakeOllama({ models: [{ name: 'llama3:chat' }] }));
    const modelsJson = createModelsJsonFile({
      path: first.path,
      clock: Date.now,
      log: { warn: () => undefined },
    });
    const { discovery } = await startRig({ ollama: [local.port] }, { candidates, lookup, modelsJson });
    await discovery.scan();
    const localUrl = `http://127.0.0.1:${local.port}/v1`;
    expect(await first.readModels()).toMatchObject({ ollama: { baseUrl: localUrl } });
    await local.stop();
    await discovery.scan();
    expect(await first.readModels()).toEqual({});
  });

  it("a candidate's entry that the operator wrote is his: it stays, and so does its id", async () => {
    const local = stopLater(await startFakeOllama({ models: [{ name: 'llama3:chat' }] }));
    const url = 'http://192.0.2.2:11434';
    const { discovery, readModels, path } = await startRig(
      { ollama: [local.port] },
      { env: { OLLAMA_HOST: url } },
    );
    const entry = { baseUrl: `${url}/v1`, api: 'openai-completions', auth: 'none', models: [] };
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, JSON.stringify({ providers: { ollama: entry } }));
    const report = await discovery.scan();
    expect(report.candidates).toMatchObject([{ url }]);
    expect(Object.keys((await readModels()) ?? {})).toEqual(['ollama', `ollama-${local.port}`]);
    expect(await readModels()).toMatchObject({ ollama: entry });
  });

  it('a trusted host that is another program is not written', async () => {
    const { fake, candidates, lookup, url } = await lanHost();
    fake.setFault('html');
    const { discovery, readModels } = await startRig({}, { candidates, lookup, trust: [url] });
    expect((await discovery.scan()).endpoints).toMatchObject([{ state: 'wrong-service' }]);
    expect(await readModels()).toEqual({});
  });

  it('"off by default": no socket is opened, and a switched-off browser neither', async () => {
    let opened = 0;
    const openMdnsSocket = async () => {
      opened += 1;
      return fakeMdns().socket;
    };
    for (const candidates of [{ openMdnsSocket }, { openMdnsSocket, mdns: { ...mdns, enabled: false } }]) {
      const { discovery } = await startRig({}, { candidates });
      await discovery.scan();
    }
    expect(opened).toBe(0);
  });

  it('a host that appears while watching is shown at the next refresh; the socket closes with discovery', async () => {
    const network = fakeMdns();
    const { discovery } = await startRig(
      {},
      {
        candidates: { mdns, openMdnsSocket: async () => network.socket },
        intervals: { tickMs: 60_000, refreshMs: 20 },
      },
    );
    await discovery.scan();
    discovery.start();
    const seen: number[] = [];
    discovery.onChange(({ candidates }) => seen.push(candidates.length));
    network.answer(announcement('box.local', 80, '192.0.2.7'));
    await vi.waitFor(() => expect(seen).toEqual([1]), 15_000);
    await discovery.close();
    expect(network.isClosed()).toBe(true);
  });

  it('a socket that cannot be had is one warning, and the scan goes on', async () => {
    const fake = stopLater(await startFakeOllama({ models: [{ name: 'a:latest' }] }));
    const openMdnsSocket = () => Promise.reject(new Error('no multicast here'));
    const { discovery, lines } = await startRig(
      { ollama: [fake.port] },
      { candidates: { mdns, openMdnsSocket } },
    );
    expect((await discovery.scan()).endpoints).toMatchObject([{ state: 'up' }]);
    await discovery.scan();
    expect(lines.filter(({ level }) => level === 'warn')).toEqual([
      { level: 'warn', message: 'mDNS cannot be heard: no multicast here' },
    ]);
  });

  it("Lemonade's beacon from this machine says nothing about this machine", async () => {
    const beaconPort = await freePort();
    const { discovery } = await startRig({}, { candidates: { beacon: true, beaconPort } });
    const socket = createSocket('udp4');
    const message = JSON.stringify({ service: 'lemonade', hostname: 'h', url: 'http://127.0.0.1:22/' });
    const scanned = discovery.scan();
    socket.send(message, beaconPort, '127.0.0.1');
    const report = await scanned;
    await new Promise<void>((resolve) => {
      socket.close(resolve);
    });
    expect(report).toMatchObject({ endpoints: [], candidates: [] });
  });
});
