import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { gpt4All } from '../../../src/discovery/runtimes/gpt4all.ts';
import { readTextFile } from '../../../src/platform/files.ts';
import { startFakeGpt4All } from '../../helpers/fakes/gpt4all.ts';
import { stopLater, temporaryFolder } from '../rig.ts';
import { fixture, scanAs, startReplay } from './replay.ts';

const LIST = 'GET /v1/models';

describe('GPT4All', () => {
  it('is told by the owner of its models; hosted ones are left out', async () => {
    const fake = await startReplay({ [LIST]: fixture('gpt4all/3.9-from-source/v1-models.json') });
    const { endpoint, report, readModels } = await scanAs('gpt4all', fake);
    expect(endpoint).toMatchObject({ state: 'up', runtime: 'gpt4all' });
    expect(endpoint.models).toMatchObject([
      { id: 'Llama 3 8B Instruct', contextWindow: 4_096, contextWindowSource: 'assumed' },
    ]);
    expect(report.leftOut).toMatchObject([
      { provider: 'gpt4all', model: 'ChatGPT-4', reason: expect.stringContaining('hosted') },
    ]);
    expect(await readModels()).toMatchObject({ gpt4all: { baseUrl: `${fake.url}/v1`, auth: 'none' } });
  });

  it('"an empty 401 means the server setting is off": an error with that setting, no demand for a key', async () => {
    const fake = stopLater(await startFakeGpt4All({ isOff: true }));
    const { endpoint } = await scanAs('gpt4all', fake);
    expect(endpoint).toMatchObject({ state: 'error', models: [] });
    expect(endpoint.hint).toContain('Enable Local API Server');
  });

  it('that is switched on while it is watched comes up', async () => {
    const fake = stopLater(await startFakeGpt4All({ isOff: true }));
    const { discovery } = await scanAs('gpt4all', fake);
    fake.set({ isOff: false });
    expect((await discovery.scan()).endpoints).toMatchObject([{ state: 'up', runtime: 'gpt4all' }]);
  });

  it.each([
    ['a 401 that demands a key', { status: 401, body: { error: 'no key' } }, 'auth-required'],
    ['an empty list, which bears no marker', { body: { object: 'list', data: [] } }, 'wrong-service'],
    [
      'a list with one foreign owner',
      { body: { data: [{ id: 'a', owned_by: 'humanity' }, { id: 'b' }] } },
      'wrong-service',
    ],
  ])('is not %s', async (_what, answer, state) => {
    const { endpoint } = await scanAs('gpt4all', await startReplay({ [LIST]: answer }));
    expect(endpoint).toMatchObject({ state, runtime: null });
  });

  it.each([
    ['[General]\nserverChat=true\nnetworkPort=5891\n', [5_891, 4_891]],
    ['[General]\nnetworkPort=x\n', [4_891]],
  ])('is looked for where its settings file says, and at its default port', async (text, ports) => {
    const home = await temporaryFolder();
    await mkdir(join(home, '.config', 'nomic.ai'), { recursive: true });
    await writeFile(join(home, '.config', 'nomic.ai', 'GPT4All.ini'), text);
    const found = await gpt4All.findAddresses({ env: {}, home, readTextFile, defaultPorts: [4_891] });
    expect(found.map(({ port }) => port)).toEqual(ports);
  });
});
