/**
 * `endpoint.json`, by which other programs of this user find the server: looked at before a start, written when
 * the server listens, removed when it stops.
 */
import type { Problem } from './domain/errors.ts';
import type { Secret } from './domain/secret.ts';
import { provesItself } from './http/proven-server.ts';
import { type Clock, toIso } from './platform/clock.ts';
import { readEndpointFile, removeEndpointFile, writeEndpointFile } from './platform/endpoint-file.ts';
import { processId, programVersion } from './platform/process.ts';
import type { Preparation } from './preparation.ts';

/** One server for one state directory: a second one would take `endpoint.json` away from the first. */
export async function otherServer(endpointFile: string): Promise<Problem | null> {
  const endpoint = await readEndpointFile(endpointFile);
  if (endpoint === undefined || !(await provesItself(endpoint))) return null;
  return {
    code: 'address-in-use',
    detail: `Another provider-sidecar (process ${endpoint.pid}) already serves this state directory at ${endpoint.url}`,
    hints: [
      'Use that one: provider-sidecar status',
      'Or give this one a state directory of its own: CLAWDBOT_STATE_DIR',
    ],
  };
}

/**
 * Writes `endpoint.json`, by which other programs of this user find the server.
 *
 * @returns writes it once more, with the token that counts then
 */
export async function announce(
  { fixed, settings }: Extract<Preparation, { kind: 'prepared' }>,
  url: string,
  token: () => Secret,
  clock: Clock,
  undo: (() => Promise<void>)[],
): Promise<() => Promise<void>> {
  const pid = processId();
  const path = fixed.paths.endpoint;
  const startedAt = toIso(clock());
  const write = (): Promise<void> =>
    writeEndpointFile(path, {
      url,
      token: token(),
      pid,
      version: programVersion(),
      startedAt,
      ...(settings.socket === null ? {} : { socket: settings.socket }),
    });
  await write();
  undo.push(() => removeEndpointFile(path, pid));
  return write;
}
