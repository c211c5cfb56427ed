/**
 * What a self-hosted NIM server says of itself: whether it wants a key, and which models it has. It is asked without
 * one at the start and now and then; one that wants a key is asked for its list with the key that a request would
 * carry. The hosted service is never asked.
 */
import { isDeepStrictEqual } from 'node:util';
import { readNimSettings } from '../credentials/nim-settings.ts';
import { toServedListing } from '../discovery/runtimes/served-models.ts';
import { NIM_SERVICE } from '../domain/nim-service.ts';
import { type Ask, createAsk } from '../login/ask-provider.ts';
import { checkKeyless, listedRows, type ListedRows } from '../login/key-check.ts';
import { type KeyServer, listUrl } from '../login/key-target.ts';
import type { Environment } from '../platform/paths.ts';
import { type ListedModel, NIM_NOT_ASKED, type NimServer } from '../resolution/catalog/own-catalog.ts';
import { resolve } from '../resolution/resolve.ts';
import { createSnapshot } from '../resolution/create-snapshot.ts';
import type { Snapshot } from '../resolution/snapshot.ts';

/** How often a self-hosted server is asked again, in milliseconds. */
const ASK_EVERY_MS = 5_000;

/** One question in so many is asked with the key too: a wrong one should not be shown all the time. */
const WITH_KEY_EACH = 12;

/** Short: the start of the server waits for it once. */
const LIMITS = { timeoutMs: 1_000, maxBytes: 1024 * 1024 } as const;

/** Asks the server that the environment names, without a key; nothing at once where it names none of one's own. */
export async function askNimServer(env: Environment, ask: Ask = createAsk(LIMITS)): Promise<NimServer> {
  const server = ownServer(env);
  if (server === undefined) return NIM_NOT_ASKED;
  const answer = await checkKeyless(server, ask);
  if (answer.kind !== 'open' && answer.kind !== 'wants-key') return NIM_NOT_ASKED;
  return { access: answer.kind, listed: 'rows' in answer ? toListed(answer.rows) : null };
}

/**
 * Asks for the list with the credential that a request for the provider would carry now; null where it would carry
 * none, where only a command knows it, or where that opens no list. Runs nothing and waits for nothing else.
 *
 * @param now Unix milliseconds
 */
export async function askNimListWithKey(
  snapshot: Snapshot,
  now: number,
  ask: Ask = createAsk(LIMITS),
): Promise<NimServer['listed']> {
  const server = ownServer(snapshot.env);
  const url = server === undefined ? undefined : listUrl(server);
  if (server === undefined || url === undefined) return null;
  // A container that discovery found is another server, and wants no key.
  const own = createSnapshot({ ...snapshot, findings: [], modelsJson: { kind: 'missing' } });
  const outcome = await resolve(own, { provider: NIM_SERVICE.id, wait: false }, now);
  if (outcome.kind === 'failed') return null;
  const { baseUrl, auth, headers } = outcome.resolution;
  if (baseUrl !== server.baseUrl || auth.mode === 'none' || auth.mode === 'aws-sdk') return null;
  return toListed(listedRows(await ask({ method: 'GET', url, headers })));
}

/** The server that the environment names, where it is one of one's own and can be asked. */
function ownServer(env: Environment): KeyServer | undefined {
  const { baseUrl, selfHosted, defects } = readNimSettings(env);
  if (!selfHosted || defects.length > 0) return undefined;
  return {
    kind: 'server',
    provider: NIM_SERVICE.id,
    displayName: NIM_SERVICE.name,
    baseUrl,
    api: 'openai-completions',
    headersFor: () => ({}),
    maybeKeyless: true,
    models: [],
  };
}

/** Read with the care that the list of a container gets which discovery finds. */
function toListed(rows: ListedRows): NimServer['listed'] {
  const listing = rows === null ? null : toServedListing(rows, false);
  if (listing === null || listing.kind !== 'listed') return null;
  const byId = new Map(listing.models.map((model) => [model.id, model]));
  return [...byId.values()].map(({ id, contextWindow, contextWindowSource }): ListedModel => {
    return contextWindowSource === 'loaded' ? { id, contextWindow } : { id };
  });
}

/** What the watch needs. */
export interface NimAccessOptions {
  /** The variables that count now. */
  readonly env: () => Environment;
  readonly onChange: (server: NimServer) => void;
  /** What was found at the start. */
  readonly first: NimServer;
  /** Asks for the list with the key that counts now. */
  readonly listWithKey: () => Promise<NimServer['listed']>;
  readonly everyMs?: number;
  /** @default one that gives up soon */
  readonly ask?: Ask;
}

/** A watch that is running. */
export interface NimAccessWatch {
  /**
   * Forgets what was said and asks at once when the variables lead to another server than before. Asks at once, too,
   * while a list is missing that a key may open: there may be one now.
   */
  readonly changed: () => void;
  /** Asks now; resolves when what was said has been passed on. */
  readonly refresh: () => Promise<void>;
  readonly close: () => void;
}

/** Keeps asking. What a server that is away for a moment has said stays. */
export function watchNimAccess(options: NimAccessOptions): NimAccessWatch {
  const { env, onChange, first, listWithKey, everyMs, ask = createAsk(LIMITS) } = options;
  let place = readNimSettings(env()).baseUrl;
  let last = first;
  let queue = Promise.resolve();
  let waiting = 0;
  let rounds = 0;
  let closed = false;
  // At once, and not with the next answer: what one server said must send no key to another.
  const noticeMove = (): boolean => {
    const { baseUrl } = readNimSettings(env());
    if (baseUrl === place) return false;
    place = baseUrl;
    const known = last.access !== 'unknown';
    last = NIM_NOT_ASKED;
    if (known) onChange(NIM_NOT_ASKED);
    return true;
  };
  const look = async (withKey: boolean): Promise<void> => {
    if (closed) return;
    noticeMove();
    const asked = place;
    const { access, listed } = await askNimServer(env(), ask);
    // No key counts for a server before it is known here that it wants one.
    const mayOpen = withKey && access === 'wants-key' && listed === null && last.access === access;
    const opened = mayOpen && asked === place && !closed ? await listWithKey() : null;
    if (closed) return;
    noticeMove();
    if (asked !== place) return look(withKey);
    if (access === 'unknown') return;
    const next = { access, listed: opened ?? listed ?? last.listed };
    if (isDeepStrictEqual(next, last)) return;
    last = next;
    onChange(next);
  };
  const enqueue = (withKey: boolean): Promise<void> => {
    waiting += 1;
    queue = queue
      .then(() => look(withKey))
      .finally(() => {
        waiting -= 1;
      });
    return queue;
  };
  const timer = setInterval(() => {
    if (waiting > 0) return;
    void enqueue(rounds % WITH_KEY_EACH === 0);
    rounds += 1;
  }, everyMs ?? ASK_EVERY_MS);
  timer.unref();
  return {
    changed: () => {
      const lacksList = last.access === 'wants-key' && last.listed === null;
      // One that waits sees this change too.
      if ((noticeMove() || lacksList) && waiting < 2) void enqueue(true);
    },
    refresh: () => enqueue(true),
    close: () => {
      closed = true;
      clearInterval(timer);
    },
  };
}
