/**
 * The program's own files in every state that a file can be in: what may not be trusted is refused by name, what
 * is broken is replaced and kept beside the new one.
 */
import { readdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { NOTHING_SCANNED } from '../../src/domain/runtime-state.ts';
import { createModelsJsonFile, type SyncOutcome } from '../../src/discovery/models-json.ts';
import { readEndpointFile } from '../../src/platform/endpoint-file.ts';
import { loadIdentity } from '../../src/platform/identity.ts';
import { NOW } from '../helpers/snapshot-fixture.ts';
import { CANARY, type Defect, homeWith, isRoot, type ReadFile, SPOILS, verdictOf } from './spoiled-files.ts';

/** The content of the file that was moved aside. */
async function movedAside(path: string): Promise<Buffer> {
  const kept = (await readdir(dirname(path))).filter((name) => name.includes('.corrupt-'));
  expect(kept).toHaveLength(1);
  return readFile(join(dirname(path), kept[0] ?? ''));
}

/** A home whose file is broken, with the bytes that stood there. */
async function brokenHome(file: ReadFile, defect: Defect): Promise<{ path: string; before: Buffer }> {
  const { path } = await homeWith(file, defect);
  return { path, before: await readFile(path) };
}

const NOT_TRUSTED = ['a symbolic link', 'a foreign owner', 'a wide mode', 'a FIFO', 'a folder'] as const;

describe('identity.json: "a symlink, a foreign owner, a wide mode, a FIFO is refused by name"', () => {
  const identity: ReadFile = {
    path: (paths) => paths.identity,
    content: JSON.stringify({ version: 1, token: 't'.repeat(43), installKey: 'k'.repeat(43) }),
  };

  for (const defect of NOT_TRUSTED) {
    it.skipIf(defect === 'a foreign owner' && !isRoot)(`${defect}: nothing is replaced`, async () => {
      const { path } = await homeWith(identity, defect);
      const before = await readdir(dirname(path));
      expect(await verdictOf(loadIdentity(path, NOW))).toContain(`not-permitted: ${path} `);
      expect(await readdir(dirname(path))).toEqual(before);
    });
  }

  it.each(['not UTF-8', 'a byte order mark', 'a NUL', 'truncated text'] as const)(
    '%s: a new one takes its place, and the old one is kept beside it',
    async (defect) => {
      const { path, before } = await brokenHome(identity, defect);
      expect((await loadIdentity(path, NOW)).installKey).toHaveLength(43);
      expect(await movedAside(path)).toEqual(before);
    },
  );
});

describe('endpoint.json: one that cannot be trusted is none, so no token is sent', () => {
  const endpoint: ReadFile = {
    path: (paths) => paths.endpoint,
    content: JSON.stringify({
      url: 'http://127.0.0.1:1',
      token: CANARY,
      pid: 1,
      version: '1',
      startedAt: '2026-01-01T00:00:00.000Z',
    }),
  };

  it('a good one is read', async () => {
    const { path } = await homeWith(endpoint);
    expect((await readEndpointFile(path))?.token.reveal()).toBe(CANARY);
  });

  for (const [name, spoil] of Object.entries(SPOILS)) {
    if (name === 'nothing') continue;
    it.skipIf(name === 'a foreign owner' && !isRoot)(name, async () => {
      const { path } = await homeWith(endpoint);
      await spoil(path, endpoint.content);
      expect(await readEndpointFile(path)).toBeUndefined();
    });
  }
});

describe('models.json, where discovery writes: what cannot be used is told or kept, never lost', () => {
  const models: ReadFile = { path: (paths) => paths.modelsJson, content: '{"providers": {}}' };
  const sync = (path: string): Promise<SyncOutcome> => {
    const log = { warn: () => undefined };
    const report = { ...NOTHING_SCANNED, scannedAt: '2026-01-01T00:00:00.000Z' };
    const file = createModelsJsonFile({ path, clock: () => NOW, log });
    return file.sync(report, { explicit: true, claims: new Map() });
  };

  it.each(['a link to itself', 'a FIFO', 'a folder', '100 MiB'] as const)(
    '%s is refused and stays',
    async (defect) => {
      const { path } = await homeWith(models, defect);
      const before = await readdir(dirname(path));
      expect(await sync(path)).toMatchObject({ kind: 'refused', detail: expect.stringContaining(path) });
      expect(await readdir(dirname(path))).toEqual(before);
    },
  );

  it.each(['not UTF-8', 'a NUL', 'truncated text'] as const)(
    '%s is rebuilt, and the old one is kept beside it',
    async (defect) => {
      const { path, before } = await brokenHome(models, defect);
      expect(await sync(path)).toEqual({
        kind: 'written',
        movedTo: expect.stringContaining(`${path}.corrupt-`),
      });
      expect(await movedAside(path)).toEqual(before);
    },
  );
});
