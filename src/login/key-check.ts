/**
 * Whether a provider takes a key, found out without running a model. The server is first asked without the key:
 * a wrong address never sees it, and a list that answers anybody is not taken for proof.
 */
import * as z from 'zod';
import { isPrivateHost } from '../domain/private-host.ts';
import type { Secret } from '../domain/secret.ts';
import { quoteUntrusted } from '../domain/untrusted-text.ts';
import type { Ask, AskAnswer } from './ask-provider.ts';
import { type KeyServer, listUrl, modelUrl } from './key-target.ts';

/** Why nothing could be found out. */
export type NoProof = 'unreachable' | 'wrong-answer' | 'inconclusive';

/** The verdict on a key. Details name the server and its answer, never the key. */
export type KeyCheck =
  | { readonly kind: 'valid'; readonly detail: string }
  | { readonly kind: 'invalid'; readonly detail: string }
  | { readonly kind: 'limited'; readonly detail: string }
  | { readonly kind: 'unverified'; readonly reason: NoProof; readonly detail: string }
  /** A server of one's own that answers without a key. */
  | { readonly kind: 'not-needed'; readonly detail: string };

/** What a request without a key came to. */
export type KeylessCheck =
  | { readonly kind: 'open'; readonly detail: string; readonly rows: ListedRows }
  /** `at` is the route that wants it. A list that answers anybody can tell nothing about a key. */
  | { readonly kind: 'wants-key'; readonly at: 'list'; readonly detail: string }
  | { readonly kind: 'wants-key'; readonly at: 'models'; readonly detail: string; readonly rows: ListedRows }
  | { readonly kind: 'limited'; readonly detail: string }
  | { readonly kind: 'unverified'; readonly reason: NoProof; readonly detail: string };

/** The rows of a list as they came, nothing of them believed yet; null where the answer is a list of another form. */
export type ListedRows = readonly unknown[] | null;

/** What lists look like: OpenAI's and Anthropic's `data`, Google's `models`, a bare list, one key's own facts. */
const listSchema = z.union([
  z.array(z.unknown()),
  z.looseObject({ data: z.union([z.array(z.unknown()), z.looseObject({})]) }),
  z.looseObject({ models: z.array(z.unknown()) }),
]);

const rowsSchema = z.looseObject({ data: z.array(z.unknown()) });

/** The rows of an answer to the question for the models; null where it is none. */
export function listedRows(answer: AskAnswer): ListedRows {
  if (answer.kind !== 'answer' || answer.status !== 200) return null;
  return rowsSchema.safeParse(answer.json).data?.data ?? null;
}

/** Google answers a wrong key with 400, and says why in the body. */
const googleErrorSchema = z.looseObject({
  error: z.looseObject({ details: z.array(z.looseObject({ reason: z.string().optional() })).optional() }),
});

/**
 * Asks the server for its models without any credential. A server of one's own that lists them is also asked
 * whether they may be used: with an empty body, on which no model can run.
 */
export async function checkKeyless(server: KeyServer, ask: Ask): Promise<KeylessCheck> {
  const url = listUrl(server);
  if (url === undefined) return noRoute(server);
  const answer = await ask({ method: 'GET', url, headers: server.headersFor(null) });
  const verdict = judge(answer, server, `GET ${url}`);
  switch (verdict.kind) {
    case 'accepted':
      if (server.maybeKeyless) return askModels(server, ask, verdict.detail, listedRows(answer));
      return { kind: 'open', detail: verdict.detail, rows: listedRows(answer) };
    case 'refused':
      return { kind: 'wants-key', at: 'list', detail: verdict.detail };
    case 'limited':
    case 'unverified':
      return verdict;
  }
}

/** The models' route may want the key that the list does not. */
async function askModels(
  server: KeyServer,
  ask: Ask,
  listed: string,
  rows: ListedRows,
): Promise<KeylessCheck> {
  const open: KeylessCheck = { kind: 'open', detail: listed, rows };
  const url = modelUrl(server);
  if (url === undefined) return open;
  const answer = await ask({ method: 'POST', url, headers: server.headersFor(null), body: '{}' });
  if (answer.kind === 'unreachable' || !isRefusal(answer.status)) return open;
  return { kind: 'wants-key', at: 'models', detail: `POST ${url} answered ${answer.status}`, rows };
}

