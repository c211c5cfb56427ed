/**
 * The file that an exchanged key is stored in, and the record of which server it came from. The file belongs to the
 * API's own command line as well, so it holds that program's fields and no others; the record stands beside our
 * other files.
 */
import { createHash } from 'node:crypto';
import { dirname } from 'node:path';
import * as z from 'zod';
import { sameSocket } from '../../domain/base-url.ts';
import type { Secret } from '../../domain/secret.ts';
import {
  ensurePrivateFolder,
  fileExists,
  type FileRead,
  type FileRefusal,
  moveAside,
  readTextFile,
  removeDrafts,
  removeFile,
  writePrivateFile,
} from '../../platform/files.ts';
import { findDuplicateKey } from '../duplicate-keys.ts';
import type { ExchangeSource } from './exchange-source.ts';
import { type IssuedKey, readKeyContent } from './key-content.ts';

/** A key as it is stored. */
export interface StoredKey extends IssuedKey {
  /** Unix milliseconds; null when another program stored the key. */
  readonly obtainedAt: number | null;
}

/** What the file holds. Details name the file and show no secret. */
export type KeyFileRead =
  | { readonly kind: 'missing' }
  | { readonly kind: 'key'; readonly key: StoredKey }
  /** There is no key in it; a new one may take its place once the file was moved aside. */
  | { readonly kind: 'corrupt'; readonly detail: string }
  /** A good key, of another server than the one that is meant now. */
  | { readonly kind: 'elsewhere'; readonly detail: string }
  /** A file that may not be trusted, nor replaced. */
  | {
      readonly kind: 'refused';
      readonly reason: FileRefusal;
      readonly detail: string;
      readonly hints: readonly string[];
    };

/** No key file comes near. */
const MAX_BYTES = 64 * 1024;

/** @param now Unix milliseconds */
export async function readKeyFile(source: ExchangeSource, now: number): Promise<KeyFileRead> {
  const { keyFile: path } = source;
  const file = await readTextFile(path, { trust: 'private', maxBytes: MAX_BYTES });
  if (file.kind === 'missing') return { kind: 'missing' };
  if (file.kind === 'refused') return refusedFile(path, file);
  const json = parseJson(file.text);
  if (json === undefined) return { kind: 'corrupt', detail: `${path} is not complete JSON` };
  const doubled = findDuplicateKey(file.text);
  if (doubled !== undefined) return { kind: 'corrupt', detail: `${path} has a key twice` };
  const content = readKeyContent(json, now);
  if (content.kind === 'wrong') return { kind: 'corrupt', detail: `${path}: it ${content.reason}` };
  const origin = await readOrigin(source, content.key.apiKey);
  // Without an address nobody is asked with it.
  if (origin !== undefined && source.url !== '' && !sameSocket(origin.api_url, source.url)) {
    const detail = `${path} holds a key of ${origin.api_url}, and ${source.url} is another server`;
    return { kind: 'elsewhere', detail };
  }
  return { kind: 'key', key: { ...content.key, obtainedAt: origin?.obtained_at ?? null } };
}

function refusedFile(path: string, { reason, detail }: Extract<FileRead, { kind: 'refused' }>): KeyFileRead {
  switch (reason) {
    case 'too-large':
    case 'not-utf8':
    case 'byte-order-mark':
    case 'nul-character':
      return { kind: 'corrupt', detail };
    case 'wide-mode':
      return { kind: 'refused', reason, detail, hints: [`chmod 600 ${path}`] };
    case 'not-a-file':
    case 'symlink':
    case 'dead-link':
    case 'foreign-owner':
    case 'unreadable':
      return {
        kind: 'refused',
        reason,
        detail,
        hints: [`Remove ${path}, or put a file of your own in its place`],
      };
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // The caller says it with the path; a parser's message may show what stands there.
    return undefined;
  }
}

/**
 * Stores a new key, for one who holds the lock of the file and made the folders. What stood there and was no key is moved aside.
 *
 * @returns where the corrupt file went, or null
 * @throws SidecarError `cannot-write`, `not-permitted`
 */
export async function writeKeyFile(
  source: ExchangeSource,
  key: IssuedKey,
  before: KeyFileRead,
  now: number,
): Promise<string | null> {
  const movedTo = before.kind === 'corrupt' ? await moveAside(source.keyFile, now) : null;
  await noteOrigin(source, key.apiKey, now);
  await writePrivateFile(
    source.keyFile,
    toText({
      api_key: key.apiKey.reveal(),
      username: key.username,
      expires_at: key.expiresAtText,
      aws_arn: key.awsArn,
    }),
  );
  return movedTo;
}

/**
 * Makes the folders of the key file and of the record, before a key is asked for that would have no place. A folder
 * that the operator chose keeps its mode: the file itself is private.
 */
export async function ensureKeyFolders({ keyFile, originFile, ownsFolder }: ExchangeSource): Promise<void> {
  const folder = dirname(keyFile);
  if (ownsFolder || !fileExists(folder)) await ensurePrivateFolder(folder);
  await ensurePrivateFolder(dirname(originFile));
}

/** Removes key and record, for one who holds the lock of the file. */
export async function removeKeyFile({ keyFile, originFile }: ExchangeSource): Promise<void> {
  await removeFile(keyFile);
  await removeFile(originFile);
}

const originRecord = z.object({ api_url: z.url(), key_sha256: z.string(), obtained_at: z.number() });
type OriginRecord = z.infer<typeof originRecord>;

/** Several, newest first: a write that fails half-way must not make an older key one of unknown origin. */
const originRecords = z.array(originRecord);
const MOST_RECORDS = 8;

async function readOrigins({ originFile }: ExchangeSource): Promise<readonly OriginRecord[]> {
  const file = await readTextFile(originFile, { trust: 'private', maxBytes: MAX_BYTES });
  if (file.kind !== 'text') return [];
  const records = originRecords.safeParse(parseJson(file.text));
  return records.success ? records.data : [];
}

/** The server of the newest key that was stored here; undefined where none was. */
export async function recordedServer(source: ExchangeSource): Promise<string | undefined> {
  return (await readOrigins(source))[0]?.api_url;
}

/** The record of this key. A key without one was stored by another program, for the server it is used at. */
async function readOrigin(source: ExchangeSource, key: Secret): Promise<OriginRecord | undefined> {
  const hash = sha256(key);
  return (await readOrigins(source)).find((record) => record.key_sha256 === hash);
}

/** Written before the key, so that a key of ours which is there is always known to belong to its server. */
async function noteOrigin(source: ExchangeSource, key: Secret, now: number): Promise<void> {
  const { originFile, url } = source;
  const hash = sha256(key);
  const others = (await readOrigins(source)).filter((record) => record.key_sha256 !== hash);
  const record: OriginRecord = { api_url: url, key_sha256: hash, obtained_at: now };
  await removeDrafts(originFile);
  await writePrivateFile(originFile, toText([record, ...others].slice(0, MOST_RECORDS)));
}

function sha256(key: Secret): string {
  return createHash('sha256').update(key.reveal()).digest('hex');
}

function toText(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}
