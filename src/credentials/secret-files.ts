/**
 * The files that `secrets.providers` of the operator's config names, read: what a reference of the source
 * `file` leads to. Such a file has to be private, like every file of secrets.
 */
import { isRecord } from '../domain/record.ts';
import type { FileRead, ReadOptions } from '../platform/files.ts';
import { findDuplicateKey } from './duplicate-keys.ts';

/** One entry of `secrets.providers`, as far as it is used here. */
export type SecretProvider =
  | { readonly source: 'env'; readonly allowlist: readonly string[] | null }
  /** `path` is absolute; `singleValue` means that the whole text is the secret. */
  | { readonly source: 'file'; readonly path: string; readonly mode: 'json' | 'singleValue' }
  | { readonly source: 'exec' | 'store' }
  | { readonly source: null; readonly problem: string };

/** The `secrets` part of the operator's config. */
export interface SecretsConfig {
  /** By alias. */
  readonly providers: Readonly<Record<string, SecretProvider>>;
  /** Source to the alias that counts where a reference names none. */
  readonly defaults: Readonly<Record<string, string>>;
}

/** What such a file holds, or why it cannot be used. */
export type SecretFile =
  | { readonly kind: 'json'; readonly value: unknown }
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'unusable'; readonly detail: string };

/** By alias. */
export type SecretFiles = ReadonlyMap<string, SecretFile>;

/** A file of secrets is small. */
const MAX_BYTES = 1024 * 1024;

/** The files that the config names: what a watcher has to watch. */
export function secretFilePaths({ providers }: SecretsConfig): readonly string[] {
  return Object.values(providers).flatMap((provider) => (provider.source === 'file' ? [provider.path] : []));
}

/** Reads them all. Never throws for what a file holds. */
export async function loadSecretFiles(
  { providers }: SecretsConfig,
  read: (path: string, options?: ReadOptions) => Promise<FileRead>,
): Promise<SecretFiles> {
  const entries = Object.entries(providers).map(async ([alias, provider]) => {
    if (provider.source !== 'file') return [];
    const file = await read(provider.path, { trust: 'private', maxBytes: MAX_BYTES });
    return [[alias, toSecretFile(provider.path, provider.mode, file)] as const];
  });
  return new Map((await Promise.all(entries)).flat());
}

function toSecretFile(path: string, mode: 'json' | 'singleValue', file: FileRead): SecretFile {
  if (file.kind === 'missing') return { kind: 'unusable', detail: `${path} is not there` };
  if (file.kind === 'refused') return { kind: 'unusable', detail: file.detail };
  if (mode === 'singleValue') return { kind: 'text', text: file.text };
  const value = parseJson(file.text);
  // A file with one value and nothing around it is asked for as `value`, whatever the mode says.
  if (value === undefined) return { kind: 'text', text: file.text };
  if (findDuplicateKey(file.text) !== undefined) {
    return { kind: 'unusable', detail: `${path} has a key twice in one object` };
  }
  if (isRecord(value) || Array.isArray(value)) return { kind: 'json', value };
  // The quotes of a JSON string are no part of the secret.
  return { kind: 'text', text: typeof value === 'string' ? value : file.text };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // JSON has no undefined, so this says that the text is none. The parser's message would quote the text.
    return undefined;
  }
}

/** What stands at an RFC 6901 pointer, or undefined where nothing does. */
export function atPointer(value: unknown, pointer: string): unknown {
  const segments = pointer
    .split('/')
    .slice(1)
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'));
  return segments.reduce<unknown>((within, key) => {
    if (Array.isArray(within)) return /^(?:0|[1-9]\d*)$/.test(key) ? within[Number(key)] : undefined;
    return isRecord(within) && Object.hasOwn(within, key) ? within[key] : undefined;
  }, value);
}
