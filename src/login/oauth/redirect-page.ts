/**
 * What the browser shows after a login. The texts are constants: nothing of a request is ever in them.
 */
import type { ServerResponse } from 'node:http';

/** What to tell the person in front of the browser. */
export type RedirectPage = 'done' | 'failed' | 'not-ours';

const TEXTS: Readonly<Record<RedirectPage, readonly [title: string, text: string]>> = {
  done: ['You are logged in', 'You can close this window and go back to your program.'],
  failed: ['The login did not succeed', 'Go back to your program: it says why.'],
  'not-ours': ['Nothing to see here', 'This request does not belong to the login that is waiting.'],
};

/** The page may run, load, send and be framed by nothing; its address holds a code and is passed on to nobody. */
const HEADERS: Readonly<Record<string, string>> = {
  'content-type': 'text/html; charset=utf-8',
  'cache-control': 'no-store',
  'content-security-policy':
    "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; sandbox",
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  connection: 'close',
};

/** Answers with a page and closes the connection. One whose reader has gone is fine. */
export function sendRedirectPage(response: ServerResponse, status: number, page: RedirectPage): void {
  const [title, text] = TEXTS[page];
  const body = `<!doctype html>\n<html lang="en"><meta charset="utf-8"><title>${title}</title><h1>${title}</h1><p>${text}</p></html>\n`;
  response.writeHead(status, {
    ...HEADERS,
    'content-length': String(Buffer.byteLength(body)),
    ...(status === 405 ? { allow: 'GET' } : {}),
  });
  response.end(body);
}
