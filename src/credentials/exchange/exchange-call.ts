/**
 * The exchange itself: one request to the API with the proof of an AWS identity, and every answer that it may give.
 * What the request carried is never stored, and struck out of everything that is said about it.
 */
import type { AwsCredentials } from '../../domain/auth.ts';
import { isRecord } from '../../domain/record.ts';
import { quoteUntrusted } from '../../domain/untrusted-text.ts';
import type { ExchangeSource } from './exchange-source.ts';
import { type IssuedKey, readKeyContent } from './key-content.ts';
import { presignIdentity } from './presigned-identity.ts';

/** Sends one request, without following redirects, within a deadline and a size. Never rejects. */
export type Dial = (request: {
  readonly method: 'POST';
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}) => Promise<
  | { readonly kind: 'answer'; readonly status: number; readonly json: unknown }
  | { readonly kind: 'unreachable'; readonly detail: string }
>;

/** Why the API gave no key. */
export type RefusalReason =
  | 'unauthorized'
  | 'forbidden'
  | 'unreachable'
  /** It answered that it cannot answer now. */
  | 'in-trouble'
  | 'malformed'
  | 'failed';

/** True for a reason that another try may end though nobody did anything. */
export function isOutage(reason: string): boolean {
  return reason === 'unreachable' || reason === 'in-trouble';
}

/** What came of an exchange. */
export type ExchangeOutcome =
  | { readonly kind: 'issued'; readonly key: IssuedKey }
  | { readonly kind: 'refused'; readonly reason: RefusalReason; readonly detail: string };

/** The identity to prove, and to whom. */
export interface ExchangeCall {
  readonly source: ExchangeSource;
  readonly keys: AwsCredentials;
  readonly region: string;
  readonly dial: Dial;
}

/**
 * Exchanges the identity for a key.
 *
 * @param clock the life of the key is judged when the answer is there
 */
export async function exchangeIdentity(call: ExchangeCall, clock: () => number): Promise<ExchangeOutcome> {
  const { source, keys, dial } = call;
  const { body, secrets } = await proofOf(call, clock());
  const answer = await dial({
    method: 'POST',
    url: `${source.url}/v1/auth/aws-login`,
    headers: {},
    body: JSON.stringify(body),
  });
  if (answer.kind === 'unreachable') {
    return refused('unreachable', `${source.url} cannot be reached (${answer.detail})`);
  }
  const { status, json } = answer;
  if (status !== 200) {
    const hidden = [keys.secretAccessKey.reveal(), keys.sessionToken?.reveal() ?? '', ...secrets];
    return refused(reasonOf(status), describeRefusal(status, json, hidden));
  }
  const now = clock();
  const content = readKeyContent(json, now);
  if (content.kind === 'wrong') {
    return refused(
      'malformed',
      `${source.url} answered with something else than a key: it ${content.reason}`,
    );
  }
  if (content.key.expiresAt <= now) {
    const ended = quoteUntrusted(content.key.expiresAtText, 40);
    const detail = `${source.url} issued a key that has expired already (${ended}); check the clock of this machine`;
    return refused('malformed', detail);
  }
  return { kind: 'issued', key: content.key };
}

function reasonOf(status: number): RefusalReason {
  if (status === 401) return 'unauthorized';
  if (status === 403) return 'forbidden';
  return status === 429 || status >= 500 ? 'in-trouble' : 'failed';
}

/** The body of the request, and what of it must not be repeated. */
async function proofOf(
  { source, keys, region }: ExchangeCall,
  now: number,
): Promise<{ body: Readonly<Record<string, string | null>>; secrets: readonly string[] }> {
  if (source.proof.kind === 'presigned') {
    const token = await presignIdentity({ keys, region, serverId: source.proof.serverId }, now);
    return { body: { aws_identity_proof: token.reveal() }, secrets: [token.reveal()] };
  }
  return {
    body: {
      aws_access_key_id: keys.accessKeyId,
      aws_secret_access_key: keys.secretAccessKey.reveal(),
      aws_session_token: keys.sessionToken?.reveal() ?? null,
    },
    secrets: [],
  };
}

/** A server may repeat what it was sent; that must end neither in a log nor on a screen. */
function describeRefusal(status: number, json: unknown, secrets: readonly string[]): string {
  const said = isRecord(json) && typeof json['detail'] === 'string' ? json['detail'] : undefined;
  if (said === undefined) return `status ${status}`;
  const hidden = secrets
    .filter((secret) => secret !== '')
    .reduce((text, secret) => text.replaceAll(secret, '[secret]'), said);
  return `${quoteUntrusted(hidden, 200)} (status ${status})`;
}

function refused(reason: RefusalReason, detail: string): ExchangeOutcome {
  return { kind: 'refused', reason, detail };
}
