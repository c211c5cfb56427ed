/** Asks a running server, and looks at every answer and at the events that come meanwhile. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Findings } from './findings.ts';
import type { KnownIds, SelfTestRequest } from './requests.ts';

/** Milliseconds for one answer; a stream is read for as long as nothing new comes. */
const ANSWER_MS = 60_000;
const STREAM_MS = 300;

/** Longest wait for the first state of the long-lived stream, in milliseconds. */
const FIRST_STATE_MS = 5_000;

const STATE_EVENT = /^event: snapshot$/m;

/** Requests that are on their way at once. */
const AT_ONCE = 6;

/** One server that is asked. */
export interface ServerDriver {
  /** Sends the requests, several at once. */
  readonly send: (requests: readonly SelfTestRequest[]) => Promise<void>;
  /** Ids that the answers gave so far. */
  readonly ids: () => KnownIds;
  /** Ends the event stream and looks at it. */
  readonly stop: () => Promise<Driven>;
}

/** What was asked. */
export interface Driven {
  readonly requests: number;
  /** Whether the event stream brought a state; without one, that nothing was found in it says nothing. */
  readonly sawState: boolean;
  /** Answers by route and status: `GET /v1/resolve 200`. */
  readonly answers: ReadonlySet<string>;
}

/** Reads the events from now on. @param signal gives up */
export function openDriver(
  url: string,
  token: string,
  findings: Findings,
  signal: AbortSignal,
): ServerDriver {
  const answers = new Set<string>();
  const resolutions = new Map<string, string>();
  const logins = new Map<string, string>();
  const events = readEvents(url, token);
  let requests = 0;
  const ask = createAsk(url, findings, signal, (text) => {
    const [, kind, id] = /"(resolutionId|loginId)":\s*"([^"]+)"/.exec(text) ?? [];
    if (id !== undefined) (kind === 'loginId' ? logins : resolutions).set(id, text);
  });
  return {
    async send(waiting) {
      const rest = [...waiting];
      const work = async (): Promise<void> => {
        for (let request = rest.shift(); request !== undefined; request = rest.shift()) {
          if (signal.aborted) return;
          requests += 1;
          answers.add(await ask(request));
        }
      };
      await Promise.all(Array.from({ length: AT_ONCE }, work));
    },
    ids: () => ({ resolutions, logins }),
    async stop() {
      const text = await events.stop();
      findings.look('events', 'GET /v1/events', text);
      return { requests, answers, sawState: STATE_EVENT.test(text) };
    },
  };
}

function createAsk(
  url: string,
  findings: Findings,
  signal: AbortSignal,
  onAnswer: (text: string) => void,
): (request: SelfTestRequest) => Promise<string> {
  return async ({ route, method, target, headers, body, handsOut }) => {
    // A resolution id is long, and of no use to a reader.
    const where = `${method} ${target.replace(/\/rs_[^/]+/, '/…')}`;
    try {
      const response = await fetch(`${url}${target}`, {
        method,
        headers,
        redirect: 'manual',
        signal: AbortSignal.any([signal, AbortSignal.timeout(ANSWER_MS)]),
        ...(body === undefined ? {} : { body }),
      });
      const type = response.headers.get('content-type') ?? '';
      const isStream = /event-stream|ndjson/.test(type);
      const text = isStream ? await readFor(response, STREAM_MS) : await response.text();
      const head = JSON.stringify([...response.headers]);
      findings.look('answers that hand out nothing', `${where}, headers`, head);
      if (handsOut && response.ok) findings.use(text);
      else if (type.startsWith('text/plain') && response.ok) findings.look('metrics', where, text);
      else findings.look('answers that hand out nothing', `${where}, status ${response.status}`, text);
      if (response.ok) onAnswer(text);
      return `${route} ${response.status}`;
    } catch {
      return `${route} no answer`;
    }
  };
}

/** What a stream brings in that time. */
async function readFor(response: Response, milliseconds: number): Promise<string> {
  const reader = response.body?.getReader();
  if (reader === undefined) return '';
  const decoder = new TextDecoder();
  // One that broke meanwhile cannot be cancelled any more; whoever reads it is told.
  const cancel = (): void => void reader.cancel().catch(() => undefined);
  const timer = setTimeout(cancel, milliseconds);
  let text = '';
  try {
    for (let part = await reader.read(); !part.done; part = await reader.read()) {
      text += decoder.decode(part.value, { stream: true });
    }
  } finally {
    clearTimeout(timer);
  }
  return text;
}

/** Reads the events until it is told to stop. */
function readEvents(url: string, token: string): { readonly stop: () => Promise<string> } {
  const abort = new AbortController();
  let text = '';
  const seen = new AbortController();
  const reading = (async () => {
    try {
      const response = await fetch(`${url}/v1/events`, {
        headers: { authorization: `Bearer ${token}` },
        signal: abort.signal,
      });
      const decoder = new TextDecoder();
      const reader = response.body?.getReader();
      if (reader === undefined) return;
      for (let part = await reader.read(); !part.done; part = await reader.read()) {
        text += decoder.decode(part.value, { stream: true });
        if (!seen.signal.aborted && STATE_EVENT.test(text)) seen.abort();
      }
    } catch {
      // The end that was asked for, or a connection that broke.
    } finally {
      // Nothing more comes.
      seen.abort();
    }
  })();
  return {
    async stop() {
      await sleep(FIRST_STATE_MS, undefined, { signal: seen.signal }).catch(() => undefined);
      abort.abort();
      await reading;
      return text;
    },
  };
}
