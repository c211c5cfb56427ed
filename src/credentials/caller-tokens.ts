/**
 * `tokens.json`: the tokens with names, as digests. Changed under a lock, by the commands alone; the server only
 * reads it. What a token may do stands beside its digest, where its holder cannot reach.
 */
import { dirname } from 'node:path';
import * as z from 'zod';
import { type CallerScope, scopeDefect } from '../domain/caller-scope.ts';
import { isTokenName, makeCallerToken, type NewCallerToken } from '../domain/caller-token.ts';
import { SidecarError } from '../domain/errors.ts';
import type { Finding } from '../domain/finding.ts';
import { quoteUntrusted } from '../domain/untrusted-text.ts';
import { type Clock, isoOrNull, toIso } from '../platform/clock.ts';
import {
  CORRUPT,
  ensurePrivateFolder,
  readTextFile,
  removeDrafts,
  withFileLock,
  writePrivateFile,
} from '../platform/files.ts';
import { findDuplicateKey } from './duplicate-keys.ts';

/** A token as the file has it. */
export interface StoredToken {
  readonly id: string;
  readonly name: string;
  /** SHA-256 in hexadecimal. */
  readonly digest: string;
  readonly scope: CallerScope;
  /** Unix milliseconds. */
  readonly createdAt: number;
  /** Unix milliseconds; null: until it is revoked. */
  readonly expiresAt: number | null;
}

/** What a new token is to be. */
export interface TokenWish {
  readonly name: string;
  readonly scope: CallerScope;
  /** Milliseconds; null: until it is revoked. */
  readonly lifeMs: number | null;
}

/** The file as a whole. */
export type TokenFile =
  | { readonly kind: 'read'; readonly tokens: readonly StoredToken[] }
  /** It stands there and cannot be used; nothing is written to it then. */
  | {
      readonly kind: 'broken';
      readonly detail: string;
      /** True: it is not the content; the file may not be used, as it is a link or open to others. */
      readonly isUntrusted: boolean;
    };

export interface CallerTokenStore {
  readonly read: () => Promise<TokenFile>;
  /**
   * The same for one who can do nothing with a file that is broken.
   *
   * @throws SidecarError `config-invalid`, `not-permitted` for a file that may not be used
   */
  readonly list: () => Promise<readonly StoredToken[]>;
  /**
   * Stores a new token; its text is in the answer and nowhere else.
   *
   * @throws SidecarError `bad-request` for a name that is taken or cannot be one, `cannot-write`, and as `list`
   */
  readonly create: (wish: TokenWish) => Promise<{ stored: StoredToken; token: NewCallerToken }>;
  /** True when there was one. */
  readonly revoke: (name: string) => Promise<boolean>;
  /**
   * Gives a token a new text and a new life of the same length; its limits stay.
   *
   * @throws SidecarError `bad-request` for a name that no token has
   */
  readonly rotate: (name: string) => Promise<{ stored: StoredToken; token: NewCallerToken }>;
}

const MAX_BYTES = 1024 * 1024;
const MAX_TOKENS = 1_000;

const list = z.array(z.string()).nullable();
const time = z.iso.datetime();

const entrySchema = z
  .strictObject({
    id: z.string().regex(/^[0-9a-f]{12}$/),
    name: z.string().refine(isTokenName),
    sha256: z.string().regex(/^[0-9a-f]{64}$/),
    providers: list,
    models: list,
    secrets: z.boolean(),
    createdAt: time,
    expiresAt: time.nullable(),
  })
  // A limit that cannot be read must not turn into none.
  .refine(({ providers, models }) => scopeDefect(providers, models) === undefined);

const fileSchema = z.strictObject({ version: z.literal(1), tokens: z.array(entrySchema).max(MAX_TOKENS) });

