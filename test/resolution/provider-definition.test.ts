/** One provider entry as a definition: what is taken over, what is a defect, what a row gets by default. */
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Model } from '../../src/domain/provider.ts';
import { parseProviderDefinition } from '../../src/resolution/provider-definition.ts';

const PLACE = 'models.providers.x';
const parse = (raw: unknown, catalogModels: readonly Model[] = []) =>
  parseProviderDefinition('x', raw, PLACE, { catalogModels });
const firstModel = (row: object, catalogModels: readonly Model[] = [], provider: object = {}) =>
  parse({ ...provider, models: [row] }, catalogModels).models?.[0];

const known: Model = {
  id: 'm',
  name: 'Known',
  reasoning: true,
  input: ['text', 'image'],
  cost: { input: 3, output: 15, cacheRead: 0, cacheWrite: 0 },
  contextWindow: 128_000,
  contextWindowSource: 'trained-max',
  maxContextWindow: 128_000,
  maxTokens: 64_000,
  api: 'anthropic-messages',
  baseUrl: 'https://known.example',
  headers: { 'x-known': '1' },
};

describe('fields of a provider', () => {
  it('takes over what is right and ignores unknown keys', () => {
    const raw = {
      name: 'X',
      baseUrl: ' https://api.x.example/v1// ',
      api: 'made-up-api',
      auth: 'token',
      apiKey: 'k',
      authHeader: true,
      headers: { 'X-One': 'a b' },
      region: 'eu-central-1',
      timeoutSeconds: 5,
    };
    expect(parse(raw)).toEqual({
      id: 'x',
      name: 'X',
      baseUrl: 'https://api.x.example/v1',
      api: 'made-up-api',
      auth: 'token',
      apiKey: 'k',
      authHeader: true,
      headers: { 'X-One': 'a b' },
      region: 'eu-central-1',
      unknownApis: [{ api: 'made-up-api', configPath: 'models.providers.x.api' }],
    });
  });

  it('an api that nobody knows is taken over and named once, with the place where it stands first', () => {
    const rows = [
      { id: 'a', api: 'openai-completions' },
      { id: 'b', api: 'opnai' },
      { id: 'c', api: 'opnai' },
    ];
    expect(parse({ api: 'ollama', models: rows }).unknownApis).toEqual([
      { api: 'opnai', configPath: 'models.providers.x.models: api of "b"' },
    ]);
    expect(parse({ api: 'opnai', models: rows }).unknownApis).toEqual([
      { api: 'opnai', configPath: 'models.providers.x.api' },
    ]);
  });

  it('writes ids trimmed and lower-case, aliases not followed', () => {
    expect(parseProviderDefinition(' MoonshotAI ', {}, 'p').id).toBe('moonshotai');
  });

  it.each(['none', 'api-key', 'aws-sdk', 'oauth', 'token'])('accepts auth %s', (auth) => {
    expect(parse({ auth })).toEqual({ id: 'x', auth });
  });

  it.each([
    [{ baseUrl: 5 }, 'models.providers.x.baseUrl must be a string'],
    [
      { baseUrl: '127.0.0.1:11434' },
      'models.providers.x.baseUrl must be an absolute URL, for example https://api.example.com/v1',
    ],
    [{ baseUrl: 'ftp://x' }, 'models.providers.x.baseUrl must begin with http:// or https://'],
    [{ baseUrl: 'http:x' }, 'models.providers.x.baseUrl must begin with http:// or https://'],
    [{ baseUrl: 'http://a\nb' }, 'models.providers.x.baseUrl must not hold control characters'],
    [{ auth: 'magic' }, 'models.providers.x.auth must be one of none, api-key, aws-sdk, oauth, token'],
    [{ api: '' }, 'models.providers.x.api must not be empty'],
    [{ authHeader: 'yes' }, 'models.providers.x.authHeader must be true or false'],
    [{ models: {} }, 'models.providers.x.models must be a list'],
    [{ headers: [] }, 'models.providers.x.headers must be an object'],
    [{ headers: { 'a b': 'c' } }, `models.providers.x.headers has "a b", which cannot be a header's name`],
    [
      { headers: { a: 'b\r\nc: d' } },
      'models.providers.x.headers has "a" with a character that no header may carry',
    ],
    [
      { headers: { a: { source: 'env' } } },
      'models.providers.x.headers has "a", which is a reference to env whose "id" is not the name of a variable',
    ],
    [
      { headers: { a: ' !op read op://vault/key' } },
      'models.providers.x.headers has "a", which is a command (it starts with "!"), and commands are never run',
    ],
    ['text', 'models.providers.x must be an object'],
    [null, 'models.providers.x must be an object'],
    [[], 'models.providers.x must be an object'],
  ])('names the defect of %j', (raw, defect) => {
    expect(parse(raw)).toEqual({ id: 'x', defects: [defect] });
  });

  it('a base URL with a user name or password is a defect that does not echo it', () => {
    const { defects, baseUrl } = parse({ baseUrl: 'https://user:hunter2@x.example/v1' });
    expect({ defects, baseUrl }).toEqual({
      defects: ['models.providers.x.baseUrl must not hold a user name or a password'],
      baseUrl: undefined,
    });
  });

  it('a key that cannot be read is no defect of the provider: another credential may be there', () => {
    expect(parse({ apiKey: { source: 'env', id: 'lower' } })).toEqual({
      id: 'x',
      apiKeyProblem:
        'models.providers.x.apiKey is a reference to env whose "id" is not the name of a variable',
    });
    expect(parse({ apiKey: 5 })).toEqual({
      id: 'x',
      apiKeyProblem: 'models.providers.x.apiKey must be a string',
    });
  });

  it.each(['', '  ', 'a/b', 'a\u0000b', 'x'.repeat(200)])(
    'refuses an id that no reference could name: %j',
    (id) => {
      expect(parseProviderDefinition(id, {}, 'p').defects).toHaveLength(1);
    },
  );
});

