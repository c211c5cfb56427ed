/** The contract's three example configurations, as they stand there. */
import { readFile } from 'node:fs/promises';
import JSON5 from 'json5';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import * as z from 'zod';
import { readTextFile } from '../../../src/platform/files.ts';
import { runCommand } from '../../../src/platform/run-command.ts';
import { loadCatalog } from '../../../src/resolution/catalog/catalog.ts';
import { loadOperatorConfig } from '../../../src/resolution/config/load.ts';
import { parseProviderDefinition } from '../../../src/resolution/provider-definition.ts';
import { type ConfigTree, createConfigTree } from '../../helpers/config-tree.ts';

let tree: ConfigTree;
beforeEach(async () => {
  tree = await createConfigTree();
});
afterEach(() => tree.remove());

const fixture = (name: string): Promise<string> =>
  readFile(new URL(`../../../fixtures/config/${name}`, import.meta.url), 'utf8');

async function loadFixture(name: string, env: Record<string, string>) {
  await tree.write('moltbot.json', await fixture(name));
  const catalog = loadCatalog();
  const catalogModels = (id: string) => catalog.providers.get(id)?.models ?? [];
  const result = await loadOperatorConfig({
    paths: tree.paths,
    env,
    readTextFile,
    runCommand,
    catalogModels,
  });
  if (result.kind !== 'loaded') throw new Error(result.problem.detail);
  return result.config;
}

describe('the examples of the contract', () => {
  it('"Local Ollama (auto-discovered)": auth none, no key, complete rows', async () => {
    const file = z
      .object({ providers: z.object({ ollama: z.unknown() }) })
      .parse(JSON5.parse(await fixture('contract-ollama.json5')));
    const definition = parseProviderDefinition('ollama', file.providers.ollama, 'providers.ollama');
    expect(definition).toEqual({
      id: 'ollama',
      baseUrl: 'http://127.0.0.1:11434/v1',
      api: 'openai-completions',
      auth: 'none',
      models: [
        {
          id: 'llama3:chat',
          name: 'llama3:chat',
          reasoning: false,
          input: ['text'],
          cost: { input: 0, output: 0, cacheRead: 0, cacheWrite: 0 },
          contextWindow: 32_768,
          contextWindowSource: 'configured',
          maxTokens: 8192,
        },
      ],
    });
  });

  it('"Moonshot/Kimi (explicit config)": the key comes from MOONSHOT_API_KEY', async () => {
    const config = await loadFixture('contract-moonshot.json5', { MOONSHOT_API_KEY: 'sk-moon' });
    expect(config.providers).toMatchObject([
      {
        id: 'moonshot',
        baseUrl: 'https://api.moonshot.ai/v1',
        api: 'openai-completions',
        apiKey: 'sk-moon',
        models: [
          { id: 'kimi-k2.5', name: 'Kimi K2.5', contextWindow: 262_144, contextWindowSource: 'trained-max' },
        ],
      },
    ]);
  });

  it('"Moonshot/Kimi" without the variable: that is recorded, and the rest stays as it is', async () => {
    const config = await loadFixture('contract-moonshot.json5', {});
    expect(config.missingVariables).toEqual([
      { variable: 'MOONSHOT_API_KEY', configPath: 'models.providers.moonshot.apiKey' },
    ]);
    expect(config.providers).toMatchObject([
      { apiKey: '${MOONSHOT_API_KEY}', baseUrl: 'https://api.moonshot.ai/v1' },
    ]);
  });

  it('"AWS Bedrock": auth aws-sdk alone is a whole definition', async () => {
    const config = await loadFixture('contract-bedrock.json5', {});
    expect(config.providers).toEqual([{ id: 'amazon-bedrock', auth: 'aws-sdk' }]);
  });
});
