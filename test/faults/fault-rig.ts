/** What the tests of faults share: a rig and fakes that close with the test, and the cost of a piece of work. */
import { onTestFinished } from 'vitest';
import { type Rig, type RigOptions, startRig } from '../helpers/sidecar-rig.ts';

/** A sidecar that is closed at the end of the test. */
export async function sidecarWith(options: RigOptions = {}): Promise<Rig> {
  const rig = await startRig(options);
  onTestFinished(() => rig.close());
  return rig;
}

/** Stops something at the end of the test. */
export function closing<T extends { stop(): Promise<void> } | { close(): Promise<void> }>(thing: T): T {
  onTestFinished(() => ('stop' in thing ? thing.stop() : thing.close()));
  return thing;
}

/** An explicit scan, as an operator asks for one; everything it found is in force afterwards. */
export async function scan(rig: Rig): Promise<void> {
  const { status, text } = await rig.ask('/v1/discovery/scan', { method: 'POST' });
  if (status !== 200) throw new Error(text);
  await rig.sidecar.settled();
}

/** Processor time of this process that the work took, in milliseconds. */
export async function cpuOf(work: () => Promise<unknown>): Promise<number> {
  const before = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}

/** A clock that a test moves. It runs on by itself as well, as the machine's does. */
export function movableClock(): { readonly clock: () => number; readonly move: (ms: number) => void } {
  let shift = 0;
  return {
    clock: () => Date.now() + shift,
    move: (ms) => {
      shift += ms;
    },
  };
}
