/**
 * What a command takes over from the server that runs here: the default model that was chosen there while nobody
 * named one. Only the server knows the earlier choice, which stays while its runtime is away.
 */
import * as z from 'zod';
import { AUTO_DEFAULT } from '../resolution/default-model.ts';
import type { CommandContext } from './context.ts';
import { askServer } from './running-server.ts';

const answer = z.looseObject({
  defaultModel: z.looseObject({ ref: z.string(), source: z.literal(AUTO_DEFAULT) }),
});

/** `provider/model`; null when no server runs here, or its default model is none or was named by somebody. */
export async function autoDefaultOfServer(
  context: Pick<CommandContext, 'env' | 'home'>,
): Promise<string | null> {
  const read = answer.safeParse(await askServer(context, '/v1/snapshot'));
  return read.success ? read.data.defaultModel.ref : null;
}
