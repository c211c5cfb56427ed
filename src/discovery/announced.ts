/** What somebody else told of hosts that may serve models: hearsay, as data. */
import type { RuntimeId } from '../domain/provider-id.ts';

/** A host that something nobody vouches for told of. Never dialled because of that. */
export interface Announced {
  readonly scheme: string;
  readonly host: string;
  readonly port: number;
  /** What it claims to be. */
  readonly runtime: RuntimeId | null;
  /** Who told of it. */
  readonly foundBy: string;
}

/** A source that listens. */
export interface Listener {
  /** What it heard and what has not expired. */
  hosts(): readonly Announced[];
  close(): Promise<void>;
}