/** @param path of `tokens.json` */
export function createCallerTokenStore(path: string, clock: Clock): CallerTokenStore {
  const readSound = async (): Promise<readonly StoredToken[]> => {
    const file = await readTokens(path);
    if (file.kind === 'read') return file.tokens;
    const code = file.isUntrusted ? 'not-permitted' : 'config-invalid';
    throw new SidecarError(code, file.detail, [`Mend or remove ${path}`]);
  };
  /** Changes the list under the lock. */
  const edit = async <T>(
    change: (tokens: readonly StoredToken[]) => { tokens: readonly StoredToken[]; result: T },
  ): Promise<T> => {
    await ensurePrivateFolder(dirname(path));
    return withFileLock(path, async () => {
      await removeDrafts(path);
      const before = await readSound();
      const { tokens, result } = change(before);
      if (tokens !== before) await writePrivateFile(path, toText(tokens));
      return result;
    });
  };
  return {
    read: () => readTokens(path),
    list: readSound,
    create: (wish) =>
      edit((before) => {
        const now = clock();
        // What has ended is of no more use, and its name is free again.
        const living = before.filter(({ expiresAt }) => expiresAt === null || expiresAt > now);
        refuseUnusable(wish, living);
        const token = makeCallerToken();
        const { name, scope, lifeMs } = wish;
        const expiresAt = lifeMs === null ? null : now + lifeMs;
        const stored = { id: token.id, name, digest: token.digest, scope, createdAt: now, expiresAt };
        return { tokens: [...living, stored], result: { stored, token } };
      }),
    revoke: (name) =>
      edit((before) => {
        const tokens = before.filter((token) => token.name !== name);
        const found = tokens.length < before.length;
        return { tokens: found ? tokens : before, result: found };
      }),
    rotate: (name) =>
      edit((before) => {
        const old = before.find((token) => token.name === name);
        if (old === undefined) throw noSuchToken(name);
        const token = makeCallerToken();
        const now = clock();
        const expiresAt = old.expiresAt === null ? null : now + (old.expiresAt - old.createdAt);
        const stored = { ...old, id: token.id, digest: token.digest, createdAt: now, expiresAt };
        return {
          tokens: before.map((entry) => (entry === old ? stored : entry)),
          result: { stored, token },
        };
      }),
  };
}

/** What is wrong with the file, or null. The tokens that were read before stay in force meanwhile. */
export function tokenFileFinding(path: string, file: TokenFile): Finding | null {
  if (file.kind === 'read') return null;
  return { code: 'config-invalid', detail: file.detail, hint: `Mend or remove ${path}` };
}

/** The refusal of a name that no token has. */
export function noSuchToken(name: string): SidecarError {
  return new SidecarError('bad-request', `There is no token with the name ${quoteUntrusted(name)}`, [
    'See the names: provider-sidecar token list',
  ]);
}

function refuseUnusable({ name, scope }: TokenWish, living: readonly StoredToken[]): void {
  if (!isTokenName(name)) {
    throw new SidecarError('bad-request', `A token cannot be called ${quoteUntrusted(name)}`, [
      'A name has up to 64 letters, digits, ".", "_" and "-", and is not "endpoint"',
    ]);
  }
  if (living.some((token) => token.name === name)) {
    throw new SidecarError('bad-request', `There is a token with the name ${quoteUntrusted(name)} already`, [
      `Replace it: provider-sidecar token rotate ${name}`,
      `Or end it first: provider-sidecar token revoke ${name}`,
    ]);
  }
  if (living.length >= MAX_TOKENS) {
    throw new SidecarError('bad-request', `There are ${MAX_TOKENS} tokens already`, [
      'Revoke those that nobody uses: provider-sidecar token list',
    ]);
  }
  const defect = scopeDefect(scope.providers, scope.models);
  if (defect !== undefined) throw new SidecarError('bad-request', `The scope of the token ${defect}`);
}

async function readTokens(path: string): Promise<TokenFile> {
  const read = await readTextFile(path, { trust: 'private', maxBytes: MAX_BYTES });
  if (read.kind === 'missing') return { kind: 'read', tokens: [] };
  if (read.kind === 'refused') {
    return { kind: 'broken', detail: read.detail, isUntrusted: !CORRUPT.has(read.reason) };
  }
  const checked = fileSchema.safeParse(parseJson(read.text));
  if (!checked.success) return broken(`${path} is not a list of tokens of version 1`);
  // Of two limits under one name the parser keeps the last one, and that may be the wider one.
  if (findDuplicateKey(read.text) !== undefined) {
    return broken(`${path} has a key twice in one object`);
  }
  const tokens = checked.data.tokens.map(
    ({ id, name, sha256, providers, models, secrets, createdAt, expiresAt }): StoredToken => ({
      id,
      name,
      digest: sha256,
      scope: { providers, models, secrets },
      createdAt: Date.parse(createdAt),
      expiresAt: expiresAt === null ? null : Date.parse(expiresAt),
    }),
  );
  return { kind: 'read', tokens };
}

function broken(detail: string): TokenFile {
  return { kind: 'broken', detail, isUntrusted: false };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Undefined fails the schema, like every other defect of the file.
    return undefined;
  }
}

function toText(tokens: readonly StoredToken[]): string {
  const body = {
    version: 1,
    tokens: tokens.map(({ id, name, digest, scope, createdAt, expiresAt }) => ({
      id,
      name,
      sha256: digest,
      ...scope,
      createdAt: toIso(createdAt),
      expiresAt: isoOrNull(expiresAt),
    })),
  };
  return `${JSON.stringify(body, null, 2)}\n`;
}
