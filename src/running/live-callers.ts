/**
 * The callers of a running server, kept in step with their files: `tokens.json`, and the endpoint's token in
 * `identity.json`. A command that changed one asks the server to look at once; the watch finds it anyway.
 */
import { createCallerTokenStore, tokenFileFinding } from '../credentials/caller-tokens.ts';
import { messageOf } from '../domain/errors.ts';
import type { Finding } from '../domain/finding.ts';
import type { Secret } from '../domain/secret.ts';
import { type Callers, createCallers } from '../http/callers/callers.ts';
import type { Clock } from '../platform/clock.ts';
import { readStoredToken } from '../platform/identity.ts';
import type { Logger } from '../platform/logger.ts';
import type { Paths } from '../platform/paths.ts';
import { watchFiles } from '../platform/watch-files.ts';

export interface LiveCallersOptions {
  readonly paths: Pick<Paths, 'tokens' | 'identity'>;
  /** The endpoint's token as it counts at the start. */
  readonly token: Secret;
  /** True when a variable gives that token: the stored one does not count then. */
  readonly isTokenFixed: boolean;
  readonly clock: Clock;
  readonly log: Pick<Logger, 'info' | 'warn' | 'error'>;
  /** Called after the endpoint's token changed; the new one is in force already. */
  readonly onToken: (token: Secret) => Promise<void>;
  /** Called after each reading of the stored tokens with what is wrong with their file, or null. */
  readonly onTokenTrouble: (finding: Finding | null) => void;
}

export interface LiveCallers {
  readonly callers: Callers;
  /** Reads the files again; resolves when what they say is in force. */
  readonly reload: () => Promise<void>;
  readonly close: () => Promise<void>;
}

/**
 * Reads the stored tokens and begins to watch.
 *
 * @throws SidecarError `config-invalid` for an endpoint's token that no header could carry
 */
export async function createLiveCallers(options: LiveCallersOptions): Promise<LiveCallers> {
  const { paths, token, isTokenFixed, clock, log, onToken, onTokenTrouble } = options;
  const callers = createCallers(token, clock);
  const store = createCallerTokenStore(paths.tokens, clock);
  let trouble: string | null = null;

  const reloadStored = async (): Promise<void> => {
    const file = await store.read();
    onTokenTrouble(tokenFileFinding(paths.tokens, file));
    if (file.kind === 'read') {
      trouble = null;
      callers.setStored(file.tokens);
      return;
    }
    // Said once, not once a look.
    if (file.detail !== trouble) log.error(`${file.detail}; the tokens that were read before stay in force`);
    trouble = file.detail;
  };
  const reloadEndpoint = async (): Promise<void> => {
    if (isTokenFixed) return;
    const stored = await readStoredToken(paths.identity).catch((error: unknown) => {
      log.warn(messageOf(error));
      return undefined;
    });
    if (stored === undefined || stored.reveal() === callers.endpointToken().reveal()) return;
    callers.setEndpointToken(stored);
    await onToken(stored);
    log.info('The token of endpoint.json was rotated');
  };

  /** One look at a time; whoever asks meanwhile gets the one that begins afterwards. */
  let queue: Promise<void> = Promise.resolve();
  let closed = false;
  const reload = (): Promise<void> => {
    queue = queue.then(async () => {
      if (closed) return;
      await reloadStored();
      await reloadEndpoint();
    });
    const done = queue;
    queue = queue.catch((error: unknown) => log.error(`Tokens could not be read: ${messageOf(error)}`));
    return done;
  };
  const watch = watchFiles(
    () => void reload().catch(() => undefined),
    (error) => log.warn('Watching files failed', { error: messageOf(error) }),
  );
  watch.setFiles([paths.tokens, paths.identity]);
  const close = async (): Promise<void> => {
    closed = true;
    await watch.close();
    await queue;
    callers.close();
  };
  try {
    await reload();
  } catch (error) {
    await close();
    throw error;
  }
  return { callers, reload, close };
}
