/** JSON answers that are made once and leave many times, without a Request and a Response for each. */
import type { ServerResponse } from 'node:http';

/** Header lines of every JSON answer. */
export const JSON_HEADERS = { 'content-type': 'application/json', 'cache-control': 'no-store' } as const;

/** A JSON answer as it leaves. */
export interface ReadyBody {
  readonly text: string;
  readonly headers: Readonly<Record<string, string | number>>;
  /** Text of nothing but ASCII is the same bytes in both; in Latin-1 node need not look for others. */
  readonly encoding: 'latin1' | 'utf8';
}

/** Prepares an answer. */
export function toReadyBody(text: string): ReadyBody {
  const bytes = Buffer.byteLength(text);
  return {
    text,
    headers: { ...JSON_HEADERS, 'content-length': bytes },
    encoding: bytes === text.length ? 'latin1' : 'utf8',
  };
}

/** Sends it with status 200. */
export function sendReady(response: ServerResponse, { text, headers, encoding }: ReadyBody): void {
  response.writeHead(200, headers);
  response.end(text, encoding);
}
