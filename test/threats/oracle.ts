/**
 * Says whether an attack did harm: whether a secret, or a part of one, stands in what the attacker got or in what the
 * program printed, whether anything changed, and whether anybody was asked who may not be.
 */
import { createHash } from 'node:crypto';
import { lstat, readdir, readFile, readlink } from 'node:fs/promises';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { expect } from 'vitest';
import type { Canary } from '../../src/self-test/canaries.ts';
import type { Decoy } from './decoy.ts';

/** What is watched. */
export interface Watched {
  /** Every secret, asked anew each time. */
  readonly canaries: () => readonly Canary[];
  /** Folders of which nothing may change. */
  readonly folders: readonly string[];
  /** Paths in them that are not the program's. */
  readonly isForeign?: (path: string) => boolean;
  /** An answer of the server to its owner. */
  readonly ask: (path: string) => Promise<unknown>;
  readonly decoy: Decoy;
  /** All that the program has printed and logged so far. */
  readonly printed: () => string;
}

/** Answers of the server that tell what it knows; the revision of the snapshot counts all changes. */
const ANSWERS = ['/v1/providers', '/v1/tokens', '/v1/snapshot'] as const;

/** State by place: a file with its mode and digest, or the path of an answer. */
export type State = Readonly<Record<string, unknown>>;

export interface Oracle {
  /** Throws when the text holds a part of a secret, but for those of the allowed names. */
  readonly expectNoSecret: (text: string, allowed?: readonly string[]) => void;
  /** Names of the secrets of which the text holds a part. */
  readonly secretsIn: (text: string) => readonly string[];
  /**
   * Throws when anything has changed since the last `accept`, the decoy was asked, or something printed holds a secret.
   *
   * @param but places whose changes are judged by the test itself
   */
  readonly expectUnharmed: (but?: readonly string[]) => Promise<void>;
  /** From now on things have to stay as they are now: the owner has changed something. */
  readonly accept: () => Promise<State>;
}

/** Starts to watch. */
export async function watch(watched: Watched): Promise<Oracle> {
  let state = await stateOf(watched);
  let looked = 0;
  let known = watched.canaries();
  let parts = partsOf(known);
  const secretsIn = (text: string): readonly string[] => {
    const canaries = watched.canaries();
    // Secrets are only ever added.
    if (canaries.length !== known.length) {
      known = canaries;
      parts = partsOf(known);
    }
    return findParts(text, parts);
  };
  return {
    secretsIn,
    expectNoSecret: (text, allowed = []) => {
      const found = secretsIn(text).filter((name) => !allowed.includes(name));
      expect(found, found.length === 0 ? '' : `secrets in: ${text.slice(0, 2_000)}`).toEqual([]);
    },
    async expectUnharmed(but = []) {
      const now = await stateOf(watched);
      const printed = watched.printed();
      const [expected, found] = [without(state, but), without(now, but)];
      // A difference alone does not tell why.
      const why = [...differences(expected, found), 'printed last:', ...printed.split('\n').slice(-12)];
      expect(found, why.join('\n')).toEqual(expected);
      expect(watched.decoy.asked).toEqual([]);
      // What was looked at before cannot change; a secret may stand across the border.
      expect(secretsIn(printed.slice(Math.max(0, looked - 200)))).toEqual([]);
      looked = printed.length;
    },
    async accept() {
      state = await stateOf(watched);
      return state;
    },
  };
}

function without(state: State, places: readonly string[]): State {
  return Object.fromEntries(
    Object.entries(state).filter(([place]) => !places.some((end) => place.endsWith(end))),
  );
}

/** What is not the same any more, each by its path. */
function differences(before: unknown, now: unknown, path = ''): readonly string[] {
  if (isDeepStrictEqual(before, now)) return [];
  if (!isTree(before) || !isTree(now))
    return [`${path}: ${JSON.stringify(before)} became ${JSON.stringify(now)}`];
  return [...new Set([...Object.keys(before), ...Object.keys(now)])].flatMap((key) =>
    differences(before[key], now[key], `${path}.${key}`),
  );
}

function isTree(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}

async function stateOf({ folders, ask, isForeign = () => false }: Watched): Promise<State> {
  const state: Record<string, unknown> = {};
  for (const folder of folders) {
    state[folder] = await describeEntry(folder);
    for (const name of (await readdir(folder, { recursive: true })).sort()) {
      const path = join(folder, name);
      if (!isForeign(path)) state[path] = await describeEntry(path);
    }
  }
  for (const path of ANSWERS) state[path] = await ask(path);
  return state;
}

/** Mode with its kind of entry, and what is in it. */
async function describeEntry(path: string): Promise<string> {
  const facts = await lstat(path);
  const mode = facts.mode.toString(8);
  if (facts.isSymbolicLink()) return `${mode} to ${await readlink(path)}`;
  if (!facts.isFile()) return mode;
  return `${mode} ${createHash('sha256')
    .update(await readFile(path))
    .digest('hex')}`;
}

/** Characters of a secret in a row that count as a part of it, and what they are in hexadecimal and Base64. */
const PART = { plain: 8, hex: 16, base64: 11 } as const;

/** Finds the secrets of which eight characters or more stand in the text: as they are, in hexadecimal or Base64. */
function findParts(text: string, parts: readonly Parts[]): readonly string[] {
  const found = new Set<string>();
  for (const { length, names, seeds } of parts) {
    const seed = seedLength(length);
    // However a part stands in the text, it spans one of these places with the seed that begins there.
    for (let at = 0; at + seed <= text.length; at += length - seed + 1) {
      if (!seeds.has(text.slice(at, at + seed))) continue;
      for (let begin = Math.max(0, at - length + seed); begin <= at; begin += 1) {
        const name = names.get(text.slice(begin, begin + length));
        if (name !== undefined) found.add(name);
      }
    }
  }
  return [...found];
}

const seedLength = (length: number): number => Math.floor(length / 2);

/** All parts of one length. */
interface Parts {
  readonly length: number;
  /** Names of the secrets by their parts. */
  readonly names: Map<string, string>;
  /** Every half of a part: what is looked for first. */
  readonly seeds: Set<string>;
}

function partsOf(canaries: readonly Canary[]): readonly Parts[] {
  const lengths = Object.values(PART).map((length) => ({
    length,
    names: new Map<string, string>(),
    seeds: new Set<string>(),
  }));
  const add = (form: string, wanted: number, name: string): void => {
    for (const { length, names, seeds } of lengths) {
      if (length !== wanted) continue;
      for (let at = 0; at + length <= form.length; at += 1) names.set(form.slice(at, at + length), name);
      const seed = seedLength(length);
      for (let at = 0; at + seed <= form.length; at += 1) seeds.add(form.slice(at, at + seed));
    }
  };
  for (const { name, value } of canaries) {
    add(value, PART.plain, name);
    add(Buffer.from(value).toString('hex'), PART.hex, name);
    // In Base64 a text looks different by how many bytes stand before it; the outermost characters belong to those.
    for (const before of [0, 1, 2]) {
      const encoded = Buffer.concat([Buffer.alloc(before), Buffer.from(value)])
        .toString('base64')
        .replace(/=+$/, '')
        .slice(4, -2);
      add(encoded, PART.base64, name);
      add(encoded.replaceAll('+', '-').replaceAll('/', '_'), PART.base64, name);
    }
  }
  return lengths;
}
