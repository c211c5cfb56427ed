/** How a request to a provider leaves this machine. */
import { once } from 'node:events';
import http from 'node:http';
import https from 'node:https';
import { expect, it, onTestFinished } from 'vitest';
import { createAsk } from '../../src/login/ask-provider.ts';
import { freePort } from '../helpers/free-port.ts';

it('"uses no proxy": not the shared agents either, which Node.js sends through the one that variables name', async () => {
  const server = http.createServer((_request, response) => response.end('{"direct":true}'));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' ? address?.port : undefined;
  const shared = [http.globalAgent, https.globalAgent] as const;
  const proxied: string[] = [];
  http.globalAgent = new http.Agent();
  https.globalAgent = new https.Agent();
  for (const agent of [http.globalAgent, https.globalAgent]) {
    agent.createConnection = () => {
      proxied.push('connected');
      throw new Error('the proxy was asked');
    };
  }
  onTestFinished(() => {
    [http.globalAgent, https.globalAgent] = shared;
    server.close();
  });
  const ask = createAsk();
  const headers = { authorization: 'Bearer secret' };
  expect(await ask({ method: 'GET', url: `http://127.0.0.1:${port}/models`, headers })).toMatchObject({
    kind: 'answer',
    json: { direct: true },
  });
  expect(
    await ask({ method: 'GET', url: `https://127.0.0.1:${await freePort()}/models`, headers }),
  ).toMatchObject({ kind: 'unreachable', detail: 'connection refused' });
  expect(proxied).toEqual([]);
});
