/**
 * How long the watcher leaves an endpoint alone after a check that found nothing new. Pure. What may start
 * at any moment on this machine is never left alone: a start has to be noticed within 2.5 seconds.
 */
import type { EndpointState } from '../domain/runtime-state.ts';

/** Ticks between checks of a host of the network that is away: half a minute at the usual tick. */
const REMOTE_TICKS = 20;
/** Ticks between checks of what answers and is not usable: nine seconds at the usual tick. */
const UNUSABLE_TICKS = 6;

/**
 * Ticks that pass before the next check, doubling with every check in vain.
 *
 * @param unchanged checks in a row that found the same state, this one included
 */
export function ticksToRest(state: EndpointState, isLoopback: boolean, unchanged: number): number {
  const most = mostTicks(state, isLoopback);
  return Math.min(2 ** Math.min(Math.max(unchanged - 1, 0), 10), most) - 1;
}

function mostTicks(state: EndpointState, isLoopback: boolean): number {
  switch (state) {
    case 'up':
    case 'loading':
      return 1;
    case 'down':
      // Asking whether a port of this machine is open costs next to nothing.
      return isLoopback ? 1 : REMOTE_TICKS;
    case 'error':
      return isLoopback ? UNUSABLE_TICKS : REMOTE_TICKS;
    case 'wrong-service':
    case 'auth-required':
      // A program that is not meant gets no request every other second.
      return UNUSABLE_TICKS;
  }
}
