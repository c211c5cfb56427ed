/** The list of runtimes, in the order of reports: the first model of the first one up is the automatic default. */
import type { RuntimeId } from '../../domain/provider-id.ts';
import { lmStudio } from './lmstudio.ts';
import { ollama } from './ollama.ts';
import type { Runtime } from './runtime.ts';

/** Every runtime that discovery knows. */
export const RUNTIMES: readonly Runtime[] = [ollama, lmStudio];

/** The runtime of an id, or undefined for one that discovery cannot identify yet. */
export function runtimeById(id: RuntimeId): Runtime | undefined {
  return RUNTIMES.find((runtime) => runtime.id === id);
}
