/**
 * Whether a self-hosted NIM server wants a key: asked without one at the start and now and then. The hosted
 * service is never asked.
 */
import { readNimSettings } from '../credentials/nim-settings.ts';
import { NIM_SERVICE } from '../domain/nim-service.ts';
import { type Ask, createAsk } from '../login/ask-provider.ts';
import { checkKeyless } from '../login/key-check.ts';
import type { Environment } from '../platform/paths.ts';
import type { KeylessAccess } from '../resolution/catalog/own-catalog.ts';

/** How often a self-hosted server is asked again, in milliseconds. */
const ASK_EVERY_MS = 5_000;

/** Short: the start of the server waits for it once. */
const LIMITS = { timeoutMs: 1_000, maxBytes: 1024 * 1024 } as const;

/** Asks the server that the environment names; `unknown` at once where it names none of one's own. */
export async function askNimAccess(env: Environment, ask: Ask = createAsk(LIMITS)): Promise<KeylessAccess> {
  const { baseUrl, selfHosted, defects } = readNimSettings(env);
  if (!selfHosted || defects.length > 0) return 'unknown';
  const answer = await checkKeyless(
    {
      kind: 'server',
      provider: NIM_SERVICE.id,
      displayName: NIM_SERVICE.name,
      baseUrl,
      api: 'openai-completions',
      headersFor: () => ({}),
      maybeKeyless: true,
      models: [],
    },
    ask,
  );
  return answer.kind === 'open' || answer.kind === 'wants-key' ? answer.kind : 'unknown';
}

/** What the watch needs. */
export interface NimAccessOptions {
  /** The variables that count now. */
  readonly env: () => Environment;
  readonly onChange: (access: KeylessAccess) => void;
  /** What was found at the start. */
  readonly first: KeylessAccess;
  readonly everyMs?: number;
}

/** A watch that is running. */
export interface NimAccessWatch {
  /** Forgets the verdict and asks at once when the variables lead to another server than before. */
  readonly envChanged: () => void;
  readonly close: () => void;
}

/** Keeps asking. A server that is away for a moment keeps the verdict that it had. */
export function watchNimAccess({ env, onChange, first, everyMs }: NimAccessOptions): NimAccessWatch {
  let place = readNimSettings(env()).baseUrl;
  let last = first;
  let busy = false;
  let closed = false;
  // At once, and not with the next answer: the verdict on one server must send no key to another.
  const noticeMove = (): boolean => {
    const { baseUrl } = readNimSettings(env());
    if (baseUrl === place) return false;
    place = baseUrl;
    const known = last !== 'unknown';
    last = 'unknown';
    if (known) onChange('unknown');
    return true;
  };
  const ask = async (): Promise<void> => {
    if (busy || closed) return;
    noticeMove();
    const asked = place;
    busy = true;
    const answer = await askNimAccess(env()).finally(() => {
      busy = false;
    });
    if (closed) return;
    noticeMove();
    if (asked !== place) return ask();
    if (answer === last || answer === 'unknown') return;
    last = answer;
    onChange(answer);
  };
  const timer = setInterval(() => void ask(), everyMs ?? ASK_EVERY_MS);
  timer.unref();
  return {
    envChanged: () => {
      if (noticeMove()) void ask();
    },
    close: () => {
      closed = true;
      clearInterval(timer);
    },
  };
}
