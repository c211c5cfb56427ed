/**
 * A proof of an AWS identity that gives nothing away: the signed URL of one `GetCallerIdentity` question to STS. A
 * signed header names the server that may ask it, so the proof is worth nothing to any other.
 */
import { createHash, createHmac, type Hash, type Hmac } from 'node:crypto';
import type { AwsCredentials } from '../../domain/auth.ts';
import { Secret } from '../../domain/secret.ts';

/** The signed header that names the server. */
const SERVER_ID_HEADER = 'x-sidecar-server-id';

/** What the proof begins with; the signed URL follows in base64url. */
export const PROOF_PREFIX = 'sidecar-aws-v1.';

/** How long the proof can be used, in seconds. It is sent at once; STS allows 900. */
const LIFE_SECONDS = 60;

/** Whose identity is proved to whom. */
export interface IdentityProof {
  readonly keys: AwsCredentials;
  readonly region: string;
  readonly serverId: string;
}

/**
 * Makes the proof.
 *
 * @param now Unix milliseconds
 */
export async function presignIdentity(
  { keys, region, serverId }: IdentityProof,
  now: number,
): Promise<Secret> {
  const { SignatureV4 } = await import('@smithy/signature-v4');
  const { accessKeyId, secretAccessKey, sessionToken } = keys;
  const hostname = stsHostOf(region);
  const signer = new SignatureV4({
    service: 'sts',
    region,
    sha256: Sha256,
    credentials: {
      accessKeyId,
      secretAccessKey: secretAccessKey.reveal(),
      ...(sessionToken === null ? {} : { sessionToken: sessionToken.reveal() }),
    },
  });
  const signed = await signer.presign(
    {
      method: 'GET',
      protocol: 'https:',
      hostname,
      path: '/',
      query: { Action: 'GetCallerIdentity', Version: '2011-06-15' },
      headers: { host: hostname, [SERVER_ID_HEADER]: serverId },
    },
    {
      expiresIn: LIFE_SECONDS,
      signingDate: new Date(now),
      signableHeaders: new Set(['host', SERVER_ID_HEADER]),
    },
  );
  const query = Object.entries(signed.query ?? {}).map(
    ([name, value]) => `${encode(name)}=${encode(typeof value === 'string' ? value : '')}`,
  );
  const url = `https://${hostname}/?${query.join('&')}`;
  return new Secret(`${PROOF_PREFIX}${Buffer.from(url).toString('base64url')}`);
}

/** The regional endpoint, in the partition that the region is part of. */
function stsHostOf(region: string): string {
  return `sts.${region}.amazonaws.com${region.startsWith('cn-') ? '.cn' : ''}`;
}

function encode(text: string): string {
  return encodeURIComponent(text).replaceAll(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

/** SHA-256, keyed or not, as the signer wants to be given it. */
class Sha256 {
  readonly #hash: Hash | Hmac;

  constructor(secret?: string | ArrayBuffer | ArrayBufferView) {
    this.#hash = secret === undefined ? createHash('sha256') : createHmac('sha256', toBytes(secret));
  }

  update(data: string | ArrayBuffer | ArrayBufferView): void {
    this.#hash.update(toBytes(data));
  }

  digest(): Promise<Uint8Array> {
    return Promise.resolve(this.#hash.digest());
  }
}

function toBytes(data: string | ArrayBuffer | ArrayBufferView): Uint8Array {
  if (typeof data === 'string') return Buffer.from(data, 'utf8');
  return ArrayBuffer.isView(data)
    ? new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
    : new Uint8Array(data);
}
