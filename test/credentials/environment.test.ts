/** The provider → variables table: order, aliases, markers, defects, and what a look-up may show. */
import { inspect } from 'node:util';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  environmentVariablesOf,
  isKnownProviderVariable,
  lookUpEnvironment,
  secretVariableNames,
} from '../../src/credentials/environment.ts';

describe('environmentVariablesOf', () => {
  it.each([
    ['anthropic', ['ANTHROPIC_OAUTH_TOKEN', 'ANTHROPIC_API_KEY']],
    ['openai', ['CODEX_API_KEY', 'OPENAI_API_KEY']],
    ['google', ['GEMINI_API_KEY', 'GOOGLE_API_KEY']],
    ['github-copilot', ['COPILOT_GITHUB_TOKEN', 'GH_TOKEN', 'GITHUB_TOKEN']],
    ['nim', ['JAATO_NIM_API_KEY', 'NVIDIA_API_KEY']],
    ['zai', ['ZAI_API_KEY', 'Z_AI_API_KEY']],
  ])('names the variables of %s in order of precedence', (id, names) => {
    expect(environmentVariablesOf(id)).toEqual(names);
  });

  it.each([
    ['moonshotai', 'moonshot'],
    ['moonshot-ai', 'moonshot'],
    ['kimi', 'kimi-coding'],
    ['kimi-code', 'kimi-coding'],
    [' Z.AI ', 'zai'],
    ['doubao', 'volcengine'],
    ['x-ai', 'xai'],
    ['dashscope', 'qwen'],
  ])('looks through the alias %s to %s', (alias, id) => {
    expect(environmentVariablesOf(alias)).toEqual(environmentVariablesOf(id));
    expect(environmentVariablesOf(id)).not.toEqual([]);
  });

  it('keeps Moonshot and Kimi Coding apart: each looks at its own variable first', () => {
    expect(environmentVariablesOf('moonshot')[0]).toBe('MOONSHOT_API_KEY');
    expect(environmentVariablesOf('moonshotai-cn')).toEqual(['MOONSHOT_API_KEY']);
    expect(environmentVariablesOf('kimi-coding')).not.toContain('MOONSHOT_API_KEY');
  });

  it('takes qwen as written, because the caller has already decided which product it means', () => {
    expect(environmentVariablesOf('qwen')).toContain('DASHSCOPE_API_KEY');
    expect(environmentVariablesOf('qwen-portal')).toEqual(['QWEN_OAUTH_TOKEN', 'QWEN_PORTAL_API_KEY']);
  });

  it.each(['amazon-bedrock', 'no-such-provider', '', '__proto__', 'constructor'])(
    'has no variables for %j',
    (id) => {
      expect(environmentVariablesOf(id)).toEqual([]);
    },
  );
});

describe('lookUpEnvironment', () => {
  it('gives one place for each variable, in order, each with what it holds', () => {
    const places = lookUpEnvironment('anthropic', { ANTHROPIC_API_KEY: ' sk-ant-1 ' });
    expect(places.map(({ name, kind }) => [name, kind])).toEqual([
      ['ANTHROPIC_OAUTH_TOKEN', 'unset'],
      ['ANTHROPIC_API_KEY', 'set'],
    ]);
    const set = places[1];
    expect(set?.kind === 'set' && set.value.reveal()).toBe('sk-ant-1');
  });

  it('"A hit whose source contains OAUTH_TOKEN has mode oauth, every other one api-key"', () => {
    const env = { ANTHROPIC_OAUTH_TOKEN: 'oat', ANTHROPIC_API_KEY: 'key' };
    const modes = lookUpEnvironment('anthropic', env).map((place) => place.kind === 'set' && place.mode);
    expect(modes).toEqual(['oauth', 'api-key']);
  });

  it('"Values are trimmed; blank is unset"', () => {
    expect(lookUpEnvironment('groq', { GROQ_API_KEY: ' \t ' })).toEqual([
      { name: 'GROQ_API_KEY', kind: 'unset' },
    ]);
  });

  it.each([
    'ollama-local',
    'secretref-managed',
    '<authenticated>',
    'not-needed',
    '!pass show key',
    'GROQ_API_KEY',
  ])('does not take %j for a key', (value) => {
    expect(lookUpEnvironment('groq', { GROQ_API_KEY: value })[0]?.kind).toBe('not-a-key');
  });

  it('refuses a key with CR, LF, NUL or other characters that no header carries, without showing it', () => {
    for (const bad of ['sk-canary\r\nX: y', 'sk-canary\0x', 'sk-canary\u200b', 'sk canary', 'sk-canaryé']) {
      const [place] = lookUpEnvironment('groq', { GROQ_API_KEY: bad });
      expect(place?.kind).toBe('not-a-key');
      expect(JSON.stringify(place)).not.toContain('canary');
    }
  });

  it('shows no value by JSON.stringify or inspect, only by reveal', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^canary[!-~]{4,40}$/), (value) => {
        const places = lookUpEnvironment('groq', { GROQ_API_KEY: value });
        expect(JSON.stringify(places) + inspect(places, { depth: null })).not.toContain('canary');
      }),
      { numRuns: 50 },
    );
  });
});

describe('names of secrets', () => {
  it('knows the variables of providers and no others', () => {
    expect(isKnownProviderVariable('MOONSHOT_API_KEY')).toBe(true);
    expect(isKnownProviderVariable('PATH')).toBe(false);
  });

  it('lists for the log scrubber what providers, AWS and other services keep secret, each once', () => {
    const names = secretVariableNames();
    for (const name of ['OPENAI_API_KEY', 'AWS_SECRET_ACCESS_KEY', 'TAVILY_API_KEY', 'JAATO_NIM_API_KEY']) {
      expect(names).toContain(name);
    }
    expect(new Set(names).size).toBe(names.length);
  });

  it('adds the spare keys that the environment has', () => {
    const names = secretVariableNames({ OPENAI_API_KEY_2: 'a', ANTHROPIC_API_KEY_WORK: 'b', PATH: '/bin' });
    expect(names).toContain('OPENAI_API_KEY_2');
    expect(names).toContain('ANTHROPIC_API_KEY_WORK');
    expect(names).not.toContain('PATH');
  });
});
