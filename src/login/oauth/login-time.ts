/** The time that a login may take: until its deadline, or until somebody cancels it. */

export interface LoginTime {
  /** Aborts at the deadline and when the login is cancelled. */
  readonly signal: AbortSignal;
  /** Which of the two it was; null while the login may go on. */
  readonly over: () => 'expired' | 'cancelled' | null;
  /** Resolves when the time is over. Never rejects. */
  readonly ended: Promise<void>;
  /** Lets go of the timer and of the signal that was handed in. */
  readonly stop: () => void;
}

/**
 * Begins to count.
 *
 * @param cancelled aborts when the login is not wanted any more
 * @param ms milliseconds to the deadline
 */
export function startLoginTime(cancelled: AbortSignal, ms: number): LoginTime {
  const controller = new AbortController();
  let why: 'expired' | 'cancelled' | null = null;
  const end = (reason: 'expired' | 'cancelled') => (): void => {
    why ??= reason;
    controller.abort();
  };
  const onCancel = end('cancelled');
  const ended = new Promise<void>((resolve) => {
    controller.signal.addEventListener('abort', () => resolve(), { once: true });
  });
  const timer = setTimeout(end('expired'), ms);
  if (cancelled.aborted) onCancel();
  else cancelled.addEventListener('abort', onCancel, { once: true });
  return {
    signal: controller.signal,
    over: () => why,
    ended,
    stop: () => {
      clearTimeout(timer);
      cancelled.removeEventListener('abort', onCancel);
    },
  };
}
