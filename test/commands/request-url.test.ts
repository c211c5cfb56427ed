/** "The path must stay on the provider’s origin." */
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { requestUrl } from '../../src/commands/request-url.ts';

describe('requestUrl', () => {
  it.each([
    ['https://api.example.com', '/v1/jobs/submit', 'https://api.example.com/v1/jobs/submit'],
    ['https://api.example.com/', '/v1/jobs?state=a%20b', 'https://api.example.com/v1/jobs?state=a%20b'],
    ['https://api.example.com/gpu/v1', '/jobs', 'https://api.example.com/gpu/v1/jobs'],
    ['http://127.0.0.1:8000', '//evil.example/x', 'http://127.0.0.1:8000//evil.example/x'],
    ['http://127.0.0.1:8000', '/@evil.example', 'http://127.0.0.1:8000/@evil.example'],
    ['http://127.0.0.1:8000', '/a..b/...', 'http://127.0.0.1:8000/a..b/...'],
  ])('%s and %s', (base, path, url) => {
    expect(requestUrl(base, path)).toEqual({ kind: 'url', url });
  });

  it.each([
    ['no slash in front', '@evil.example/'],
    ['another URL', 'https://evil.example/'],
    ['a port', ':8080/'],
    ['a name that goes on', '.evil.example/'],
    ['nothing', ''],
    ['a way up', '/../x'],
    ['a way up at the end', '/a/..'],
    ['a way up, encoded', '/%2E%2e/x'],
    ['a way up, half encoded', '/.%2e/x'],
    ['a point', '/./x'],
    ['a backslash', String.raw`/\evil.example`],
    ['a line break', '/x\r\nhost: evil.example'],
    ['a space', '/a b'],
    ['a fragment', '/x#y'],
    ['other characters', '/ü'],
  ])('refuses %s', (_name, path) => {
    expect(requestUrl('https://api.example.com/v1', path)).toMatchObject({ kind: 'refused' });
  });

  it('whatever the path, the request goes below the base URL or nowhere', () => {
    const base = 'https://api.example.com/v1';
    const piece = fc.constantFrom('/', '.', '..', '%2e', '@', ':', '\\', '?', '#', 'evil.example', '//', 'a');
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 8 }), fc.string(), (pieces, rest) => {
        const found = requestUrl(base, `${pieces.join('')}${rest}`);
        if (found.kind === 'refused') return;
        const { origin, pathname } = new URL(found.url);
        expect(origin).toBe('https://api.example.com');
        expect(pathname.startsWith('/v1/')).toBe(true);
      }),
    );
  });
});
