/** Base URLs that the machine's variables complete, and those of the operator that nothing touches. */
import { describe, expect, it } from 'vitest';
import { resolveModel } from '../../src/resolution/resolve-model.ts';
import { providersConfig, snapshotOf, type SnapshotParts } from '../helpers/snapshot-fixture.ts';

async function baseUrl(ref: string, parts: SnapshotParts = {}): Promise<string> {
  const wanted = ref.includes('/') ? { kind: 'model' as const, ref } : { kind: 'provider' as const, id: ref };
  const outcome = resolveModel(await snapshotOf(parts), wanted);
  if (outcome.kind === 'found') return outcome.baseUrl;
  return `${outcome.problem.code}: ${outcome.problem.detail} [${outcome.problem.hints.join('; ')}]`;
}

describe('Amazon Bedrock', () => {
  const nova = 'amazon-bedrock/amazon.nova-2-lite-v1:0';
  // The contract's own example.
  const config = providersConfig({ 'amazon-bedrock': { auth: 'aws-sdk' } });
  const bedrock = (region: string) => `https://bedrock-runtime.${region}.amazonaws.com`;

  it.each([nova, 'amazon-bedrock'])(
    '%s: AWS_REGION, then AWS_DEFAULT_REGION, then us-east-1',
    async (ref) => {
      for (const parts of [{}, { config }]) {
        const env = { AWS_REGION: 'eu-west-3', AWS_DEFAULT_REGION: 'ap-south-1' };
        expect(await baseUrl(ref, { ...parts, env })).toBe(bedrock('eu-west-3'));
        expect(await baseUrl(ref, { ...parts, env: { AWS_DEFAULT_REGION: 'ap-south-1' } })).toBe(
          bedrock('ap-south-1'),
        );
        expect(await baseUrl(ref, parts)).toBe(bedrock('us-east-1'));
      }
    },
  );

  it('a region in the operator’s entry beats the variables', async () => {
    const entry = providersConfig({ 'amazon-bedrock': { auth: 'aws-sdk', region: 'ca-central-1' } });
    expect(await baseUrl(nova, { config: entry, env: { AWS_REGION: 'eu-west-3' } })).toBe(
      bedrock('ca-central-1'),
    );
  });

  it('rows that the operator lists are completed in the same way', async () => {
    const models = [{ id: 'amazon.nova-2-lite-v1:0' }, { id: 'my.inference-profile' }];
    const entry = providersConfig({ 'amazon-bedrock': { auth: 'aws-sdk', models } });
    const env = { AWS_REGION: 'eu-west-3' };
    for (const { id } of models) {
      expect(await baseUrl(`amazon-bedrock/${id}`, { config: entry, env })).toBe(bedrock('eu-west-3'));
    }
  });

  it('a region that is no plain word never gets into a host', async () => {
    expect(await baseUrl(nova, { config, env: { AWS_REGION: 'evil.example/' } })).toBe(bedrock('us-east-1'));
  });

  it('"never overridden": the operator’s base URL stays', async () => {
    const entry = providersConfig({ 'amazon-bedrock': { auth: 'aws-sdk', baseUrl: 'https://vpce.example' } });
    expect(await baseUrl(nova, { config: entry, env: { AWS_REGION: 'eu-west-3' } })).toBe(
      'https://vpce.example',
    );
  });
});

describe('Cloudflare', () => {
  const env = { CLOUDFLARE_ACCOUNT_ID: 'acc1', CLOUDFLARE_GATEWAY_ID: 'gw-1' };
  const gateway = 'cloudflare-ai-gateway/claude-3-5-haiku';
  const entries = [{}, { config: providersConfig({ 'cloudflare-ai-gateway': { apiKey: 'k' } }) }];

  it.each(entries)('both variables are filled into the base URL of the model’s api (%#)', async (parts) => {
    expect(await baseUrl(gateway, { ...parts, env })).toBe(
      'https://gateway.ai.cloudflare.com/v1/acc1/gw-1/anthropic',
    );
  });

  it.each(entries)('what is missing is named (%#)', async (parts) => {
    expect(await baseUrl(gateway, { ...parts, env: { CLOUDFLARE_ACCOUNT_ID: 'acc1' } })).toBe(
      `config-invalid: Provider "cloudflare-ai-gateway" (${'config' in parts ? 'cfg' : 'catalog'}) cannot be used: its base URL needs CLOUDFLARE_GATEWAY_ID [Set CLOUDFLARE_GATEWAY_ID]`,
    );
    const none = await baseUrl(gateway, parts);
    expect(none).toContain('needs CLOUDFLARE_ACCOUNT_ID and CLOUDFLARE_GATEWAY_ID');
  });

  it.each(['../../x', '..', '.'])('a value that would lead elsewhere counts as missing: %s', async (id) => {
    const evil = { CLOUDFLARE_ACCOUNT_ID: id, CLOUDFLARE_GATEWAY_ID: 'gw-1' };
    expect(await baseUrl(gateway, { env: evil })).toContain('needs CLOUDFLARE_ACCOUNT_ID [');
  });

  it('Workers AI needs the account alone', async () => {
    expect(await baseUrl('cloudflare-workers-ai', { env })).toBe(
      'https://api.cloudflare.com/client/v4/accounts/acc1/ai/v1',
    );
  });
});

