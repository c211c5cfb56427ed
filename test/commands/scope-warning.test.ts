/** What a limit names and nobody knows now: the words of the warning. */
import { describe, expect, it } from 'vitest';
import type { KnownNames } from '../../src/commands/known-names.ts';
import { unknownNamesIn } from '../../src/commands/scope-warning.ts';

const known: KnownNames = {
  providers: ['moonshot', 'openai', 'qwen-portal'],
  modelsOf: (id) => Promise.resolve(id === 'moonshot' ? ['kimi-k2.5', 'kimi-latest'] : ['gpt-5']),
};

const warningFor = (providers: readonly string[] | null, models: readonly string[] | null) =>
  unknownNamesIn({ providers, models, secrets: true }, known);

describe('names of a scope that nobody knows now', () => {
  it.each<[string, readonly string[] | null, readonly string[] | null]>([
    ['nothing is named', null, null],
    ['providers that there are, however they are spelled', ['Moonshot', 'moonshotai', 'qwen'], null],
    ['a runtime that is away', ['ollama', 'vllm-8001'], ['ollama/*', 'lmstudio/any']],
    ['models that there are', null, ['moonshot/kimi-k2.5', 'moonshot/*', 'moonshotai/kimi-latest']],
  ])('%s: no word', async (_what, providers, models) => {
    expect(await warningFor(providers, models)).toBeUndefined();
  });

  it('a misspelt provider and a misspelt model are named, with those that are nearest', async () => {
    expect(await warningFor(['opnai', 'moonshot'], null)).toBe(
      'no provider or model is known now as "opnai"; the token may ask for it once it is there. Did you mean openai?',
    );
    const said = await warningFor(null, ['moonshot/kimi-k2.6', 'moonshto/*', 'openai/gpt-5']);
    expect(said).toContain('"moonshot/kimi-k2.6", "moonshto/*";');
    expect(said).toContain('Did you mean moonshot/kimi-k2.5 or ');
    expect(said).toContain('moonshot/*');
  });

  it('it stays one short line, whatever is named', async () => {
    const said = await warningFor(
      Array.from({ length: 100 }, (_, index) => `nope-${index}-${'x'.repeat(200)}`),
      null,
    );
    expect(said).toContain(' and 95 more;');
    expect(said).not.toContain('\n');
    expect(said?.length).toBeLessThan(700);
    expect(said).not.toContain('Did you mean');
  });
});
