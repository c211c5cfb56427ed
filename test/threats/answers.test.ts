/** What comes back over the wire: one answer for one request, nothing for a page, and an end to endless headers. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { expectRefusal } from '../http/guarded-server.ts';
import { head } from '../helpers/raw-http.ts';
import { startTarget, type Target } from './target.ts';

let target: Target;
beforeAll(async () => {
  target = await startTarget();
});
afterAll(() => target.close());

it('threat 4: no answer has a CORS header, also none that is given', async () => {
  for (const line of [
    'GET /livez',
    'OPTIONS /livez',
    'OPTIONS /v1/resolve',
    'GET /v1/resolve?model=acme/m',
    'GET /nothing',
  ]) {
    const asked = head(`${line} HTTP/1.1`, target.host, target.bearer, 'Connection: close');
    expect((await target.send(asked)).text).not.toMatch(/access-control/i);
  }
});

it('threat 20: smuggling behind a request that is let in: what two readers would end at two places is refused', async () => {
  const { host, bearer } = target;
  const hidden = head('GET /v1/resolve?model=acme/m HTTP/1.1', host, bearer);
  // A body for either reader: empty by its chunks, and all the rest by its length.
  const body = `0\r\n\r\n${hidden}`;
  const length = `Content-Length: ${body.length}`;
  for (const lines of [
    [length, 'Transfer-Encoding: chunked'],
    ['Transfer-Encoding: chunked', length],
    [length, 'Transfer-Encoding: chunked', 'Transfer-Encoding: identity'],
    ['Content-Length: 0', length],
    ['Transfer-Encoding: xchunked'],
    ['X: a\nTransfer-Encoding: chunked'],
    ['Transfer-Encoding : chunked'],
  ]) {
    const answer = await target.send(head('POST /v1/nothing HTTP/1.1', host, bearer, ...lines) + body);
    expect([lines, answer.status]).toEqual([lines, 400]);
    expect(answer.text.match(/HTTP\/1\.1 \d+/g)).toHaveLength(1);
    target.expectNoSecret(answer.text);
  }
  await target.expectUnharmed();
});

it('threat 20: headers without end: more than 16 KiB are cut off, in one line or in many', async () => {
  for (const lines of [
    [`X: ${'x'.repeat(17_000)}`],
    Array.from({ length: 500 }, () => `X-Line: ${'y'.repeat(40)}`),
  ]) {
    const asked = head('GET /livez HTTP/1.1', target.host, target.bearer, ...lines);
    expectRefusal(await target.send(asked), 431, 'bad-request');
  }
});