describe('Azure OpenAI', () => {
  it('AZURE_OPENAI_BASE_URL, then the resource name, else what to set', async () => {
    const azure = (env: Record<string, string>) => baseUrl('azure-openai-responses/gpt-4', { env });
    const resource = { AZURE_OPENAI_RESOURCE_NAME: 'my-res' };
    expect(await azure({ ...resource, AZURE_OPENAI_BASE_URL: 'https://az.example/v1//' })).toBe(
      'https://az.example/v1',
    );
    expect(await azure(resource)).toBe('https://my-res.openai.azure.com/openai/v1');
    const unknown = '[Set AZURE_OPENAI_BASE_URL or AZURE_OPENAI_RESOURCE_NAME]';
    expect(await azure({})).toContain(unknown);
    expect(await azure({ AZURE_OPENAI_RESOURCE_NAME: 'evil.example/' })).toContain(unknown);
  });

  it.each([
    ['https://user:hunter2hunter2@az.example/v1', 'must not hold a user name or a password'],
    ['file:///etc/passwd', 'must begin with http:// or https://'],
    ['az.example/v1', 'must be an absolute URL, for example https://api.example.com/v1'],
  ])(
    'AZURE_OPENAI_BASE_URL is held to the rule of every base URL, and is not shown: %s',
    async (url, fault) => {
      const env = { AZURE_OPENAI_BASE_URL: url, AZURE_OPENAI_RESOURCE_NAME: 'my-res' };
      expect(await baseUrl('azure-openai-responses/gpt-4', { env })).toBe(
        `config-invalid: Provider "azure-openai-responses" (catalog) cannot be used: AZURE_OPENAI_BASE_URL ${fault} [Mend the variable AZURE_OPENAI_BASE_URL, or unset it]`,
      );
    },
  );
});

describe('Google Vertex', () => {
  it('the location comes from GOOGLE_CLOUD_LOCATION', async () => {
    const vertex = (env: Record<string, string>) => baseUrl('google-vertex/gemini-1.5-flash', { env });
    expect(await vertex({ GOOGLE_CLOUD_LOCATION: 'europe-west4' })).toBe(
      'https://europe-west4-aiplatform.googleapis.com',
    );
    expect(await vertex({})).toContain('[Set GOOGLE_CLOUD_LOCATION]');
    // The global endpoint has no location in its name.
    expect(await vertex({ GOOGLE_CLOUD_LOCATION: 'global' })).toBe('https://aiplatform.googleapis.com');
  });
});

describe('"what an operator wrote stays as it is"', () => {
  const env = { CLOUDFLARE_ACCOUNT_ID: 'acc1', location: 'x' };

  it.each(['cfg', 'models.json'])('a brace in a base URL from %s is no placeholder', async (origin) => {
    const entry = { mine: { baseUrl: 'https://m.example/{CLOUDFLARE_ACCOUNT_ID}', models: [{ id: 'm' }] } };
    const parts = origin === 'cfg' ? { config: providersConfig(entry) } : { modelsJson: entry };
    expect(await baseUrl('mine/m', { ...parts, env })).toBe('https://m.example/{CLOUDFLARE_ACCOUNT_ID}');
  });

  it('also in a single row of an entry that the catalog completes', async () => {
    const models = [{ id: 'm', baseUrl: 'https://row.example/{CLOUDFLARE_ACCOUNT_ID}' }];
    const config = providersConfig({ 'cloudflare-workers-ai': { models } });
    expect(await baseUrl('cloudflare-workers-ai/m', { config, env })).toBe(models[0]?.baseUrl);
  });
});
