import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';

/** What the program is made of below its server. */
const INNER = ['domain', 'platform', 'settings', 'discovery', 'credentials', 'login', 'resolution'] as const;

/** What the server answers with. */
const SERVING = ['domain', 'platform', 'credentials', 'resolution', 'validation'] as const;

/** Which layer a file belongs to, and which layers it may import from besides its own. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  domain: [],
  platform: ['domain'],
  settings: ['domain', 'platform'],
  discovery: ['domain', 'platform'],
  credentials: ['domain', 'platform'],
  resolution: ['domain', 'platform', 'credentials'],
  login: ['domain', 'platform', 'credentials'],
  validation: ['domain', 'platform', 'credentials', 'resolution'],
  http: SERVING,
  client: ['domain', 'platform', 'http'],
  server: [...SERVING, 'http'],
  preparation: INNER,
  running: [...INNER, 'validation', 'http', 'server', 'preparation'],
  sidecar: [...INNER, 'validation', 'http', 'server', 'preparation', 'running'],
  'self-test': ['domain', 'platform', 'credentials', 'http'],
  commands: [...INNER, 'validation', 'http', 'preparation', 'running', 'sidecar', 'self-test'],
  cli: ['domain', 'platform', 'commands'],
  index: ['domain', 'client'],
};

/** Files beside the folders: each is a layer. */
const TOP_LEVEL: readonly string[] = ['server.ts', 'sidecar.ts', 'cli.ts', 'index.ts'];

const SOURCE = resolve(import.meta.dirname, '../../src');

const files = readdirSync(SOURCE, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.ts'))
  .map((name) => ({ name, text: readFileSync(join(SOURCE, name), 'utf8') }));

function layerOf(name: string): string | undefined {
  const [first, ...rest] = name.split('/');
  if (rest.length > 0) return first;
  return TOP_LEVEL.includes(name) ? name.replace('.ts', '') : undefined;
}

function importsOf(text: string): string[] {
  return [...text.matchAll(/(?:from|import)\s*\(?\s*'([^']+)'/g)].map(([, path]) => path ?? '');
}

/** The files of this program that a file takes something from. */
function targetsOf(name: string, text: string): string[] {
  return importsOf(text)
    .filter((path) => path.startsWith('.'))
    .map((path) => relative(SOURCE, resolve(SOURCE, dirname(name), path)));
}

/** Files of which each takes something from the next, and the last one from the first; none where there is no such ring. */
function cycleIn(imported: ReadonlyMap<string, readonly string[]>): readonly string[] {
  const done = new Set<string>();
  const follow = (path: readonly string[], name: string): readonly string[] => {
    const before = path.indexOf(name);
    if (before >= 0) return path.slice(before);
    if (done.has(name)) return [];
    for (const target of imported.get(name) ?? []) {
      const cycle = follow([...path, name], target);
      if (cycle.length > 0) return cycle;
    }
    done.add(name);
    return [];
  };
  for (const name of imported.keys()) {
    const cycle = follow([], name);
    if (cycle.length > 0) return cycle;
  }
  return [];
}

describe('architecture: one direction, as the layout draws it', () => {
  it('sees the source files', () => {
    expect(files.length).toBeGreaterThan(60);
  });

  it('knows the layer of every file', () => {
    expect(files.filter(({ name }) => MAY_IMPORT[layerOf(name) ?? ''] === undefined)).toEqual([]);
  });

  it('nothing points back, and discovery and resolution never import each other', () => {
    const wrong = files.flatMap(({ name, text }) => {
      const layer = layerOf(name) ?? '';
      return targetsOf(name, text)
        .filter((target) => {
          const other = layerOf(target) ?? '';
          return other !== layer && !(MAY_IMPORT[layer] ?? []).includes(other);
        })
        .map((target) => `${name} → ${target}`);
    });
    expect(wrong).toEqual([]);
  });

  it('no cycles, of types neither', () => {
    const imported = new Map(files.map(({ name, text }) => [name, targetsOf(name, text)]));
    expect(cycleIn(imported)).toEqual([]);
    expect(cycleIn(new Map([...imported, ['domain/errors.ts', ['cli.ts']]])).length).toBeGreaterThan(1);
  });

  it('only platform touches files, the process and the machine', () => {
    const machine = /^node:(fs|os|child_process|process|fs\/promises)$/;
    const wrong = files.flatMap(({ name, text }) => {
      if (layerOf(name) === 'platform') return [];
      const imports = importsOf(text).filter((path) => machine.test(path));
      return [
        ...imports,
        ...(/\bprocess\.(env|exit|argv|stdout|stderr)\b/.test(text) ? ['process'] : []),
      ].map((what) => `${name} → ${what}`);
    });
    expect(wrong).toEqual([]);
  });

  it('only commands print', () => {
    const wrong = files.filter(
      ({ name, text }) => /\bconsole\.\w+\(/.test(text) && layerOf(name) !== 'commands',
    );
    expect(wrong.map(({ name }) => name)).toEqual([]);
  });

  it('libraries that are heavy or belong to one place stay there', () => {
    const home: Readonly<Record<string, RegExp>> = {
      chokidar: /^platform\/watch-files\.ts$/,
      'proper-lockfile': /^platform\/files\.ts$/,
      pino: /^platform\/create-logger\.ts$/,
      commander: /^cli\.ts$/,
      'bonjour-service': /^discovery\/mdns\.ts$/,
      hono: /^server\.ts$/,
      'prom-client': /^http\/metrics\/exposition\.ts$/,
    };
    const wrong = files.flatMap(({ name, text }) =>
      importsOf(text)
        .filter((path) => home[path] !== undefined && !home[path].test(name))
        .map((path) => `${name} → ${path}`),
    );
    expect(wrong).toEqual([]);
  });

  it('what is asked for rarely is not loaded at the start', () => {
    /** Files that are loaded at once by those that import them. */
    const loadedBy = (text: string): string[] =>
      [...text.matchAll(/^(?:import|export) (?!type )[^;]*?from '([^']+)'/gm)].map(([, path]) => path ?? '');
    const rare = /^(?:http\/openapi|domain\/answers)\/|^http\/metrics\/(?:exposition|families)\.ts$/;
    const wrong = files.flatMap(({ name, text }) =>
      loadedBy(text)
        .filter((path) => path.startsWith('.'))
        .map((path) => relative(SOURCE, resolve(SOURCE, dirname(name), path)))
        .filter((target) => rare.test(target) && !rare.test(name))
        .map((target) => `${name} → ${target}`),
    );
    expect(wrong).toEqual([]);
  });

  it('every file says in its first lines what it is for', () => {
    const silent = files.filter(({ text }) => !/^(#!.*\n)?\/\*\*/.test(text));
    expect(silent.map(({ name }) => name)).toEqual([]);
  });

  it('no file is longer than 350 lines', () => {
    expect(files.filter(({ text }) => text.split('\n').length > 350).map(({ name }) => name)).toEqual([]);
  });
});
