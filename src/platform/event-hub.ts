/** Hands each event to everybody who listens at that moment. Keeps nothing. */

export interface EventHub<Event> {
  readonly publish: (event: Event) => void;
  /** @returns ends the subscription */
  readonly subscribe: (listener: (event: Event) => void) => () => void;
}

/** @param onError told what a listener threw; the other listeners still get the event */
export function createEventHub<Event>(onError: (error: unknown) => void): EventHub<Event> {
  const listeners = new Set<(event: Event) => void>();
  return {
    publish(event) {
      for (const listener of listeners) {
        try {
          listener(event);
        } catch (error) {
          onError(error);
        }
      }
    },
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}
