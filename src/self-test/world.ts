/** A scratch machine for the program under test: its variables, its files, and what of them may hold which secret. */
import type { CanaryBook } from './canaries.ts';

/** What the sources of a world are made with. */
export interface WorldInput {
  readonly book: CanaryBook;
  /** Address of the server that plays every server that the program may ask. */
  readonly counterpart: string;
  /** Absolute path of the scratch home folder. */
  readonly home: string;
  /** Runs a script, by absolute path: what commands of the settings are. */
  readonly node: string;
  /** Unix milliseconds. */
  readonly now: number;
}

/** One kind of place that credentials come from, filled with canaries. */
export interface Source {
  readonly env?: Readonly<Record<string, string>>;
  /** By path below the home folder. */
  readonly files?: Readonly<Record<string, string | object>>;
  /** Entries of `models.providers` in the operator's config, by id. */
  readonly providers?: Readonly<Record<string, object>>;
  /** More of the operator's config. */
  readonly config?: Readonly<Record<string, object>>;
  /** Keys of sidecar.json5. */
  readonly settings?: Readonly<Record<string, object>>;
  /** Profiles of the program's own store, by id. */
  readonly ownProfiles?: Readonly<Record<string, object>>;
  /** Providers to ask for, besides those of `providers`. */
  readonly asks?: readonly string[];
}

/**
 * How much is done on a scratch machine: everything; good and bad requests with the commands that read credentials;
 * or good requests alone.
 */
export type Depth = 'everything' | 'reading' | 'requests';

/** All sources together. */
export interface World {
  readonly name: string;
  readonly env: Readonly<Record<string, string>>;
  /** Texts by path below the home folder. */
  readonly files: Readonly<Record<string, string>>;
  readonly depth: Depth;
  /** What changes in the middle, after which the server is asked once more. */
  readonly turn?: {
    readonly begin: () => void;
    /** Texts by path below the home folder. */
    readonly files: Readonly<Record<string, string>>;
  };
  /** Ids of the providers to ask for. */
  readonly providers: readonly string[];
}

/** Where the scratch state directory is, below the home folder. */
export const STATE = '.clawdbot';

/** Model that every provider of the worlds has. */
export const MODEL = 'm';

/** An entry of `models.providers`. */
export function providerEntry(counterpart: string, more: object): object {
  return {
    baseUrl: `${counterpart}/v1`,
    api: 'openai-completions',
    models: [{ id: MODEL, contextWindow: 32_000 }],
    ...more,
  };
}

/** Puts the sources into one world. */
export function makeWorld(
  name: string,
  sources: readonly Source[],
  env: Readonly<Record<string, string>>,
  depth: Depth,
): World {
  const providers = merged(sources, 'providers');
  const config = { ...merged(sources, 'config'), models: { providers } };
  return {
    name,
    depth,
    env: { ...Object.assign({}, ...sources.map((source) => source.env ?? {})), ...env },
    files: {
      [`${STATE}/moltbot.json`]: toText(config),
      [`${STATE}/sidecar/sidecar.json5`]: toText(merged(sources, 'settings')),
      [`${STATE}/sidecar/auth-profiles.json`]: toText({
        version: 1,
        profiles: merged(sources, 'ownProfiles'),
      }),
      ...Object.fromEntries(
        Object.entries(merged(sources, 'files')).map(([path, content]) => [path, toText(content)]),
      ),
    },
    providers: [...new Set([...Object.keys(providers), ...sources.flatMap(({ asks = [] }) => asks)])],
  };
}

type Part = 'files' | 'providers' | 'config' | 'settings' | 'ownProfiles';

function merged(sources: readonly Source[], part: Part): Record<string, string | object> {
  const all: Record<string, string | object> = {};
  for (const source of sources) {
    for (const [key, value] of Object.entries(source[part] ?? {})) {
      const before = all[key];
      all[key] = typeof before === 'object' && typeof value === 'object' ? { ...before, ...value } : value;
    }
  }
  return all;
}

function toText(content: string | object): string {
  return typeof content === 'string' ? content : `${JSON.stringify(content, null, 2)}\n`;
}
