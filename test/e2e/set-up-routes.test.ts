/** Setting up over HTTP: state, connect, default model, each checked by the start-up validation first. */
import { readFile, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { createOwnStore } from '../../src/credentials/own-store.ts';
import { Secret } from '../../src/domain/secret.ts';
import { type Rig, startRig, type RigOptions } from '../helpers/sidecar-rig.ts';

const REF = 'nim/meta/llama-3.3-70b-instruct';

let rig: Rig | undefined;
afterEach(async () => {
  await rig?.close();
  rig = undefined;
});

async function start(options: RigOptions = {}) {
  const started = await startRig(options);
  rig = started;
  const send = async (method: string, path: string, body?: unknown, type = 'application/json') => {
    const response = await fetch(`${started.sidecar.url}${path}`, {
      method,
      headers: {
        authorization: `Bearer ${started.token}`,
        ...(body === undefined ? {} : { 'content-type': type }),
      },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    const answer: unknown = await response.json();
    return { status: response.status, body: answer };
  };
  return { started, send };
}

const withKey = { env: { NVIDIA_API_KEY: 'nvapi-canary-0123456789' } };
const settingsOf = ({ stateDir }: Rig) =>
  readFile(join(stateDir, 'sidecar/sidecar.json5'), 'utf8').catch(() => null);

describe('GET /v1/setup/:provider', () => {
  it('tells state and models, and no secret', async () => {
    const { send } = await start(withKey);
    const { status, body } = await send('GET', '/v1/setup/NIM');
    expect(status).toBe(200);
    expect(body).toMatchObject({
      provider: { id: 'nim', name: 'NVIDIA NIM', origin: 'catalog' },
      auth: { mode: 'api-key', source: 'env: NVIDIA_API_KEY', status: 'satisfied' },
      defaultModel: null,
      connected: false,
    });
    expect(JSON.stringify(body)).toContain(`"ref":"${REF}"`);
    expect(JSON.stringify(body)).not.toContain('nvapi');
  });

  it('is 404 for a provider that nothing defines', async () => {
    const { send } = await start();
    expect(await send('GET', '/v1/setup/nimm')).toMatchObject({
      status: 404,
      body: { code: 'unknown-provider' },
    });
  });
});

describe('POST /v1/setup/:provider', () => {
  it('makes the model the default of the settings and of the server, at once; persist writes .env', async () => {
    const { send, started } = await start(withKey);
    const answer = await send('POST', '/v1/setup/nim', {
      model: 'meta/llama-3.3-70b-instruct',
      persist: true,
    });
    expect(answer).toMatchObject({
      status: 200,
      body: {
        defaultModel: { ref: REF, source: 'sidecar.json5: defaultModel' },
        inForce: true,
        line: `Health: OK (provider=nim, model=meta/llama-3.3-70b-instruct, ctx=131072, authMode=api-key)`,
        envFile: join(started.home, '.env'),
      },
    });
    expect(await readFile(join(started.home, '.env'), 'utf8')).toBe(
      `JAATO_PROVIDER=nim\nMODEL_NAME=${REF}\n`,
    );
    expect((await send('GET', '/v1/resolve')).body).toMatchObject({ model: { ref: REF } });
    expect((await send('GET', '/v1/setup/nim')).body).toMatchObject({ connected: true });
  });

  it('an .env that cannot be written is told beside what was done, as nothing is half an error', async () => {
    const { send, started } = await start(withKey);
    await symlink('/dev/null', join(started.home, '.env'));
    expect(await send('POST', '/v1/setup/nim', { model: REF, persist: true })).toMatchObject({
      status: 200,
      body: { inForce: true, envFile: null, problem: { code: 'not-permitted' } },
    });
    expect(await settingsOf(started)).toContain(REF);
  });

  it('saves the one spelling of a reference, and finds its own in any', async () => {
    const { send, started } = await start(withKey);
    const spelt = REF.replace('nim/', 'NIM/');
    const answer = await send('POST', '/v1/setup/nim', { model: spelt });
    expect(answer).toMatchObject({ status: 200, body: { inForce: true, defaultModel: { ref: REF } } });
    expect(await settingsOf(started)).toContain(`'${REF}'`);
    expect(await send('PUT', '/v1/default-model', { model: spelt })).toMatchObject({
      status: 200,
      body: { inForce: true, defaultModel: { ref: REF } },
    });
  });

  it('a default model in another spelling belongs to the provider all the same', async () => {
    const { send } = await start({ ...withKey, flags: { defaultModel: REF.replace('nim/', 'NIM/') } });
    expect((await send('GET', '/v1/setup/nim')).body).toMatchObject({ connected: true });
    expect((await send('PUT', '/v1/default-model', { model: REF })).body).toMatchObject({ inForce: true });
  });

  it('counts a key that was stored a moment ago', async () => {
    const { send, started } = await start();
    const store = createOwnStore({
      path: join(started.stateDir, 'sidecar/auth-profiles.json'),
      clock: Date.now,
    });
    expect(await send('POST', '/v1/setup/nim', { model: REF })).toMatchObject({
      status: 424,
      body: { code: 'no-auth' },
    });
    await store.put('nim:default', { type: 'api_key', provider: 'nim', key: new Secret('nvapi-x') });
    expect(await send('POST', '/v1/setup/nim', { model: REF })).toMatchObject({ status: 200 });
  });

  it.each([
    [{ model: 'no/such' }, 404, 'unknown-model'],
    [{}, 400, 'bad-request'],
    [{ model: ' ' }, 400, 'bad-request'],
    [{ model: REF, persist: 'yes' }, 400, 'bad-request'],
    [{ model: REF, persits: true }, 400, 'bad-request'],
    ['{', 400, 'bad-request'],
    ['[]', 400, 'bad-request'],
  ])('%j is refused and changes nothing', async (body, status, code) => {
    const { send, started } = await start(withKey);
    expect(await send('POST', '/v1/setup/nim', body)).toMatchObject({ status, body: { code } });
    expect(await settingsOf(started)).toBeNull();
  });
});

describe('PUT /v1/default-model', () => {
  it('is validated by the start-up check first', async () => {
    const { send, started } = await start(withKey);
    expect(await send('PUT', '/v1/default-model', { model: 'openai/gpt-5' })).toMatchObject({
      status: 424,
      body: { code: 'no-auth' },
    });
    expect(await settingsOf(started)).toBeNull();
    expect(await send('PUT', '/v1/default-model', { model: REF })).toMatchObject({
      status: 200,
      body: { inForce: true },
    });
  });

  it('keeps the comments of sidecar.json5, and leaves a file alone that it cannot edit', async () => {
    const files = { 'sidecar/sidecar.json5': '{\n  // ours\n  minContextWindow: 0, // any\n}\n' };
    const { send, started } = await start({ ...withKey, files });
    await send('PUT', '/v1/default-model', { model: REF });
    expect(await settingsOf(started)).toBe(
      `{\n  defaultModel: '${REF}',\n  // ours\n  minContextWindow: 0, // any\n}\n`,
    );
    await started.write('sidecar/sidecar.json5', '{ broken');
    expect(await send('PUT', '/v1/default-model', { model: REF })).toMatchObject({
      status: 503,
      body: { code: 'config-invalid', detail: expect.stringContaining('is not valid JSON5: ') },
    });
    expect(await settingsOf(started)).toBe('{ broken');
  });

  it('a flag beats the settings, and the answer says that the wish is not in force', async () => {
    const { send } = await start({ ...withKey, flags: { defaultModel: 'nim/deepseek/deepseek-r1' } });
    expect(await send('PUT', '/v1/default-model', { model: REF })).toMatchObject({
      status: 200,
      body: {
        inForce: false,
        defaultModel: { ref: 'nim/deepseek/deepseek-r1', source: 'flag --default-model' },
      },
    });
  });

  it('takes application/json only, and no more than 64 KiB', async () => {
    const { send } = await start(withKey);
    const put = (body: string, type: string) => send('PUT', '/v1/default-model', body, type);
    const good = JSON.stringify({ model: REF });
    expect(await put(good, 'text/plain')).toMatchObject({ status: 415, body: { code: 'bad-request' } });
    expect(await put(good, 'application/json-patch+json')).toMatchObject({ status: 415 });
    expect(await put(' '.repeat(70_000), 'application/json')).toMatchObject({ status: 413 });
    expect(await put(good, 'application/json; charset=utf-8')).toMatchObject({ status: 200 });
  });
});
