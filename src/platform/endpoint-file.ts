/**
 * `endpoint.json`: how other programs of this user find the running server, and the token that it asks for. The
 * client library reads it in other people's programs, so it is checked by hand: no package is loaded for it.
 */
import { dirname } from 'node:path';
import { isRecord } from '../domain/record.ts';
import { Secret } from '../domain/secret.ts';
import {
  ensurePrivateFolder,
  readTextFile,
  removeDrafts,
  removeFile,
  withFileLock,
  writePrivateFile,
} from './files.ts';

/** What the file says. */
export interface EndpointFile {
  readonly url: string;
  readonly token: Secret;
  readonly pid: number;
  readonly version: string;
  /** ISO 8601. */
  readonly startedAt: string;
  /** Path of the Unix socket, where there is one. */
  readonly socket?: string;
}

/**
 * Writes the file, 0600.
 *
 * @param look asked before, while nobody else can write it; what it throws leaves the file as it is
 */
export async function writeEndpointFile(
  path: string,
  endpoint: EndpointFile,
  look: () => Promise<void> = () => Promise.resolve(),
): Promise<void> {
  await ensurePrivateFolder(dirname(path));
  const body = { ...endpoint, token: endpoint.token.reveal() };
  await withFileLock(path, async () => {
    await look();
    await removeDrafts(path);
    await writePrivateFile(path, `${JSON.stringify(body, null, 2)}\n`);
  });
}

/** The file's content, or undefined when there is none that can be trusted. */
export async function readEndpointFile(path: string): Promise<EndpointFile | undefined> {
  const read = await readTextFile(path, { trust: 'private', maxBytes: 65_536 });
  if (read.kind !== 'text') return undefined;
  let parsed: unknown;
  try {
    parsed = JSON.parse(read.text);
  } catch {
    // A server that is just being started or killed; to the reader there is none.
    return undefined;
  }
  return toEndpoint(parsed);
}

function toEndpoint(content: unknown): EndpointFile | undefined {
  if (!isRecord(content)) return undefined;
  const { url, token, pid, version, startedAt, socket } = content;
  if (typeof url !== 'string' || !URL.canParse(url)) return undefined;
  if (typeof token !== 'string' || token === '') return undefined;
  if (typeof pid !== 'number' || !Number.isSafeInteger(pid) || pid <= 0) return undefined;
  if (typeof version !== 'string' || typeof startedAt !== 'string') return undefined;
  if (socket !== undefined && typeof socket !== 'string') return undefined;
  return {
    url,
    token: new Secret(token),
    pid,
    version,
    startedAt,
    ...(socket === undefined ? {} : { socket }),
  };
}

/**
 * Removes the file if this very server wrote it; another one may have taken its place. In containers that share a
 * folder two of them may have the same process id.
 */
export async function removeEndpointFile(
  path: string,
  { pid, startedAt }: Pick<EndpointFile, 'pid' | 'startedAt'>,
): Promise<void> {
  const endpoint = await readEndpointFile(path);
  if (endpoint?.pid === pid && endpoint.startedAt === startedAt) await removeFile(path);
}
