/**
 * What a command takes over from the server that runs here: which credentials were refused. Only the server knows
 * it, and without it a command would name a credential that requests do not get.
 */
import * as z from 'zod';
import type { CredentialAtProvider } from '../credentials/credential-health.ts';
import type { CoolDown } from '../domain/cool-down.ts';
import { fromCoolDownAnswer } from '../resolution/answers/cool-down-answer.ts';
import type { CommandContext } from './context.ts';
import { askServer } from './running-server.ts';

/** A cool-down with the credential that it is about. */
export interface ServerCoolDown {
  readonly credential: CredentialAtProvider;
  readonly coolDown: CoolDown;
}

/** The cool-downs of the running server; none when no server runs here, or none that proves to be ours. */
export async function coolDownsOfServer(
  context: Pick<CommandContext, 'env' | 'home'>,
): Promise<readonly ServerCoolDown[]> {
  const body = await askServer(context, '/v1/providers');
  if (body === undefined) return [];
  const list = (await listSchema()).safeParse(body);
  // A server of another release: what stands in the files counts.
  if (!list.success) return [];
  return list.data.providers.flatMap(({ id, auth }) =>
    (auth.coolDowns ?? []).map((entry) => ({
      credential: { providerId: id, version: entry.fingerprint },
      coolDown: fromCoolDownAnswer(entry),
    })),
  );
}

/** As much of the server's list as is needed here. Most commands run where no server does, and load none of it. */
async function listSchema() {
  const { coolDownAnswer } = await import('../domain/answers/cool-down.ts');
  const auth = z.looseObject({ coolDowns: z.array(coolDownAnswer).optional() });
  return z.looseObject({ providers: z.array(z.looseObject({ id: z.string(), auth })) });
}
