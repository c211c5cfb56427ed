/**
 * `endpoint.json`, by which other programs of this user find the server: looked at before a start, written when
 * the server listens, removed when it stops.
 */
import { messageOf, type Problem, toSidecarError } from '../domain/errors.ts';
import type { Secret } from '../domain/secret.ts';
import { socketUrl } from '../domain/server-url.ts';
import { provesItself } from '../http/proven-server.ts';
import { type Clock, toIso } from '../platform/clock.ts';
import { readEndpointFile, removeEndpointFile, writeEndpointFile } from '../platform/endpoint-file.ts';
import type { Logger } from '../platform/logger.ts';
import { processId, programVersion } from '../platform/process.ts';
import type { Preparation } from '../preparation/preparation.ts';

/**
 * One server for one state directory: a second one would take `endpoint.json` away from the first.
 *
 * @param own where this server listens: a file that a killed one left behind may lead to it
 */
export async function otherServer(
  endpointFile: string,
  own: readonly string[] = [],
): Promise<Problem | null> {
  const endpoint = await readEndpointFile(endpointFile);
  if (endpoint === undefined || own.includes(endpoint.url)) return null;
  if (!(await provesItself(endpoint))) return null;
  return {
    code: 'address-in-use',
    detail: `Another provider-sidecar (process ${endpoint.pid}) already serves this state directory at ${endpoint.url}`,
    hints: [
      'Use that one: provider-sidecar status',
      'Or give this one a state directory of its own: CLAWDBOT_STATE_DIR',
    ],
  };
}

/** How long a failed write of `endpoint.json` waits for the next attempt, in milliseconds. */
const RETRY_MS = 1_000;

/**
 * Writes `endpoint.json`, by which other programs of this user find the server.
 *
 * @throws SidecarError `address-in-use` when another server has come first, `cannot-write`
 * @returns writes it once more if its token is not the one that counts by then; resolves when that was tried. While it
 * fails it is tried again and again
 */
export async function announce(
  { fixed, settings }: Extract<Preparation, { kind: 'prepared' }>,
  url: string,
  token: () => Secret,
  clock: Clock,
  log: Pick<Logger, 'info' | 'error'>,
  undo: (() => Promise<void>)[],
): Promise<() => Promise<void>> {
  const pid = processId();
  const path = fixed.paths.endpoint;
  const startedAt = toIso(clock());
  /** The token that the file holds: it may lag behind the one that callers have to show. */
  let announced: string | undefined;
  let closed = false;
  let hasFailed = false;
  let timer: NodeJS.Timeout | undefined;
  /** Once more, now that no other can write: two that start at once have both seen none before. */
  const refuseOther = async (): Promise<void> => {
    const own = settings.socket === null ? [url] : [url, socketUrl(settings.socket)];
    const other = await otherServer(path, own);
    if (other !== null) throw toSidecarError(other);
  };
  const write = async (): Promise<void> => {
    const current = token();
    if (closed || current.reveal() === announced) return;
    const endpoint = {
      url,
      token: current,
      pid,
      version: programVersion(),
      startedAt,
      ...(settings.socket === null ? {} : { socket: settings.socket }),
    };
    await writeEndpointFile(path, endpoint, announced === undefined ? refuseOther : undefined);
    announced = current.reveal();
  };
  /** One at a time: the token that is written last is the newest. */
  let queue = write();
  await queue;
  const writeAgain = (): Promise<void> => {
    clearTimeout(timer);
    queue = queue.then(write).then(
      () => {
        if (hasFailed && !closed) log.info('endpoint.json is written');
        hasFailed = false;
      },
      (error: unknown) => {
        // Said once, and not once an attempt.
        if (!hasFailed)
          log.error(`endpoint.json is tried again until it can be written: ${messageOf(error)}`);
        hasFailed = true;
        if (!closed) timer = setTimeout(() => void writeAgain(), RETRY_MS).unref();
      },
    );
    return queue;
  };
  undo.push(async () => {
    closed = true;
    clearTimeout(timer);
    await queue;
    await removeEndpointFile(path, { pid, startedAt });
  });
  return writeAgain;
}
