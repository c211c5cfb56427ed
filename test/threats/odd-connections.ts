/** Connections that are no whole request: what somebody sends who wants to hold a server up, or to confuse it. */
import { head } from '../helpers/raw-http.ts';
import type { Aim } from './forged-requests.ts';

/** Beginnings of requests after which nothing more comes. */
export function halfRequests({ host, token }: Aim): readonly string[] {
  const bearer = `Authorization: Bearer ${token}`;
  const post = ['PUT /v1/default-model HTTP/1.1', host, bearer, 'Content-Type: application/json'] as const;
  return [
    'G',
    'GET /v1/resolve?model=acme/m HTTP/1.1',
    `GET /v1/resolve?model=acme/m HTTP/1.1\r\n${host}\r\n${bearer}`,
    `GET /v1/resolve?model=acme/m HTTP/1.1\r\n${host}\r\n${bearer}\r\n`,
    `${head(...post, 'Content-Length: 20')}{"model":"acme/m"}`,
    `${head(...post, 'Transfer-Encoding: chunked')}12\r\n{"model":"acme/m"}\r\n`,
    head(...post, 'Content-Length: 18', 'Expect: 100-continue'),
    '\u0016\u0003\u0001',
    'PRI * HTTP/2.0\r\n',
  ];
}
