/** A server that proves itself and then answers what a test says: for what no real one does on demand. */
import { onTestFinished } from 'vitest';
import { Secret } from '../../src/domain/secret.ts';
import { proofFor } from '../../src/http/liveness-proof.ts';
import { serveLocally } from '../helpers/local-server.ts';

/** As much of a state as tells that it is one. */
export const STATE = { revision: 1, providers: [] };

/**
 * `reset` breaks the connection; `stream` is sent as events, and then the connection breaks, in the way that a server
 * ends or that a lost one does; of what has only `begun` nothing more is sent but what follows later.
 */
export type Played =
  | 'reset'
  | { readonly status: number; readonly body: unknown }
  | { readonly stream: string; readonly isReset?: true }
  | { readonly begun: string; readonly later?: Promise<string> };

export interface PlayedServer {
  readonly url: string;
  readonly token: string;
  /** What was asked besides the proof, oldest first. */
  readonly asked: readonly unknown[];
  /** The `Last-Event-ID` of each of them. */
  readonly lastEventIds: readonly unknown[];
}

/** Starts it; the test's end stops it. Each request gets the next answer, and a reset when there are no more. */
export async function startPlayedServer(answers: readonly Played[]): Promise<PlayedServer> {
  const token = new Secret('played-token-0123456789');
  const asked: unknown[] = [];
  const lastEventIds: unknown[] = [];
  const url = await serveLocally((request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? '', 'http://localhost');
    if (pathname === '/livez') {
      const proof = proofFor(searchParams.get('challenge') ?? '', request.headers.host ?? '', token);
      response.end(JSON.stringify({ status: 'ok', proof }));
      return;
    }
    let text = '';
    request.setEncoding('utf8').on('data', (part: string) => {
      text += part;
    });
    request.on('end', () => {
      const { method, url, headers } = request;
      const answer = answers[asked.length] ?? 'reset';
      asked.push({ method, url, token: headers.authorization, body: text === '' ? null : JSON.parse(text) });
      lastEventIds.push(headers['last-event-id']);
      if (answer === 'reset') {
        request.socket.resetAndDestroy();
      } else if ('stream' in answer) {
        response.writeHead(200, { 'content-type': 'text/event-stream' });
        response.write(answer.stream, () => {
          if (answer.isReset === true) request.socket.resetAndDestroy();
          else request.socket.destroy();
        });
      } else if ('begun' in answer) {
        response.writeHead(200, { 'content-type': 'application/json' });
        response.write(answer.begun);
        void answer.later?.then((rest) => response.write(rest));
      } else {
        response.writeHead(answer.status, { 'content-type': 'application/json' });
        response.end(typeof answer.body === 'string' ? answer.body : JSON.stringify(answer.body));
      }
    });
  });
  return { url, token: token.reveal(), asked, lastEventIds };
}

/** What nobody caught from now to the end of the test: each would have ended a program that uses the client. */
export function watchUncaught(): readonly unknown[] {
  const uncaught: unknown[] = [];
  const note = (error: unknown): void => void uncaught.push(error);
  process.on('uncaughtException', note);
  onTestFinished(() => void process.off('uncaughtException', note));
  return uncaught;
}
