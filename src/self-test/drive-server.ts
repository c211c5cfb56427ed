/** Asks a running server everything, and looks at every answer. */
import type { RouteDescription } from '../http/openapi/route-description.ts';
import type { Findings } from './findings.ts';
import { type RequestInput, requestsOf, type SelfTestRequest } from './requests.ts';

/** Milliseconds for one answer; a stream is read for as long as nothing new comes. */
const ANSWER_MS = 15_000;
const STREAM_MS = 300;

/** Requests that are on their way at once. */
const AT_ONCE = 6;

/** What was asked. */
export interface Driven {
  readonly requests: number;
  /** Answers by route and status: `GET /v1/resolve 200`. */
  readonly answers: ReadonlySet<string>;
}

/** Sends every request while the event stream is read. */
export async function driveServer(
  url: string,
  routes: readonly RouteDescription[],
  input: RequestInput,
  findings: Findings,
): Promise<Driven> {
  const answers = new Set<string>();
  const events = readEvents(url, input.token);
  const waiting = [...requestsOf(routes, input)];
  const requests = waiting.length;
  const work = async (): Promise<void> => {
    for (let request = waiting.shift(); request !== undefined; request = waiting.shift()) {
      answers.add(await ask(url, request, findings));
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  findings.look('events', 'GET /v1/events', await events.stop());
  return { requests, answers };
}

async function ask(url: string, request: SelfTestRequest, findings: Findings): Promise<string> {
  const { route, method, target, headers, body } = request;
  const where = `${method} ${target.replace(/(?<=[?&](?:token|key)=)\w+/, '…')}`;
  const abort = AbortSignal.timeout(ANSWER_MS);
  try {
    const response = await fetch(`${url}${target}`, {
      method,
      headers,
      redirect: 'manual',
      signal: abort,
      ...(body === undefined ? {} : { body }),
    });
    const type = response.headers.get('content-type') ?? '';
    const isStream = /event-stream|ndjson/.test(type);
    const text = isStream ? await readFor(response, STREAM_MS) : await response.text();
    const head = JSON.stringify([...response.headers]);
    findings.look('answers that hand out nothing', `${where}, headers`, head);
    if (request.handsOut && response.ok) findings.use(text);
    else if (type.startsWith('text/plain') && response.ok) findings.look('metrics', where, text);
    else findings.look('answers that hand out nothing', `${where}, status ${response.status}`, text);
    return `${route} ${response.status}`;
  } catch {
    return `${route} no answer`;
  }
}

/** What a stream brings in that time. */
async function readFor(response: Response, milliseconds: number): Promise<string> {
  const reader = response.body?.getReader();
  if (reader === undefined) return '';
  const decoder = new TextDecoder();
  const timer = setTimeout(() => void reader.cancel(), milliseconds);
  let text = '';
  for (let part = await reader.read(); !part.done; part = await reader.read()) {
    text += decoder.decode(part.value, { stream: true });
  }
  clearTimeout(timer);
  return text;
}

/** Reads the events until it is told to stop. */
function readEvents(url: string, token: string): { readonly stop: () => Promise<string> } {
  const abort = new AbortController();
  let text = '';
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
      }
    } catch {
      // The end that was asked for.
    }
  })();
  return {
    async stop() {
      abort.abort();
      await reading;
      return text;
    },
  };
}
