/** Time from the start of the process to the line that says that it listens, against node with an empty server. */
import type { Measure } from '../measure.ts';
import { startProgram } from '../programs.ts';
import type { Scope } from '../scope.ts';
import { startSidecar } from '../sidecars.ts';
import { interleave, median, perRound } from '../statistics.ts';

const EMPTY_SERVER =
  "require('node:http').createServer().listen(0, '127.0.0.1', () => console.log('Listening'))";

export const startup: Measure = {
  name: 'startup',
  title: 'Start to listening, without runtimes',
  needsProc: false,
  async run({ quick, scope }) {
    const rounds = quick ? 3 : 7;
    const run = await interleave(
      rounds,
      () => timeSidecar(scope),
      () => timeEmptyServer(scope),
    );
    return [
      {
        what: 'start to listening',
        value: median(run.ours),
        unit: 'ms',
        rival: { what: 'node with an empty server', value: median(run.rival) },
        comparison: { by: 'difference', value: median(perRound(run, (a, b) => a - b)) },
        goal: { of: 'value', sense: 'at-most', limit: 300 },
        rounds,
        note: 'each start in a fresh home: the token is made and stored, and the ports of the runtimes are looked at',
      },
    ];
  },
};

async function timeSidecar(scope: Scope): Promise<number> {
  const sidecar = await startSidecar(scope);
  await sidecar.stop();
  return sidecar.readyAfterMs;
}

async function timeEmptyServer(scope: Scope): Promise<number> {
  const program = await startProgram(scope, { args: ['-e', EMPTY_SERVER], ready: /Listening/ });
  await program.stop();
  return program.readyAfterMs;
}
