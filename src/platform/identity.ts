/**
 * What makes this installation itself: the token that callers show and the key of the fingerprints. Made
 * once, kept 0600 in the sidecar's folder, so that both stay the same over restarts.
 */
import { randomBytes } from 'node:crypto';
import * as z from 'zod';
import { SidecarError } from '../domain/errors.ts';
import { keyDefect, Secret } from '../domain/secret.ts';
import {
  CORRUPT,
  ensurePrivateFolder,
  moveAside,
  readTextFile,
  removeDrafts,
  withFileLock,
  writePrivateFile,
} from './files.ts';
import { dirname } from 'node:path';

export interface Identity {
  /** 256 bits, base64url: what a caller sends as `Authorization: Bearer …`. */
  readonly token: Secret;
  /** Key of the HMAC behind fingerprints and resolution ids. */
  readonly installKey: string;
}

const identitySchema = z.looseObject({
  version: z.literal(1),
  token: z
    .string()
    .min(32)
    // What no header can carry, no caller could show.
    .refine((token) => keyDefect(token) === undefined),
  installKey: z.string().min(32),
});

/** A fresh identity that lives in memory only. */
export function ephemeralIdentity(): Identity {
  return { token: new Secret(randomKey()), installKey: randomKey() };
}

/**
 * Reads the identity, or makes and stores one. A broken file is moved aside and replaced.
 *
 * @throws SidecarError `not-permitted` when the file may not be trusted, `cannot-write` when it cannot be stored
 */
export async function loadIdentity(path: string, now: number): Promise<Identity> {
  const stored = await readIdentity(path);
  if (stored !== 'missing' && stored !== 'broken') return stored;
  await ensurePrivateFolder(dirname(path));
  return withFileLock(path, async () => {
    const again = await readIdentity(path);
    if (again !== 'missing' && again !== 'broken') return again;
    await removeDrafts(path);
    if (again === 'broken') await moveAside(path, now);
    const made = { version: 1, token: randomKey(), installKey: randomKey() };
    await writePrivateFile(path, `${JSON.stringify(made, null, 2)}\n`);
    return { token: new Secret(made.token), installKey: made.installKey };
  });
}

/**
 * Gives the stored identity a new token. The key of the fingerprints stays, and so do digests and resolution ids.
 *
 * @throws SidecarError as `loadIdentity`
 */
export async function rotateToken(path: string, now: number): Promise<Secret> {
  await loadIdentity(path, now);
  return withFileLock(path, async () => {
    await removeDrafts(path);
    const { installKey } = await loadStored(path);
    const made = { version: 1, token: randomKey(), installKey };
    await writePrivateFile(path, `${JSON.stringify(made, null, 2)}\n`);
    return new Secret(made.token);
  });
}

/** The identity as it is stored now, for one who does not make it. */
export async function readStoredToken(path: string): Promise<Secret | undefined> {
  const stored = await readIdentity(path);
  return typeof stored === 'string' ? undefined : stored.token;
}

async function loadStored(path: string): Promise<Identity> {
  const stored = await readIdentity(path);
  if (typeof stored !== 'string') return stored;
  throw new SidecarError('cannot-write', `${path} was removed or broken while it was changed`, ['Try again']);
}

async function readIdentity(path: string): Promise<Identity | 'missing' | 'broken'> {
  const read = await readTextFile(path, { trust: 'private', maxBytes: 65_536 });
  if (read.kind === 'missing') return 'missing';
  if (read.kind === 'refused') {
    if (CORRUPT.has(read.reason)) return 'broken';
    throw new SidecarError('not-permitted', read.detail, [`Mend or remove ${path}`]);
  }
  const parsed = identitySchema.safeParse(parseJson(read.text));
  if (!parsed.success) return 'broken';
  return { token: new Secret(parsed.data.token), installKey: parsed.data.installKey };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Undefined fails the schema, which is how every other defect of the file is reported too.
    return undefined;
  }
}

function randomKey(): string {
  return randomBytes(32).toString('base64url');
}
