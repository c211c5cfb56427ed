/**
 * Resolution ids: which provider and which profile serve a request that has begun. The id itself carries
 * the pin, sealed with the install key, so nothing has to be remembered and a restart changes nothing.
 */
import { createHmac, timingSafeEqual } from 'node:crypto';
import * as z from 'zod';

/** What a resolution id pins. */
export interface Pin {
  readonly ref: string;
  /** True when `ref` is a provider alone. */
  readonly providerOnly: boolean;
  readonly profileId: string | null;
  /** Digest over provider, base URL, api, mode and source: all that must not change within a request. */
  readonly identity: string;
  /** Version of the credential that was handed out. */
  readonly credential: string | null;
}

const PREFIX = 'rs_';
const pinSchema = z.tuple([
  z.string(),
  z.boolean(),
  z.string().nullable(),
  z.string(),
  z.string().nullable(),
]);

/** The id for a pin. Equal pins have equal ids. */
export function sealResolutionId(pin: Pin, installKey: string): string {
  const fields = [pin.ref, pin.providerOnly, pin.profileId, pin.identity, pin.credential];
  const body = Buffer.from(JSON.stringify(fields)).toString('base64url');
  return `${PREFIX}${body}.${seal(body, installKey)}`;
}

/** The pin of an id that this installation gave out, or undefined for any other text. */
export function openResolutionId(id: string, installKey: string): Pin | undefined {
  if (!id.startsWith(PREFIX) || id.length > 4096) return undefined;
  const [body, mark, ...rest] = id.slice(PREFIX.length).split('.');
  if (body === undefined || mark === undefined || rest.length > 0) return undefined;
  const expected = Buffer.from(seal(body, installKey));
  const given = Buffer.from(mark);
  if (expected.length !== given.length || !timingSafeEqual(expected, given)) return undefined;
  const parsed = pinSchema.safeParse(parseJson(Buffer.from(body, 'base64url').toString('utf8')));
  if (!parsed.success) return undefined;
  const [ref, providerOnly, profileId, identity, credential] = parsed.data;
  return { ref, providerOnly, profileId, identity, credential };
}

function seal(body: string, installKey: string): string {
  return createHmac('sha256', installKey).update(PREFIX).update(body).digest('base64url').slice(0, 22);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // The seal fits, so this cannot happen for an id of ours; the schema refuses undefined.
    return undefined;
  }
}
