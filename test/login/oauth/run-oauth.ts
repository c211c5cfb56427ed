/** Runs a command of `oauth` in this process, with a store of its own. */
import { join } from 'node:path';
import { createOwnStore, type OwnStore } from '../../../src/credentials/own-store.ts';
import { createAsk } from '../../../src/login/ask-provider.ts';
import { oauthLogin } from '../../../src/login/oauth.ts';
import type { OAuthDeps } from '../../../src/login/oauth/oauth-deps.ts';
import type { CommandFlags, CommandResult } from '../../../src/login/plugin.ts';
import { systemClock } from '../../../src/platform/clock.ts';
import { NO_OAUTH } from '../no-oauth.ts';

/** What nobody asks for here: whoever does fails the test. */
export const never = (): never => {
  throw new Error('not asked for here');
};

/** What credentials are looked up with, where none is. */
export const NO_LOOKUP = { env: {}, references: { resolve: never, peek: never, known: never } };

const NOT_ASKED = { code: 'no-auth' as const, detail: 'not asked for here', hints: [] };

/** A store in this folder. */
export function storeIn(folder: string): OwnStore {
  return createOwnStore({ path: join(folder, 'auth-profiles.json'), clock: systemClock });
}

/** Runs it with this store, and nobody at the terminal. */
export async function runOAuth(
  store: OwnStore,
  oauth: Partial<OAuthDeps>,
  args: readonly string[],
  flags: CommandFlags = {},
): Promise<CommandResult> {
  const plugin = await oauthLogin.create({
    env: {},
    store,
    ask: createAsk(),
    prompt: { askSecret: never, isPiped: never, readPiped: never },
    target: never,
    lookUp: () => Promise.resolve({ kind: 'failed', revision: 1, problem: NOT_ASKED, steps: [] }),
    serverOf: never,
    exchange: never,
    oauth: { ...NO_OAUTH, clock: systemClock, ...oauth },
  });
  return plugin.executeUserCommand('oauth', args, flags);
}
