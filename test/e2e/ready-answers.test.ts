/** Answers that are ready go out below the router: nobody can tell, and nobody gets one past the guard. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { head, type RawAnswer, sendRaw } from '../helpers/raw-http.ts';
import { type Rig, startRig } from '../helpers/sidecar-rig.ts';

let rig: Rig;

beforeAll(async () => {
  rig = await startRig({
    files: { 'moltbot.json': { agents: { defaults: { model: 'openai/gpt-5' } } } },
    env: { OPENAI_API_KEY: 'sk-ready-0123456789', CLAWDBOT_SKIP_LOCAL_DISCOVERY: '1' },
  });
});
afterAll(() => rig.close());

const ask = (target: string, method = 'GET', ...lines: readonly string[]): Promise<RawAnswer> => {
  const { port, host } = new URL(rig.sidecar.url);
  const own = lines.length > 0 ? lines : [`Authorization: Bearer ${rig.token}`];
  return sendRaw(
    Number(port),
    head(`${method} ${target} HTTP/1.1`, `Host: ${host}`, 'Connection: close', ...own),
  );
};

const withoutDate = ({ headers }: RawAnswer) => ({ ...headers, date: undefined });

describe('an answer that is kept', () => {
  it.each(['/v1/resolve', '/v1/resolve?model=openai%2Fgpt-5', '/v1/resolve?provider=openai&model='])(
    '%s is byte for byte the answer of the router, headers too',
    async (target) => {
      const byRouter = await ask(target);
      const kept = await ask(target);
      expect(kept.status).toBe(200);
      expect(kept.body).toBe(byRouter.body);
      expect(withoutDate(kept)).toEqual(withoutDate(byRouter));
    },
  );

  it('shows nothing to one without the token, of another party, or with a wrong parameter', async () => {
    await ask('/v1/resolve');
    expect((await ask('/v1/resolve', 'GET', 'X: y')).status).toBe(401);
    expect((await ask('/v1/resolve', 'GET', `Authorization: Bearer ${rig.token}x`)).status).toBe(401);
    const bearer = `Authorization: Bearer ${rig.token}`;
    expect((await ask('/v1/resolve', 'GET', bearer, 'Origin: null')).status).toBe(403);
    expect((await ask('/v1/resolve?modle=x')).status).toBe(400);
    expect((await ask('/v1/resolve?model=a&model=b')).status).toBe(400);
  });

  it('HEAD has no body, and other methods no route', async () => {
    await ask('/v1/resolve');
    expect(await ask('/v1/resolve', 'HEAD')).toMatchObject({ status: 200, body: '' });
    expect((await ask('/v1/resolve', 'POST')).status).toBe(404);
  });
});
