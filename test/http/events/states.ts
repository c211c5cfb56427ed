/** States for tests that need no sidecar. */
import type { SnapshotAnswer } from '../../../src/domain/answers/snapshot.ts';

/** An empty state, but for what is given. */
export function stateWith(parts: Partial<SnapshotAnswer> = {}): SnapshotAnswer {
  return {
    revision: 1,
    health: { status: 'ok', findings: [] },
    defaultModel: null,
    providers: [],
    models: [],
    endpoints: [],
    ...parts,
  };
}
