/** `endpoint.json`: who may read it, who may remove it, and what becomes of garbage. */
import { chmod, mkdir, readFile, stat, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { Secret } from '../../src/domain/secret.ts';
import { readEndpointFile, removeEndpointFile, writeEndpointFile } from '../../src/platform/endpoint-file.ts';
import { fileExists } from '../../src/platform/files.ts';
import { tempFolder } from './temp-folder.ts';

const PLAIN = {
  url: 'http://127.0.0.1:18780',
  token: 'token-0123456789',
  pid: 4711,
  version: '1.2.3',
  startedAt: '2026-01-02T03:04:05.000Z',
};
const ENDPOINT = { ...PLAIN, token: new Secret(PLAIN.token) };

async function endpointPath(): Promise<string> {
  return join(await tempFolder(), 'sidecar', 'endpoint.json');
}

describe('writeEndpointFile', () => {
  it('"{url, token, pid, version, startedAt} of the running server, 0600", in a folder that is 0700', async () => {
    const path = await endpointPath();
    await writeEndpointFile(path, ENDPOINT);
    expect(await readFile(path, 'utf8')).toBe(`${JSON.stringify(PLAIN, null, 2)}\n`);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect((await stat(dirname(path))).mode & 0o777).toBe(0o700);
  });

  it.each([{}, { socket: '/run/sidecar.sock' }])('is read back as it was written, with %j', async (more) => {
    const path = await endpointPath();
    await writeEndpointFile(path, { ...ENDPOINT, ...more });
    const read = await readEndpointFile(path);
    expect(read?.token.reveal()).toBe(PLAIN.token);
    expect(JSON.parse(JSON.stringify(read))).toEqual({ ...PLAIN, ...more, token: '[secret]' });
  });
});

describe('readEndpointFile gives nothing for', () => {
  it('a file that is not there', async () => {
    expect(await readEndpointFile(await endpointPath())).toBeUndefined();
  });

  it.each([
    ['no JSON', '{"url":'],
    ['nothing', ''],
    ['no object', '[]'],
    ['no token', JSON.stringify({ ...PLAIN, token: undefined })],
    ['an empty token', JSON.stringify({ ...PLAIN, token: '' })],
    ['no URL', JSON.stringify({ ...PLAIN, url: 'there' })],
    ['a pid that is none', JSON.stringify({ ...PLAIN, pid: -1 })],
    ['a pid as text', JSON.stringify({ ...PLAIN, pid: '4711' })],
    ['too much', `${JSON.stringify(PLAIN)}${' '.repeat(65_536)}`],
    ['other bytes', Uint8Array.of(0xff)],
  ])('garbage: %s', async (_what, content) => {
    const path = join(await tempFolder(), 'endpoint.json');
    await writeFile(path, content, { mode: 0o600 });
    expect(await readEndpointFile(path)).toBeUndefined();
  });

  it('one that others can read, a link and a folder: its token may be anybody’s', async () => {
    const path = await endpointPath();
    await writeEndpointFile(path, ENDPOINT);
    const link = join(dirname(path), 'link.json');
    await symlink(path, link);
    expect(await readEndpointFile(link)).toBeUndefined();
    expect(await readEndpointFile(dirname(path))).toBeUndefined();
    await chmod(path, 0o644);
    expect(await readEndpointFile(path)).toBeUndefined();
  });
});

describe('removeEndpointFile', () => {
  it('"removed on exit", by the server that wrote it alone', async () => {
    const path = await endpointPath();
    await writeEndpointFile(path, ENDPOINT);
    const { pid, startedAt } = PLAIN;
    await removeEndpointFile(path, { pid: pid + 1, startedAt });
    expect(fileExists(path)).toBe(true);
    // Another container, in which the server has the same process id.
    await removeEndpointFile(path, { pid, startedAt: '2026-01-01T00:00:00.000Z' });
    expect(fileExists(path)).toBe(true);
    await removeEndpointFile(path, { pid, startedAt });
    expect(fileExists(path)).toBe(false);
  });

  it('minds no file and no garbage, and leaves the garbage', async () => {
    const path = await endpointPath();
    await removeEndpointFile(path, { pid: 1, startedAt: '' });
    await mkdir(dirname(path));
    await writeFile(path, 'garbage', { mode: 0o600 });
    await removeEndpointFile(path, { pid: 1, startedAt: '' });
    expect(await readFile(path, 'utf8')).toBe('garbage');
  });
});
