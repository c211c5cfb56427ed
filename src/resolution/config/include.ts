/** `$include`: other files of the config folder, put in where they are named. */
import { dirname, isAbsolute, relative, resolve, sep } from 'node:path';
import { isRecord } from '../../domain/record.ts';
import { hasControlCharacters, quoteUntrusted } from '../../domain/untrusted-text.ts';
import { fileRemedy } from '../../platform/file-remedies.ts';
import type { readTextFile } from '../../platform/files.ts';
import { describeSyntaxError, parseJson5 } from '../../platform/json5-text.ts';
import { deepMerge } from './merge.ts';

/** The value with every include in place, or why there is none. `files` is every file that was asked for. */
export type IncludeResult =
  | { readonly kind: 'included'; readonly value: unknown; readonly files: readonly string[] }
  | {
      readonly kind: 'broken';
      /** The file that is at fault. */
      readonly path: string;
      readonly detail: string;
      readonly line?: number;
      readonly column?: number;
      /** What to do, where more is known than that the file has to be mended. */
      readonly hint?: string;
      readonly files: readonly string[];
    };

const INCLUDE = '$include';
const MAX_DEPTH = 10;
const MAX_FILE_BYTES = 2 * 1024 * 1024;
/** Includes in all: files that include others several times each would otherwise grow without end. */
const MAX_INCLUDES = 200;

/** Thrown and caught within this file only: it ends a recursion over files. */
class IncludeFailure extends Error {
  readonly path: string;
  readonly more: { readonly line?: number; readonly column?: number; readonly hint?: string };

  constructor(path: string, detail: string, more: { line?: number; column?: number; hint?: string } = {}) {
    super(detail);
    this.path = path;
    this.more = more;
  }
}

/** The file whose value is being worked on. */
interface Place {
  readonly path: string;
  /** The files that led here, the config itself first. */
  readonly chain: readonly string[];
}

/**
 * Resolves all includes of a parsed config.
 *
 * @param path absolute path of the config; included files must stay under its folder
 */
export async function resolveIncludes(
  value: unknown,
  path: string,
  read: typeof readTextFile,
): Promise<IncludeResult> {
  const files: string[] = [];
  try {
    const included = await new Includer(dirname(path), read, files).process(value, { path, chain: [path] });
    return { kind: 'included', value: included, files };
  } catch (error) {
    if (!(error instanceof IncludeFailure)) throw error;
    return { kind: 'broken', path: error.path, detail: error.message, ...error.more, files };
  }
}

class Includer {
  readonly #root: string;
  readonly #read: typeof readTextFile;
  readonly #files: string[];

  constructor(root: string, read: typeof readTextFile, files: string[]) {
    this.#root = root;
    this.#read = read;
    this.#files = files;
  }

  async process(value: unknown, place: Place): Promise<unknown> {
    if (Array.isArray(value)) {
      const items: unknown[] = [];
      for (const item of value) items.push(await this.process(item, place));
      return items;
    }
    if (!isRecord(value)) return value;
    const siblings: [string, unknown][] = [];
    for (const [key, item] of Object.entries(value)) {
      if (key !== INCLUDE) siblings.push([key, await this.process(item, place)]);
    }
    if (!Object.hasOwn(value, INCLUDE)) return Object.fromEntries(siblings);
    const content = await this.#includeAll(value[INCLUDE], place);
    if (siblings.length === 0) return content;
    if (!isRecord(content)) {
      throw new IncludeFailure(place.path, 'Sibling keys require included content to be an object');
    }
    return deepMerge(content, Object.fromEntries(siblings));
  }

  async #includeAll(wanted: unknown, place: Place): Promise<unknown> {
    if (typeof wanted === 'string') return this.#includeOne(wanted, place);
    if (!Array.isArray(wanted)) {
      throw new IncludeFailure(
        place.path,
        `Invalid $include value: expected string or array of strings, got ${typeName(wanted)}`,
      );
    }
    let merged: unknown = {};
    for (const item of wanted) {
      if (typeof item !== 'string') {
        const detail = `Invalid $include array item: expected string, got ${typeName(item)}`;
        throw new IncludeFailure(place.path, detail);
      }
      merged = deepMerge(merged, await this.#includeOne(item, place));
    }
    return merged;
  }

  async #includeOne(written: string, place: Place): Promise<unknown> {
    const path = resolve(dirname(place.path), written);
    const named = `${shown(written)} (resolved: ${shown(path)})`;
    if (place.chain.includes(path)) {
      const chain = [...place.chain, path].map(shown).join(' -> ');
      throw new IncludeFailure(place.path, `Circular include detected: ${chain}`);
    }
    if (place.chain.length > MAX_DEPTH) {
      const detail = `Maximum include depth (${MAX_DEPTH}) exceeded at: ${shown(written)}`;
      throw new IncludeFailure(place.path, detail);
    }
    const inside = relative(this.#root, path);
    if (inside === '' || inside === '..' || inside.startsWith(`..${sep}`) || isAbsolute(inside)) {
      const detail = `Failed to read include file: ${named}: it must stay under the config folder ${shown(this.#root)}`;
      throw new IncludeFailure(place.path, detail);
    }
    if (this.#files.push(path) > MAX_INCLUDES) {
      throw new IncludeFailure(place.path, `More than ${MAX_INCLUDES} included files in all`);
    }
    return this.#load(path, named, place);
  }

  async #load(path: string, named: string, place: Place): Promise<unknown> {
    const file = await this.#read(path, { maxBytes: MAX_FILE_BYTES, refuseDeadLink: true });
    if (file.kind !== 'text') {
      const reason = file.kind === 'missing' ? 'there is no such file' : file.detail;
      const more = file.kind === 'refused' ? { hint: fileRemedy(path, file.reason) } : {};
      throw new IncludeFailure(path, `Failed to read include file: ${named}: ${reason}`, more);
    }
    const parsed = parseJson5(file.text);
    if (parsed.kind === 'invalid') {
      const detail = `Failed to parse include file: ${named}: ${describeSyntaxError(parsed)}`;
      throw new IncludeFailure(path, detail, {
        ...(parsed.line !== undefined && { line: parsed.line }),
        ...(parsed.column !== undefined && { column: parsed.column }),
      });
    }
    return this.process(parsed.value, { path, chain: [...place.chain, path] });
  }
}

function typeName(value: unknown): string {
  if (value === null) return 'null';
  return Array.isArray(value) ? 'array' : typeof value;
}

/** A path as it is, unless it could garble a terminal or a log. */
function shown(path: string): string {
  return hasControlCharacters(path) || path.length > 1000 ? quoteUntrusted(path, 1000) : path;
}
