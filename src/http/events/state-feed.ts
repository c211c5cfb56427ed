/**
 * The newest state, made once for all who follow it. It is described anew after each swap of the snapshot, and
 * looked at again when something has changed that no snapshot shows: then a new revision is asked for.
 */
import type { SnapshotAnswer } from '../../domain/answers/snapshot.ts';
import { messageOf } from '../../domain/errors.ts';
import type { Logger } from '../../platform/logger.ts';
import type { StreamMessage } from './reader.ts';
import { stateMessage } from './stream-text.ts';

/** A state in the forms in which it leaves; each is made when it is first needed. */
export interface PublishedState {
  readonly answer: SnapshotAnswer;
  readonly json: () => string;
  readonly message: () => StreamMessage;
}

export interface StateFeedOptions {
  /** Describes the snapshot that is current when it is called. */
  readonly describe: () => Promise<SnapshotAnswer>;
  /** Revision of the current snapshot. */
  readonly revision: () => number;
  /** Asks for a new revision of the same inputs. */
  readonly renew: () => void;
  readonly log: Pick<Logger, 'error'>;
}

export interface StateFeed {
  /** The snapshot was swapped. */
  readonly changed: () => void;
  /** Something may have changed that no snapshot shows: a credential, or the time. */
  readonly recheck: () => Promise<void>;
  /** Resolves when the state of the current snapshot is there; rejects when it cannot be described. */
  readonly ready: () => Promise<void>;
  /** The newest state, or undefined before the first one is there. */
  readonly latest: () => PublishedState | undefined;
  /** Calls back with each new state and the one before it. @returns ends that */
  readonly subscribe: (listener: StateListener) => () => void;
}

type StateListener = (state: PublishedState, before: PublishedState | undefined) => void;

/** Creates the feed; describes nothing until it is told of a change or asked. */
export function createStateFeed({ describe, revision, renew, log }: StateFeedOptions): StateFeed {
  const listeners = new Set<StateListener>();
  let latest: PublishedState | undefined;
  let underWay: Promise<void> | undefined;

  const follow = async (): Promise<void> => {
    // Swaps that came while one state was described are in the next one.
    while (latest === undefined || latest.answer.revision !== revision()) {
      const before = latest;
      latest = published(await describe());
      for (const listener of listeners) listener(latest, before);
    }
  };
  const catchUp = (): Promise<void> => {
    underWay ??= follow().finally(() => {
      underWay = undefined;
    });
    return underWay;
  };
  const logFailure = (error: unknown): void =>
    log.error('The state could not be described', { error: messageOf(error) });

  return {
    changed() {
      catchUp().catch(logFailure);
    },
    async recheck() {
      try {
        await catchUp();
        const known = latest;
        const again = published(await describe());
        const isOfSameRevision = again.answer.revision === known?.answer.revision;
        if (isOfSameRevision && again.json() !== known?.json()) renew();
      } catch (error) {
        logFailure(error);
      }
    },
    ready: catchUp,
    latest: () => latest,
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

function published(answer: SnapshotAnswer): PublishedState {
  const json = once(() => JSON.stringify(answer));
  return { answer, json, message: once(() => stateMessage(answer, json())) };
}

function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => (made ??= { value: make() }).value;
}