/** Checks a key. Never runs a model, never follows a redirect, sends the key to this server only. */
export async function checkKey(server: KeyServer, key: Secret, ask: Ask): Promise<KeyCheck> {
  const url = listUrl(server);
  if (url === undefined) return noRoute(server);
  const without = await checkKeyless(server, ask);
  switch (without.kind) {
    case 'unverified':
      return without;
    case 'open':
      if (server.maybeKeyless) return { kind: 'not-needed', detail: without.detail };
      return checkAtModel(server, key, ask);
    case 'wants-key':
    case 'limited': {
      if (server.maybeKeyless && isPublicHttp(server)) return notOverHttp(server);
      if (without.kind === 'wants-key' && without.at === 'models') return checkAtModel(server, key, ask);
      const answer = await ask({ method: 'GET', url, headers: server.headersFor(key) });
      return toKeyCheck(judge(answer, server, `GET ${url}`));
    }
  }
}

/** What anybody between here and there could read. */
function isPublicHttp({ baseUrl }: KeyServer): boolean {
  const url = URL.canParse(baseUrl) ? new URL(baseUrl) : undefined;
  return url?.protocol === 'http:' && !isPrivateHost(url.hostname);
}

function notOverHttp({ baseUrl }: KeyServer): KeyCheck {
  const detail = `no key is sent over http to ${baseUrl}, which is not in a private network: use https`;
  return { kind: 'unverified', reason: 'inconclusive', detail };
}

/** The list is public, so the models' own route is asked with a body that no model can run on. */
async function checkAtModel(server: KeyServer, key: Secret, ask: Ask): Promise<KeyCheck> {
  const url = modelUrl(server);
  const inconclusive = (why: string): KeyCheck => ({
    kind: 'unverified',
    reason: 'inconclusive',
    detail: `The list of models at ${server.baseUrl} answers anybody, and ${why}`,
  });
  if (url === undefined) return inconclusive('there is no other route to check a key at');
  const send = (credential: Secret | null): Promise<AskAnswer> =>
    ask({ method: 'POST', url, headers: server.headersFor(credential), body: '{}' });
  const [without, withKey] = [await send(null), await send(key)];
  const verdict = judge(withKey, server, `POST ${url}`);
  if (verdict.kind === 'refused' || verdict.kind === 'limited') return toKeyCheck(verdict);
  if (withKey.kind === 'unreachable') return toKeyCheck(verdict);
  const opens = without.kind === 'answer' && isRefusal(without.status);
  if (opens && (withKey.status === 400 || withKey.status === 422)) {
    return {
      kind: 'valid',
      detail: `${url} answers ${withKey.status} with the key and ${without.status} without`,
    };
  }
  return inconclusive(`an empty request with the key came to status ${withKey.status}`);
}

type Verdict =
  | { readonly kind: 'accepted'; readonly detail: string }
  | { readonly kind: 'refused'; readonly detail: string }
  | { readonly kind: 'limited'; readonly detail: string }
  | { readonly kind: 'unverified'; readonly reason: NoProof; readonly detail: string };

function judge(answer: AskAnswer, { api }: KeyServer, request: string): Verdict {
  if (answer.kind === 'unreachable') {
    return { kind: 'unverified', reason: 'unreachable', detail: `${request}: ${answer.detail}` };
  }
  const { status, contentType, json } = answer;
  const detail = `${request} answered ${status}`;
  if (isRefusal(status)) return { kind: 'refused', detail };
  if (status === 402 || status === 429) return { kind: 'limited', detail };
  if (status === 400 && api === 'google-generative-ai' && saysKeyInvalid(json))
    return { kind: 'refused', detail };
  if (status === 200 && listSchema.safeParse(json).success) return { kind: 'accepted', detail };
  const type = contentType === '' ? '' : ` with ${quoteUntrusted(contentType, 40)}`;
  return { kind: 'unverified', reason: 'wrong-answer', detail: `${detail}${type}` };
}

function isRefusal(status: number): boolean {
  return status === 401 || status === 403;
}

function saysKeyInvalid(json: unknown): boolean {
  const details = googleErrorSchema.safeParse(json).data?.error.details ?? [];
  return details.some(({ reason }) => reason === 'API_KEY_INVALID');
}

function toKeyCheck(verdict: Verdict): KeyCheck {
  switch (verdict.kind) {
    case 'accepted':
      return { kind: 'valid', detail: verdict.detail };
    case 'refused':
      return { kind: 'invalid', detail: verdict.detail };
    case 'limited':
    case 'unverified':
      return verdict;
  }
}

function noRoute({ displayName }: KeyServer): Extract<KeyCheck, { kind: 'unverified' }> {
  return {
    kind: 'unverified',
    reason: 'inconclusive',
    detail: `${displayName} has no request that would check a key without running a model`,
  };
}
