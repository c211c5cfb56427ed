/** Starts fake runtimes in a process of their own. */
import { fileURLToPath } from 'node:url';
import * as z from 'zod';
import { startProgram } from './programs.ts';
import type { Scope } from './scope.ts';

const portsSchema = z.object({ ollama: z.array(z.number()), lmstudio: z.array(z.number()) });

/** Ports of the running fakes. */
export type FleetPorts = z.infer<typeof portsSchema>;

export interface FleetOptions {
  readonly ollamas: number;
  readonly lmstudios: number;
  /** Models of each. */
  readonly models: number;
}

/** Starts the fakes; the scope ends them. */
export async function startFleet(
  scope: Scope,
  { ollamas, models, lmstudios }: FleetOptions,
): Promise<FleetPorts> {
  const file = fileURLToPath(new URL('./fakes/runtimes.ts', import.meta.url));
  const counts = [ollamas, models, lmstudios].map(String);
  const { ready } = await startProgram(scope, {
    args: ['--import', 'tsx', file, ...counts],
    ready: /^Fakes (.+)$/m,
  });
  return portsSchema.parse(JSON.parse(ready[0] ?? ''));
}
