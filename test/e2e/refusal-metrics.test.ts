/** What the guard refuses is counted by its code, and by nothing that whoever sends it could choose. */
import { join } from 'node:path';
import * as fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createCallerTokenStore } from '../../src/credentials/caller-tokens.ts';
import { systemClock } from '../../src/platform/clock.ts';
import { head, sendRaw } from '../helpers/raw-http.ts';
import { type Rig, startRig } from '../helpers/sidecar-rig.ts';

let rig: Rig;
beforeAll(async () => {
  rig = await startRig({
    files: { 'moltbot.json': { agents: { defaults: { model: 'openai/gpt-5' } } } },
    env: { OPENAI_API_KEY: 'sk-refused-0123456789', CLAWDBOT_SKIP_LOCAL_DISCOVERY: '1' },
  });
});
afterAll(() => rig.close());

const NAME = 'provider_sidecar_requests_refused_total';

/** The counter: labels as they are written → number. */
async function refusals(): Promise<Record<string, number>> {
  const { text } = await rig.ask('/metrics');
  const lines = text.split('\n').filter((line) => line.startsWith(`${NAME}{`));
  return Object.fromEntries(
    lines.map((line) => [line.slice(NAME.length, line.indexOf(' ')), Number(line.split(' ')[1])]),
  );
}

const send = (text: string) => sendRaw(Number(new URL(rig.sidecar.url).port), text);

it('requests that the guard refuses are counted by code, each once, also those that never became a request', async () => {
  const host = `Host: ${new URL(rig.sidecar.url).host}`;
  const bearer = `Authorization: Bearer ${rig.token}`;
  const store = createCallerTokenStore(join(rig.stateDir, 'sidecar/tokens.json'), systemClock);
  const scope = { providers: ['ollama'], models: null, secrets: true };
  const { token } = await store.create({ name: 'limited', scope, lifeMs: null });
  await rig.ask('/v1/tokens');
  expect(await refusals()).toEqual({});

  await send(head('GET /v1/resolve HTTP/1.1', host));
  await send(head('GET /v1/resolve HTTP/1.1', host, `${bearer}x`));
  await send(head('GET /v1/resolve HTTP/1.1', 'Host: evil.example', bearer));
  await send(head('GET /v1/resolve HTTP/1.1', host, bearer, 'Origin: null'));
  await send(head('GET /v1/resolve HTTP/1.1', host, bearer, 'Via: 1.1 x'));
  await send(head('GET /v1/resolve HTTP/1.1', host, `Authorization: Bearer ${token.secret.reveal()}`));
  await send(head('GET //v1/resolve HTTP/1.1', host, bearer));
  await send('no request at all\r\n\r\n');
  await send(head('CONNECT evil.example:443 HTTP/1.1', host, bearer));
  await send(head('POST /v1/logins HTTP/1.1', host, bearer, 'Content-Length: 70000'));
  // Past the guard: what a route answers is not counted here.
  expect((await rig.ask('/v1/nothing')).status).toBe(404);
  expect((await rig.ask('/v1/resolve?modle=x')).status).toBe(400);
  expect(await refusals()).toEqual({
    '{code="unauthorized"}': 2,
    '{code="host-not-allowed"}': 1,
    '{code="origin-not-allowed"}': 1,
    '{code="forwarded-not-allowed"}': 1,
    '{code="scope-not-allowed"}': 1,
    '{code="bad-request"}': 4,
  });
});

it('no request makes another value of the label: "bounded label values"', async () => {
  const word = fc.stringMatching(/^[!-~]{1,20}$/);
  await fc.assert(
    fc.asyncProperty(word, word, word, async (method, target, value) => {
      await send(head(`${method} /${target} HTTP/1.1`, `Host: ${value}`, `X-Code: ${value}`));
    }),
    { numRuns: 50 },
  );
  const codes = Object.keys(await refusals());
  expect(codes.length).toBeGreaterThan(1);
  for (const code of codes) {
    expect(code).toMatch(
      /^\{code="(?:bad-request|unauthorized|(?:host|origin|forwarded|scope)-not-allowed)"\}$/,
    );
  }
});
