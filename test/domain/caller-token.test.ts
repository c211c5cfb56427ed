import { describe, expect, it } from 'vitest';
import {
  digestOfToken,
  holdsCallerToken,
  idOfToken,
  isTokenName,
  makeCallerToken,
} from '../../src/domain/caller-token.ts';

describe('tokens with names', () => {
  it('have a prefix that scanners know, an id, and 256 random bits', () => {
    const asked: number[] = [];
    const token = makeCallerToken((size) => {
      asked.push(size);
      return Buffer.alloc(size, 0xab);
    });
    expect(asked).toEqual([6, 32]);
    expect(token.secret.reveal()).toMatch(/^psc_abababababab_[\w-]{43}$/);
    expect(token.id).toBe('abababababab');
    expect(token.digest).toBe(digestOfToken(token.secret.reveal()));
  });

  it('are never the same twice, and never print', () => {
    const [one, other] = [makeCallerToken(), makeCallerToken()];
    expect(one.secret.reveal()).not.toBe(other.secret.reveal());
    expect(JSON.stringify(one)).not.toContain(one.secret.reveal());
  });

  it('are recognised, whole and within other text', () => {
    const text = makeCallerToken().secret.reveal();
    expect(idOfToken(text)).toMatch(/^[0-9a-f]{12}$/);
    expect(idOfToken(`${text}x`)).toBeUndefined();
    expect(holdsCallerToken(`/v1/resolve?model=${text}`)).toBe(true);
    expect(holdsCallerToken('/v1/resolve?model=psc_tiny')).toBe(false);
  });

  it.each(['endpoint', '', 'a b', 'exec:x:1', '-x', 'x'.repeat(65)])('%j is no name', (name) => {
    expect(isTokenName(name)).toBe(false);
  });

  it.each(['ci', 'My-agent_2.x', 'x'.repeat(64)])('%j is a name', (name) => {
    expect(isTokenName(name)).toBe(true);
  });
});
