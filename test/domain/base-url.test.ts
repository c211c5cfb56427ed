/** Base URLs by the socket they lead to. */
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { sameSocket, socketOf } from '../../src/domain/base-url.ts';
import { anyText } from './any-text.ts';

describe('socketOf', () => {
  it.each([
    ['http://127.0.0.1:11434/v1', 'http://127.0.0.1:11434'],
    ['http://localhost:11434', 'http://127.0.0.1:11434'],
    ['HTTP://LocalHost:11434/v1/', 'http://127.0.0.1:11434'],
    ['http://127.1:11434', 'http://127.0.0.1:11434'],
    ['http://example.com/v1', 'http://example.com:80'],
    ['https://example.com/v1?x=1', 'https://example.com:443'],
    ['https://example.com:443', 'https://example.com:443'],
    ['http://[::1]:8080/v1', 'http://[::1]:8080'],
    ['http://user:pass@example.com:1', 'http://example.com:1'],
  ])('of %s is %s', (url, socket) => {
    expect(socketOf(url)).toBe(socket);
  });

  it.each(['', 'localhost', '127.0.0.1:11434', 'http://', 'http://host:99999'])(
    'of %j is nothing',
    (text) => {
      expect(socketOf(text)).toBeUndefined();
    },
  );

  it('property: never throws, and gives a scheme, a host and a port or nothing', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        expect(socketOf(`http://${text}`) ?? 'http://h:1').toMatch(/^http:\/\/[^/]+:\d+$/);
      }),
    );
  });
});

describe('sameSocket', () => {
  it('takes paths and default ports as no difference', () => {
    expect(sameSocket('http://localhost/v1', 'http://127.0.0.1:80/api')).toBe(true);
  });

  it.each([
    ['http://a:1', 'http://a:2'],
    ['http://a:1', 'http://b:1'],
    ['http://a:443', 'https://a'],
    ['http://127.0.0.1:1', 'http://[::1]:1'],
    ['nonsense', 'nonsense'],
  ])('%s and %s lead elsewhere', (a, b) => {
    expect(sameSocket(a, b)).toBe(false);
  });
});