describe('model rows', () => {
  it('"name = id, reasoning false, input text, zeros, contextWindow 200000 assumed, maxTokens min(8192, contextWindow)"', () => {
    expect(firstModel({ id: 'm' })).toEqual({
      id: 'm',
      name: 'm',
      reasoning: false,
      input: ['text'],
      cost: { input: 0, output: 0, cacheRead: 0, cacheWrite: 0 },
      contextWindow: 200_000,
      contextWindowSource: 'assumed',
      maxTokens: 8192,
    });
    expect(firstModel({ id: 'm', contextWindow: 4096 })).toMatchObject({ maxTokens: 4096 });
  });

  it('a given context window is configured, unless the row says otherwise', () => {
    expect(firstModel({ id: 'm', contextWindow: 100 }, [known])?.contextWindowSource).toBe('configured');
    expect(
      firstModel({ id: 'm', contextWindow: 100, contextWindowSource: 'loaded', maxContextWindow: 900 }),
    ).toMatchObject({
      contextWindow: 100,
      contextWindowSource: 'loaded',
      maxContextWindow: 900,
    });
  });

  it('"never clamped upwards": a small window stays small', () => {
    expect(firstModel({ id: 'm', contextWindow: 512 })?.contextWindow).toBe(512);
  });

  it('the catalog fills the gaps of a model of the same id, and nothing that the row says', () => {
    expect(firstModel({ id: 'm', name: 'Mine' }, [known])).toMatchObject({
      name: 'Mine',
      reasoning: true,
      input: ['text', 'image'],
      contextWindow: 128_000,
      contextWindowSource: 'trained-max',
      maxTokens: 64_000,
      api: 'anthropic-messages',
      baseUrl: 'https://known.example',
      headers: { 'x-known': '1' },
    });
    expect(firstModel({ id: 'm', name: 'Mine' }, [known])?.cost).toEqual(known.cost);
    expect(firstModel({ id: 'other' }, [known])?.contextWindow).toBe(200_000);
  });

  it('what the catalog knows never contradicts a window that the row names', () => {
    expect(firstModel({ id: 'm', contextWindow: 8000 }, [known])).toMatchObject({
      maxTokens: 8000,
      maxContextWindow: 128_000,
    });
    const larger = firstModel({ id: 'm', contextWindow: 1_000_000 }, [known]);
    expect(larger).toMatchObject({ contextWindow: 1_000_000, maxTokens: 64_000 });
    expect(larger).not.toHaveProperty('maxContextWindow');
    // What the row says itself stays as it is.
    const own = { id: 'm', contextWindow: 8000, maxTokens: 9000, maxContextWindow: 100 };
    expect(firstModel(own, [known])).toMatchObject(own);
  });

  it("an entry's own api and base URL are not overruled by the catalog's", () => {
    const model = firstModel({ id: 'm' }, [known], {
      api: 'openai-completions',
      baseUrl: 'https://mine.example',
    });
    expect(model).not.toHaveProperty('api');
    expect(model).not.toHaveProperty('baseUrl');
    expect(model).not.toHaveProperty('headers');
  });

  it('a row without a usable id is left out alone, and so is a repeated one', () => {
    const { models, modelDefects, defects } = parse({
      models: [5, { name: 'x' }, { id: ' ' }, { id: 'a' }, { id: 'a' }],
    });
    expect(models?.map(({ id }) => id)).toEqual(['a']);
    expect(modelDefects).toEqual([
      'models.providers.x.models[0] has no usable id and is left out',
      'models.providers.x.models[1] has no usable id and is left out',
      'models.providers.x.models[2] has no usable id and is left out',
      'models.providers.x.models[4] repeats the id of an earlier row and is left out',
    ]);
    expect(defects).toBeUndefined();
  });

  it('a field that cannot be used is reported and counts as left out', () => {
    const { models, modelDefects } = parse({
      models: [{ id: 'a', contextWindow: '32k', maxTokens: -1, cost: { input: 'x' } }],
    });
    expect(models?.[0]).toMatchObject({
      contextWindow: 200_000,
      contextWindowSource: 'assumed',
      maxTokens: 8192,
    });
    expect(modelDefects).toEqual([
      'models.providers.x.models[0].contextWindow must be a whole number',
      'models.providers.x.models[0].cost.input must be a number',
      'models.providers.x.models[0].maxTokens must be more than 0',
    ]);
  });

  it('an empty list is a list', () => {
    expect(parse({ models: [] })).toEqual({ id: 'x', models: [] });
  });
});

describe('any input', () => {
  const field = fc.oneof(fc.jsonValue(), fc.string(), fc.webUrl());
  const row = fc.dictionary(
    fc.constantFrom('id', 'name', 'contextWindow', 'maxTokens', 'input', 'headers', 'baseUrl'),
    field,
  );
  const entry = fc.record(
    {
      baseUrl: field,
      api: field,
      auth: field,
      apiKey: field,
      headers: field,
      models: fc.oneof(field, fc.array(row)),
    },
    { requiredKeys: [] },
  );

  it('property: never throws, and every model that comes out is complete', () => {
    fc.assert(
      fc.property(fc.string(), fc.oneof(entry, fc.jsonValue()), (id, raw) => {
        const definition = parseProviderDefinition(id, raw, PLACE);
        if (definition.baseUrl !== undefined) expect(definition.baseUrl).toMatch(/^https?:\/\/.*[^/]$/i);
        for (const model of definition.models ?? []) {
          expect(model.id.trim()).toBe(model.id);
          expect(model.contextWindow).toBeGreaterThan(0);
          expect(model.maxTokens).toBeGreaterThan(0);
          expect(model.contextWindowSource).toBeDefined();
        }
      }),
      { numRuns: 300 },
    );
  });
});
