import { expect, it } from 'vitest';
import { socketPathOf, socketUrl } from '../../src/domain/server-url.ts';

it.each(['/run/user/1000/sidecar.sock', '/home/a b/ü#?%.sock'])('%s comes back from its URL', (path) => {
  const url = socketUrl(path);
  expect(URL.canParse(url)).toBe(true);
  expect(socketPathOf(url)).toBe(path);
});

it.each(['http://127.0.0.1:18780', 'unix://host/path', 'unix:///%zz', ''])('%j names no socket', (url) => {
  expect(socketPathOf(url)).toBeUndefined();
});
