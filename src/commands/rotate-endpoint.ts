/** A new token for `endpoint.json`: stored for the next server, and taken over by the one that runs. */
import { setTimeout as sleep } from 'node:timers/promises';
import { idOfToken } from '../domain/caller-token.ts';
import { SidecarError } from '../domain/errors.ts';
import { connectProven } from '../http/proven-server.ts';
import { readEndpointFile } from '../platform/endpoint-file.ts';
import { readStoredToken, rotateToken } from '../platform/identity.ts';
import { findPaths, variable } from '../platform/paths.ts';
import type { CommandContext } from './context.ts';
import { findServer } from './running-server.ts';

/** Longest wait for the server to follow, and between two looks, in milliseconds. */
const WAIT_MS = 5_000;
const LOOK_EVERY_MS = 50;

/**
 * Rotates the endpoint's token.
 *
 * @returns whether a running server uses the new one; false when none runs
 * @throws SidecarError `config-invalid` where a variable gives the token, `not-running` when the server does not follow
 */
export async function rotateEndpointToken({
  env,
  home,
  clock,
}: CommandContext): Promise<{ readonly inForce: boolean }> {
  const { identity, endpoint } = findPaths(env, home);
  const given = variable(env, 'PROVIDER_SIDECAR_TOKEN');
  if (given !== undefined && idOfToken(given) === undefined) throw givenByVariable('');
  const found = await findServer({ env, home });
  if (found.kind === 'absent') {
    await rotateToken(identity, clock());
    return { inForce: false };
  }
  const { server } = found;
  try {
    const stored = await readStoredToken(identity);
    if (stored?.reveal() !== found.endpoint.token.reveal()) throw givenByVariable(' of the running server');
    const next = await rotateToken(identity, clock());
    // Asked with the old token, which may be refused by now: then it has followed already.
    await server.ask({ path: '/v1/tokens' }).catch(() => undefined);
    for (let waited = 0; waited < WAIT_MS; waited += LOOK_EVERY_MS) {
      const written = await readEndpointFile(endpoint);
      if (written?.token.reveal() === next.reveal()) {
        const again = await connectProven(written);
        again?.close();
        if (again !== undefined) return { inForce: true };
      }
      await sleep(LOOK_EVERY_MS);
    }
    throw new SidecarError('not-running', 'The running server did not take over the new token', [
      'Start it again: the new token counts from then on',
    ]);
  } finally {
    server.close();
  }
}

function givenByVariable(whose: string): SidecarError {
  return new SidecarError('config-invalid', `The token${whose} is given by PROVIDER_SIDECAR_TOKEN`, [
    'Change that variable and start the server again',
  ]);
}
