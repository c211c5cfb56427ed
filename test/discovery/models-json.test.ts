import { rmSync } from 'node:fs';
import { chmod, mkdir, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { NO_COST } from '../../src/domain/provider.ts';
import type { DiscoveryReport, EndpointReport } from '../../src/domain/runtime-state.ts';
import { createModelsJsonFile, mergeModelsJson } from '../../src/discovery/models-json.ts';
import { recordingLog, temporaryFolder } from './rig.ts';

const AT = '2026-11-22T00:00:00.000Z';

function endpoint(more: Partial<EndpointReport> = {}): EndpointReport {
  return {
    url: 'http://127.0.0.1:11434',
    runtime: 'ollama',
    provider: 'ollama',
    version: '0.32.7',
    state: 'up',
    since: AT,
    models: [
      {
        id: 'llama3:chat',
        name: 'llama3:chat',
        reasoning: false,
        input: ['text'],
        cost: NO_COST,
        contextWindow: 32_768,
        contextWindowSource: 'configured',
        maxContextWindow: 131_072,
        maxTokens: 8_192,
      },
    ],
    evidence: [],
    ...more,
  };
}

const reportOf = (...endpoints: EndpointReport[]): DiscoveryReport => ({
  scannedAt: AT,
  endpoints,
  candidates: [],
  leftOut: [],
});
const nothing = reportOf();
const quiet = { explicit: false, claims: new Map<string, string>() };
const asked = { ...quiet, explicit: true };
const up = reportOf(endpoint());

function providersAfter(current: string | null, report: DiscoveryReport): Record<string, unknown> {
  const parsed: { providers: Record<string, unknown> } = JSON.parse(mergeModelsJson(current, report).text);
  return parsed.providers;
}

const fileWith = (providers: object) => JSON.stringify({ providers });
const own = { baseUrl: 'http://127.0.0.1:11434/v1', api: 'openai-completions', auth: 'none', models: [] };

describe('models.json', () => {
  it('has the shape {"generatedBy", "providers"}, two spaces and a final newline', () => {
    const { text } = mergeModelsJson(null, up);
    expect(
      text.startsWith('{\n  "generatedBy": "provider-sidecar",\n  "providers": {\n    "ollama": {\n'),
    ).toBe(true);
    expect(text.endsWith('}\n')).toBe(true);
    expect(text).not.toMatch(/apiKey/i);
  });

  it('"a model row is complete"', () => {
    expect(providersAfter(null, up)).toEqual({
      ollama: {
        baseUrl: 'http://127.0.0.1:11434/v1',
        api: 'openai-completions',
        auth: 'none',
        models: endpoint().models,
      },
    });
  });

  it.each(['loading', 'auth-required', 'wrong-service', 'error', 'down'] as const)(
    '"only up reaches models.json", and what was there goes: %s',
    (state) => {
      expect(providersAfter(fileWith({ ollama: own }), reportOf(endpoint({ state })))).toEqual({});
    },
  );

  it.each([
    ['a hosted provider', 'moonshot', { baseUrl: 'http://127.0.0.1:1/v1', auth: 'none' }],
    ['a runtime id with a key', 'ollama', { ...own, auth: 'api-key', apiKey: 'x' }],
    ['a runtime id without auth', 'vllm', { baseUrl: 'http://127.0.0.1:8000/v1' }],
    ['a runtime on another host', 'ollama-11500', { ...own, baseUrl: 'http://10.0.0.9:11434/v1' }],
    [
      'a host that only looks like loopback',
      'ollama',
      { ...own, baseUrl: 'http://127.0.0.1.example.com/v1' },
    ],
    ['an id like one of ours', 'ollama-cloud', own],
    ['something that is no object', 'lmstudio', 'text'],
  ])('"providers that discovery does not own are kept as they are": %s', (_what, id, entry) => {
    expect(providersAfter(fileWith({ [id]: entry }), nothing)).toEqual({ [id]: entry });
    expect(providersAfter(fileWith({ [id]: entry }), up)[id]).toEqual(entry);
  });

  it('drops what is ours and no longer there, on loopback or on a host of the report', () => {
    const file = fileWith({ ollama: own, lmstudio: { ...own, baseUrl: 'http://10.0.0.9:1234/v1' } });
    const silent = endpoint({
      url: 'http://10.0.0.9:1234',
      runtime: 'lmstudio',
      provider: 'lmstudio',
      state: 'down',
    });
    expect(providersAfter(file, reportOf(silent))).toEqual({});
  });

  it('keeps an entry for a host that is only a candidate, and drops one that discovery itself wrote', () => {
    const file = fileWith({ lmstudio: { ...own, baseUrl: 'http://10.0.0.9:1234/v1' } });
    const url = 'http://10.0.0.9:1234';
    const candidates = [{ url, runtime: 'lmstudio' as const, foundBy: 'LMS_SERVER_HOST', hint: '' }];
    const report = { ...nothing, candidates };
    expect(providersAfter(file, report)).toHaveProperty('lmstudio');
    const after = (claims: Map<string, string>) => JSON.parse(mergeModelsJson(file, report, claims).text);
    expect(after(new Map([[url, 'lmstudio']]))).toHaveProperty('providers', {});
    expect(after(new Map([[url, 'lmstudio-1234']]))).toHaveProperty('providers.lmstudio');
    expect(after(new Map([['http://10.0.0.8:1234', 'lmstudio']]))).toHaveProperty('providers.lmstudio');
  });

  it('keeps the order of providers and other top-level keys, `__proto__` included', () => {
    const current =
      '{"note":[1],"providers":{"b":{"x":1},"ollama":{"baseUrl":"http://127.0.0.1:11434/v1","auth":"none"},"__proto__":{"y":2}},"z":null}';
    const { text } = mergeModelsJson(current, up);
    expect(Object.keys(JSON.parse(text))).toEqual(['generatedBy', 'note', 'providers', 'z']);
    expect(text.indexOf('"b"')).toBeLessThan(text.indexOf('"ollama"'));
    expect(text).toContain('"__proto__": {\n      "y": 2');
  });

  it('leaves the layout of a file alone whose content is right', () => {
    const compact = JSON.stringify(JSON.parse(mergeModelsJson(null, up).text));
    expect(mergeModelsJson(compact, up)).toEqual({ kind: 'merged', text: compact, changed: false });
  });

  it.each(['', '{', '[]', 'null', '{"providers":[]}', '\u0000'])('%j is corrupt and rebuilt', (current) => {
    expect(mergeModelsJson(current, up)).toMatchObject({
      kind: 'corrupt',
      text: mergeModelsJson(null, up).text,
    });
  });

  it('a merge is idempotent and foreign providers survive any merge', () => {
    const foreignId = fc.string().filter((id) => !/^(?:ollama|lmstudio|vllm)/.test(id) && id.trim() !== '');
    const foreign = fc.dictionary(foreignId, fc.jsonValue(), { maxKeys: 5 });
    const report = fc
      .array(
        fc.record({
          port: fc.integer({ min: 1, max: 65_535 }),
          runtime: fc.constantFrom('ollama' as const, 'lmstudio' as const),
          state: fc.constantFrom('up' as const, 'down' as const, 'error' as const),
        }),
        { maxLength: 3 },
      )
      .map((rows) =>
        reportOf(
          ...rows.map(({ port, runtime, state }) =>
            endpoint({ url: `http://127.0.0.1:${port}`, runtime, provider: `${runtime}-${port}`, state }),
          ),
        ),
      );
    fc.assert(
      fc.property(foreign, report, report, (providers, first, second) => {
        const current = fileWith(providers);
        const once = mergeModelsJson(mergeModelsJson(current, first).text, second);
        expect(mergeModelsJson(once.text, second)).toMatchObject({ text: once.text, changed: false });
        const after: { providers: Record<string, unknown> } = JSON.parse(once.text);
        const before: { providers: Record<string, unknown> } = JSON.parse(current);
        for (const [id, entry] of Object.entries(before.providers)) {
          expect(JSON.stringify(Object.entries(after.providers).find(([key]) => key === id)?.[1])).toBe(
            JSON.stringify(entry),
          );
        }
      }),
      { numRuns: 150 },
    );
  });

  it('never throws, whatever the file holds', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json()), (current) => {
        expect(mergeModelsJson(mergeModelsJson(current, up).text, up)).toMatchObject({ kind: 'merged' });
      }),
      { numRuns: 200 },
    );
  });
});

