/** Every meaning that an `apiKey` text can have, and that a variable's name never travels as a key. */
import { inspect } from 'node:util';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { classifyKeyText } from '../../src/credentials/key-text.ts';

function valueOf(text: string, env: Record<string, string> = {}): string | undefined {
  const meaning = classifyKeyText(text, env);
  return meaning.kind === 'literal' || meaning.kind === 'variable' ? meaning.value.reveal() : undefined;
}

describe('classifyKeyText', () => {
  it.each(['sk-live-1', 'nvapi-ABC_DEF', 'AKIAIOSFODNN7', 'eyJhbGciOiJ9.e30.x', 'ollama', 'EMPTY', 'test'])(
    'takes %j for the key itself',
    (text) => {
      expect(classifyKeyText(` ${text}\n`, {}).kind).toBe('literal');
      expect(valueOf(` ${text}\n`)).toBe(text);
    },
  );

  it.each(['MOONSHOT_API_KEY', '${MOONSHOT_API_KEY}', '$MOONSHOT_API_KEY'])('looks %j up', (text) => {
    expect(classifyKeyText(text, { MOONSHOT_API_KEY: ' sk-1 ' })).toMatchObject({
      kind: 'variable',
      name: 'MOONSHOT_API_KEY',
    });
    expect(valueOf(text, { MOONSHOT_API_KEY: ' sk-1 ' })).toBe('sk-1');
    const unset = { kind: 'variable-unset', name: 'MOONSHOT_API_KEY' };
    expect(classifyKeyText(text, {})).toEqual(unset);
    expect(classifyKeyText(text, { MOONSHOT_API_KEY: '  ' })).toEqual(unset);
  });

  it('never sends a misspelt variable name', () => {
    expect(classifyKeyText('MOONSHOT_API_KEX', { MOONSHOT_API_KEY: 'sk-1' })).toEqual({
      kind: 'variable-unset',
      name: 'MOONSHOT_API_KEX',
    });
  });

  it('an unresolved ${NAME} inside other text is no part of a key', () => {
    expect(classifyKeyText('prefix-${MY_KEY}', {})).toEqual({ kind: 'variable-unset', name: 'MY_KEY' });
    expect(classifyKeyText('prefix-${MY_KEY}', { MY_KEY: 'v' }).kind).toBe('defect');
  });

  it.each([
    'ollama-local',
    'custom-local',
    'lmstudio-local',
    'apple-fm-local',
    'minimax-oauth',
    'qwen-oauth',
    'oauth:chutes',
    'secretref-managed',
    'secretref-env:MY_KEY',
    'codex-app-server',
    'gcp-vertex-credentials',
    '<authenticated>',
    'not-needed',
    'none',
    'no-key',
    'dummy',
    'sk-xxx',
    'SK-XXXXXXXX',
  ])('knows the marker %j', (text) => {
    expect(classifyKeyText(text, {}).kind).toBe('marker');
  });

  it.each(['AWS_PROFILE', 'AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY', 'GOOGLE_APPLICATION_CREDENTIALS'])(
    'never sends the value of %s, which a cloud chain uses in its own way',
    (name) => {
      expect(classifyKeyText(name, { [name]: 'canary' })).toEqual({ kind: 'marker', marker: name });
    },
  );

  it('"must never run !cmd"', () => {
    expect(classifyKeyText('!echo ${HOME} > /tmp/x', {})).toEqual({ kind: 'command' });
  });

  it.each(['', '  \n'])('%j is empty', (text) => {
    expect(classifyKeyText(text, {})).toEqual({ kind: 'empty' });
  });

  it.each(['sk-1\r\nX-Evil: y', 'sk-1\0', 'two words', 'sk-é'])('refuses %j', (text) => {
    expect(classifyKeyText(`a${text}b`, {}).kind).toBe('defect');
  });

  it.each(['ollama-local', '!cmd', 'a\r\nb', 'OPENAI_API_KEY'])(
    'refuses a variable that holds %j, naming the variable',
    (value) => {
      const meaning = classifyKeyText('MY_KEY', { MY_KEY: value });
      expect(meaning.kind === 'defect' && meaning.reason).toContain('MY_KEY');
    },
  );
});

describe('classifyKeyText, for any text', () => {
  const name = fc.stringMatching(/^[A-Z][A-Z0-9]{0,8}_[A-Z0-9_]{0,12}$/);
  const text = fc.oneof(
    fc.string(),
    name,
    name.map((n) => `\${${n}}`),
    fc.constantFrom('!x', 'none', ''),
  );

  it('never returns a variable name as a literal', () => {
    fc.assert(
      fc.property(name, fc.dictionary(name, fc.string()), (variable, env) => {
        expect(classifyKeyText(variable, env).kind).not.toBe('literal');
        expect(classifyKeyText(`\${${variable}}`, env).kind).not.toBe('literal');
      }),
    );
  });

  it('never throws, and every key it gives can stand in a header', () => {
    fc.assert(
      fc.property(text, fc.dictionary(name, fc.string()), (candidate, env) => {
        const value = valueOf(candidate, env);
        if (value !== undefined) expect(value).toMatch(/^[\x21-\x7e]+$/);
      }),
    );
  });

  it('shows no key by JSON.stringify or inspect, only by reveal', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^canary[ -~]{0,30}$/), (candidate) => {
        for (const meaning of [
          classifyKeyText(candidate, {}),
          classifyKeyText('MY_KEY', { MY_KEY: candidate }),
        ]) {
          expect(JSON.stringify(meaning) + inspect(meaning, { depth: null })).not.toContain('canary');
        }
      }),
    );
  });
});
