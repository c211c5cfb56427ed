import { describe, expect, it } from 'vitest';
import { assignProviderIds, type IdSeeker } from '../../src/discovery/provider-ids.ts';

const seeker = (port: number, isUp: boolean): IdSeeker => ({
  roots: [`http://127.0.0.1:${port}`],
  identified: isUp ? 'ollama' : null,
  expected: 'ollama',
  isUp,
});
const none = new Map<string, string>();
const nobody = new Set<string>();

describe('provider ids', () => {
  it('"a second instance of a runtime gets <id>-<port>"', () => {
    const { ids } = assignProviderIds([seeker(11_434, true), seeker(11_500, true)], none, nobody);
    expect(ids).toEqual(['ollama', 'ollama-11500']);
  });

  it('an endpoint that is up comes before one that is silent', () => {
    const { ids } = assignProviderIds([seeker(11_500, false), seeker(11_434, true)], none, nobody);
    expect(ids).toEqual(['ollama-11500', 'ollama']);
  });

  it('an endpoint keeps the id that it had, also while it is down', () => {
    const first = assignProviderIds([seeker(11_434, true)], none, nobody);
    const second = assignProviderIds([seeker(11_434, false), seeker(11_500, true)], first.claims, nobody);
    expect(second.ids).toEqual(['ollama', 'ollama-11500']);
    const third = assignProviderIds([seeker(11_500, true), seeker(11_434, true)], second.claims, nobody);
    expect(third.ids).toEqual(['ollama-11500', 'ollama']);
  });

  it('a claim from models.json holds', () => {
    const claims = new Map([['http://127.0.0.1:11500', 'ollama']]);
    const { ids } = assignProviderIds([seeker(11_434, true), seeker(11_500, true)], claims, nobody);
    expect(ids).toEqual(['ollama-11434', 'ollama']);
  });

  it('never takes the id of a provider that somebody else wrote', () => {
    const { ids } = assignProviderIds([seeker(11_434, true)], none, new Set(['ollama']));
    expect(ids).toEqual(['ollama-11434']);
  });

  it('gives different ids to two hosts with the same port', () => {
    const other: IdSeeker = { ...seeker(11_434, true), roots: ['http://192.168.1.5:11434'] };
    const third: IdSeeker = { ...seeker(11_434, true), roots: ['http://192.168.1.6:11434'] };
    const { ids } = assignProviderIds([seeker(11_434, true), other, third], none, nobody);
    expect(new Set(ids).size).toBe(3);
  });

  it('forgets a claim when another kind of runtime answers there', () => {
    const claims = new Map([['http://127.0.0.1:11434', 'lmstudio']]);
    expect(assignProviderIds([seeker(11_434, true)], claims, nobody).ids).toEqual(['ollama']);
  });

  it('a silent endpoint keeps its claim, whatever runtime is expected there', () => {
    const claims = new Map([['http://127.0.0.1:8000', 'vllm']]);
    const silent: IdSeeker = { ...seeker(8_000, false), expected: 'nim' };
    const unnamed: IdSeeker = { ...silent, expected: null };
    const newcomer: IdSeeker = { ...seeker(8_001, true), identified: 'vllm', expected: null };
    for (const away of [silent, unnamed]) {
      expect(assignProviderIds([newcomer, away], claims, nobody).ids).toEqual(['vllm-8001', 'vllm']);
    }
  });

  it('a silent endpoint whose id somebody else wrote stays with its runtime', () => {
    const claims = new Map([['http://127.0.0.1:8000', 'vllm']]);
    const silent: IdSeeker = { ...seeker(8_000, false), expected: 'nim' };
    expect(assignProviderIds([silent], claims, new Set(['vllm'])).ids).toEqual(['vllm-8000']);
  });

  it('an id that is given anew has one claimant', () => {
    const claims = new Map([['http://192.168.1.5:11434', 'ollama']]);
    const next = assignProviderIds([seeker(11_434, true)], claims, nobody);
    expect(next.claims).toEqual(new Map([['http://127.0.0.1:11434', 'ollama']]));
  });
});