describe('the file of models.json', () => {
  async function openFile() {
    const folder = await temporaryFolder();
    const path = join(folder, 'sidecar', 'models.json');
    const { lines, log } = recordingLog();
    const file = createModelsJsonFile({ path, clock: () => Date.parse(AT), log });
    return { file, path, lines };
  }

  it('is written 0600 in a 0700 folder, also with nothing to say', async () => {
    const { file, path } = await openFile();
    expect(await file.sync(nothing, quiet)).toEqual({ kind: 'written' });
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect((await stat(dirname(path))).mode & 0o777).toBe(0o700);
    expect(JSON.parse(await readFile(path, 'utf8'))).toEqual({
      generatedBy: 'provider-sidecar',
      providers: {},
    });
  });

  it('"written only when its bytes change"', async () => {
    const { file, path } = await openFile();
    await file.sync(up, quiet);
    const before = await stat(path);
    expect(await file.sync(up, asked)).toEqual({ kind: 'unchanged' });
    expect((await stat(path)).ino).toBe(before.ino);
  });

  it('"the operator deletes models.json: it is not written again until an explicit scan"', async () => {
    const { file, path } = await openFile();
    await file.sync(up, quiet);
    await rm(path);
    expect(await file.sync(nothing, quiet)).toEqual({ kind: 'withheld' });
    expect(await file.sync(up, quiet)).toEqual({ kind: 'withheld' });
    await expect(stat(path)).rejects.toThrow('ENOENT');
    expect(await file.sync(up, asked)).toEqual({ kind: 'written' });
  });

  it('"the operator deletes models.json", also while a sync waits for the lock', async () => {
    const { file, path } = await openFile();
    await file.sync(up, quiet);
    const deletedMeanwhile: DiscoveryReport = {
      ...nothing,
      // First asked for when the file has been seen, and before the lock is taken.
      get endpoints() {
        rmSync(path, { force: true });
        return [];
      },
    };
    expect(await file.sync(deletedMeanwhile, quiet)).toEqual({ kind: 'withheld' });
    await expect(stat(path)).rejects.toThrow('ENOENT');
  });

  it('holds the same for a file that was only seen, and a new start writes again', async () => {
    const { file, path, lines } = await openFile();
    await file.sync(up, quiet);
    const later = createModelsJsonFile({ path, clock: Date.now, log: recordingLog().log });
    expect(await later.sync(up, quiet)).toEqual({ kind: 'unchanged' });
    await rm(path);
    expect(await later.sync(up, quiet)).toEqual({ kind: 'withheld' });
    const newStart = createModelsJsonFile({ path, clock: Date.now, log: recordingLog().log });
    expect(await newStart.sync(up, quiet)).toEqual({ kind: 'written' });
    expect(lines).toEqual([]);
  });

  it.each([Buffer.from('{ broken'), Buffer.from([0xff, 0xfe, 0x00])])(
    '"a corrupt file is moved aside, reported, and rebuilt"',
    async (bytes) => {
      const { file, path, lines } = await openFile();
      await mkdir(dirname(path), { recursive: true });
      await writeFile(path, bytes);
      const outcome = await file.sync(up, quiet);
      const aside = (await readdir(dirname(path))).find((name) => name.startsWith('models.json.corrupt-'));
      expect(outcome).toEqual({ kind: 'written', movedTo: join(dirname(path), aside ?? '') });
      expect(await readFile(join(dirname(path), aside ?? ''))).toEqual(bytes);
      expect(lines.map(({ level }) => level)).toEqual(['warn']);
      expect(JSON.parse(await readFile(path, 'utf8'))).toHaveProperty('providers.ollama');
    },
  );

  it('refuses what is not a file of its own, and leaves a folder alone that the operator chose', async () => {
    const folder = await temporaryFolder();
    const path = join(folder, 'models.json');
    await mkdir(path);
    const file = createModelsJsonFile({ path, clock: Date.now, log: recordingLog().log });
    expect(await file.sync(up, asked)).toMatchObject({ kind: 'refused' });
    const linked = join(folder, 'link.json');
    await writeFile(join(folder, 'target.json'), '{}');
    await symlink(join(folder, 'target.json'), linked);
    const link = createModelsJsonFile({ path: linked, clock: Date.now, log: recordingLog().log });
    await expect(link.sync(up, asked)).rejects.toThrow('not a regular file');
    expect(await readFile(join(folder, 'target.json'), 'utf8')).toBe('{}');
  });

  it('two processes that write at once leave a whole file', async () => {
    const { file, path } = await openFile();
    const other = createModelsJsonFile({ path, clock: Date.now, log: recordingLog().log });
    await Promise.all([file.sync(up, asked), other.sync(up, asked)]);
    expect(await readFile(path, 'utf8')).toBe(mergeModelsJson(null, up).text);
  });

  it('tells who owns what', async () => {
    const { file, path } = await openFile();
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, fileWith({ 'ollama-11434': own, moonshot: {}, vllm: { auth: 'api-key' } }));
    expect(await file.ownership(new Set())).toEqual({
      claims: new Map([['http://127.0.0.1:11434', 'ollama-11434']]),
      written: new Set(['http://127.0.0.1:11434']),
      reserved: new Set(['moonshot', 'vllm']),
    });
  });

  describe('the ids beside it', () => {
    const claims = new Map([
      ['http://127.0.0.1:11434', 'ollama'],
      ['http://10.0.0.9:1234', 'lmstudio'],
    ]);
    const known = new Map([['http://127.0.0.1:11434', 'ollama']]);
    const nobody = new Set<string>();

    it('are kept 0600 for places that are looked at, also while their endpoints are away', async () => {
      const { file, path } = await openFile();
      expect(await file.sync(nothing, { ...quiet, claims })).toEqual({ kind: 'written' });
      expect((await stat(`${path}.ids`)).mode & 0o777).toBe(0o600);
      expect(await file.ownership(nobody)).toEqual({ claims: known, written: nobody, reserved: nobody });
      const before = await stat(`${path}.ids`);
      expect(await file.sync(nothing, { ...quiet, claims })).toEqual({ kind: 'unchanged' });
      expect((await stat(`${path}.ids`)).ino).toBe(before.ino);
    });

    it.each(['', '{', '[]', '{"ids":[]}', '{"ids":{"x":"ollama","http://127.0.0.1:1":"openai"}}', '\u0000'])(
      'broken ones tell nothing and are replaced: %j',
      async (text) => {
        const { file, path, lines } = await openFile();
        await file.sync(nothing, quiet);
        await writeFile(`${path}.ids`, text);
        expect(await file.ownership(nobody)).toEqual({
          claims: new Map(),
          written: nobody,
          reserved: nobody,
        });
        await file.sync(nothing, { ...quiet, claims });
        expect(await file.ownership(nobody)).toEqual({ claims: known, written: nobody, reserved: nobody });
        expect(lines).toEqual([]);
      },
    );

    it('those that others could read are replaced', async () => {
      const { file, path } = await openFile();
      await file.sync(nothing, { ...quiet, claims });
      await chmod(`${path}.ids`, 0o644);
      expect(await file.ownership(nobody)).toEqual({ claims: new Map(), written: nobody, reserved: nobody });
      await file.sync(nothing, { ...quiet, claims });
      expect((await stat(`${path}.ids`)).mode & 0o777).toBe(0o600);
    });

    it('models.json wins where the two disagree', async () => {
      const { file, path } = await openFile();
      await file.sync(nothing, { ...quiet, claims: new Map([['http://127.0.0.1:1', 'ollama']]) });
      await writeFile(path, fileWith({ ollama: own }));
      const written = new Set(['http://127.0.0.1:11434']);
      expect(await file.ownership(nobody)).toEqual({ claims: known, written, reserved: nobody });
    });
  });
});
