/** The built-in catalog: its ids, its facts, and what a broken data file does. */
import { describe, expect, it } from 'vitest';
import { canonicalProviderId } from '../../../src/domain/provider-id.ts';
import { loadCatalog } from '../../../src/resolution/catalog/catalog.ts';
import { displayNameOf } from '../../../src/resolution/catalog/provider-names.ts';

const catalog = loadCatalog();

describe('loadCatalog', () => {
  it('says which version it is and when it was taken', () => {
    expect(catalog).toMatchObject({ source: '@mariozechner/pi-ai', version: '0.73.1' });
    expect(catalog.takenAt).toMatch(/^\d{4}-\d{2}-\d{2}$/);
  });

  it('has all providers and models of the snapshot', () => {
    const models = [...catalog.providers.values()].flatMap((provider) => provider.models ?? []);
    expect({ providers: catalog.providers.size, models: models.length }).toEqual({
      providers: 31,
      models: 969,
    });
  });

  it('finds a provider under its canonical id: "the moonshot trap"', () => {
    expect(catalog.providers.get('moonshot')?.baseUrl).toBe('https://api.moonshot.ai/v1');
    expect(catalog.providers.has('moonshotai')).toBe(false);
    for (const [id, definition] of catalog.providers) {
      expect(definition.id).toBe(id);
      expect(canonicalProviderId(id)).toBe(id);
    }
  });

  it('has a name for every provider', () => {
    for (const id of catalog.providers.keys()) expect(displayNameOf(id), id).not.toBe(id);
    expect(catalog.providers.get('anthropic')?.name).toBe('Anthropic');
    expect(displayNameOf('constructor')).toBe('constructor');
  });

  it('asks for AWS credentials for Amazon Bedrock only', () => {
    const withAuth = [...catalog.providers.values()].filter(({ auth }) => auth !== undefined);
    expect(withAuth.map(({ id, auth }) => [id, auth])).toEqual([['amazon-bedrock', 'aws-sdk']]);
  });

  it('calls every context window a trained maximum', () => {
    for (const { models } of catalog.providers.values()) {
      for (const model of models ?? []) {
        expect(model.contextWindowSource).toBe('trained-max');
        expect(model.maxContextWindow).toBe(model.contextWindow);
      }
    }
  });

  it('leaves api and base URL at the model where one provider mixes several', () => {
    const opencode = catalog.providers.get('opencode');
    expect(opencode?.api).toBeUndefined();
    expect(new Set(opencode?.models?.map(({ api }) => api)).size).toBeGreaterThan(1);
    expect(catalog.providers.get('anthropic')?.models?.[0]).not.toHaveProperty('api');
  });

  it('has no base URL where each user has an own one', () => {
    expect(catalog.providers.get('azure-openai-responses')).not.toHaveProperty('baseUrl');
  });

  it.each([
    ['no JSON', '{'],
    ['another shape', '{"providers": []}'],
    [
      'a row without an id',
      '{"source":"s","version":"1","takenAt":"d","providers":{"x":{"models":[{"name":"n"}]}}}',
    ],
  ])('refuses a broken data file as internal: %s', (_, text) => {
    expect(() => loadCatalog(() => text)).toThrow(
      expect.objectContaining({ name: 'SidecarError', code: 'internal' }),
    );
  });
});
