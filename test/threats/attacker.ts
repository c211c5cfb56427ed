/** What the attacker can do over raw sockets, and what has to come back each time. */
import { expect } from 'vitest';
import { expectRefusal } from '../http/guarded-server.ts';
import { REFUSED_REQUESTS } from '../http/refused-requests.ts';
import { head, type RawAnswer } from '../helpers/raw-http.ts';
import type { BuiltTarget } from './built-target.ts';
import { type Aim, FORGERIES, RESOLVE, smuggledRequests } from './forged-requests.ts';
import { everyRoute, STRAY_LINES, type WrongToken } from './wrong-tokens.ts';

export interface Attacker {
  readonly aimWith: (token: string) => Aim;
  /** Sends bytes, and looks for secrets in what comes back. */
  readonly send: (bytes: string, allowed?: readonly string[]) => Promise<RawAnswer>;
  readonly get: (
    path: string,
    token: string,
    options?: { readonly line?: string; readonly allowed?: readonly string[] },
  ) => Promise<RawAnswer>;
  /** One answer, in the constant form, with the same words as every other of its kind. */
  readonly expectRefused: (answer: RawAnswer, status: number, code: string) => void;
  /** Forged requests with these lines; those that show a token in the target show the full one. */
  readonly forgeAll: (lines: readonly string[]) => Promise<void>;
  /**
   * Requests that are wrong on the wire, each with a good one behind it that shows the full token.
   *
   * @param isFull the token has no limits, so that each is refused for its own reason
   */
  readonly sendBroken: (token: string, isFull: boolean) => Promise<void>;
  /** A token in ways that do not count. */
  readonly showWrongly: (ways: readonly WrongToken[]) => Promise<void>;
  /** With these lines every route is 401, and so are paths that are none; without any, two tell that they are there. */
  readonly expectNobody: (lines: readonly string[]) => Promise<void>;
}

/** @param target asked each time */
export function createAttacker(target: BuiltTarget): Attacker {
  const { host, port, oracle } = target;
  /** The one body of each refusal: neither the caller nor the attack may make a difference. */
  const words = new Map<string, string>();
  const aimWith: Attacker['aimWith'] = (token) => ({ port, host, token });

  const send: Attacker['send'] = async (bytes, allowed = []) => {
    const answer = await target.send(bytes);
    oracle.expectNoSecret(answer.text, allowed);
    return answer;
  };
  const expectRefused: Attacker['expectRefused'] = (answer, status, code) => {
    expectRefusal(answer, status, code);
    expect(answer.text.match(/HTTP\/1\.1 /g)).toHaveLength(1);
    const kind = `${status} ${code}`;
    expect(answer.body).toBe(words.get(kind) ?? answer.body);
    words.set(kind, answer.body);
  };
  const expectSomeRefusal = (answer: RawAnswer): void => {
    const { code }: { code: string } = JSON.parse(answer.body);
    expectRefused(answer, answer.status, code);
  };

  return {
    aimWith,
    send,
    get: (path, token, { line, allowed = [] } = {}) => {
      const lines = [host, bearer(token), 'Connection: close', ...(line === undefined ? [] : [line])];
      return send(head(`GET ${path} HTTP/1.1`, ...lines), allowed);
    },
    expectRefused,
    async forgeAll(lines) {
      for (const forge of Object.values(FORGERIES)) {
        const { status, code, heads } = forge(aimWith(target.tokens.full));
        await all(heads, async (forged) => {
          expectRefused(await send(head(...forged, ...lines)), status, code);
        });
      }
    },
    async sendBroken(token, isFull) {
      const good = head(RESOLVE, host, bearer(target.tokens.full), 'Connection: close');
      await all(REFUSED_REQUESTS, async ([name, bytes, status, code]) => {
        const answer = await send(bytes(host, token) + good);
        expect(answer.status, name).toBeGreaterThanOrEqual(400);
        if (isFull) expectRefused(answer, status, code);
        else expectSomeRefusal(answer);
      });
      await all(smuggledRequests(aimWith(token)), async (bytes) => expectSomeRefusal(await send(bytes)));
    },
    showWrongly: (ways) =>
      all(ways, async ({ lines, status, code }) => {
        expectRefused(await send(head(RESOLVE, host, ...lines)), status, code);
      }),
    async expectNobody(lines) {
      await all(everyRoute(), async ({ line, isOpen }) => {
        const answer = await send(head(line, host, ...lines, 'Connection: close'));
        if (isOpen && lines.length === 0) expect(answer.body).toBe('{"status":"ok"}');
        else expectRefused(answer, 401, 'unauthorized');
      });
      await all(STRAY_LINES, async (line) => {
        expectRefused(await send(head(line, host, ...lines)), 401, 'unauthorized');
      });
    },
  };
}

/** The header line that shows a token. */
export function bearer(token: string): string {
  return `Authorization: Bearer ${token}`;
}

/** Does it for each, all at once. */
export async function all<T>(list: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  await Promise.all(list.map(work));
}
