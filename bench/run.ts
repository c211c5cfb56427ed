/**
 * `npm run bench`: measures the built program against its rivals and prints a table.
 *
 * `--json` prints JSON, `--quick` takes fewer rounds, `--only NAME` (may be repeated) picks measures.
 * A missed goal is a result: the exit code is 1 only when a measure could not be taken, 64 for a wrong call.
 */
import { connect } from 'node:net';
import { availableParallelism, loadavg } from 'node:os';
import { parseArgs } from 'node:util';
import type { Measure } from './measure.ts';
import { event } from './measures/event.ts';
import { latency } from './measures/latency.ts';
import { memory } from './measures/memory.ts';
import { notice } from './measures/notice.ts';
import { noticeReal } from './measures/notice-real.ts';
import { scan } from './measures/scan.ts';
import { startup } from './measures/startup.ts';
import { swap } from './measures/swap.ts';
import { throughput } from './measures/throughput.ts';
import { watcher } from './measures/watcher.ts';
import { type Circumstances, type Outcome, toJson, toText } from './report.ts';
import { createScope, type Scope } from './scope.ts';

const USUAL: readonly Measure[] = [throughput, latency, startup, memory, scan, notice, watcher, swap, event];
/** With those that are taken only when they are named: they need more than npm brings. */
const MEASURES: readonly Measure[] = [...USUAL, noticeReal];

/** The one runtime port that the environment cannot move away from the program under measurement. */
const OLLAMA_PORT = 11_434;

process.exitCode = await main();

async function main(): Promise<number> {
  const options = readOptions();
  if (typeof options === 'string') {
    process.stderr.write(`${options}\nMeasures: ${MEASURES.map(({ name }) => name).join(', ')}\n`);
    return 64;
  }
  const circumstances: Circumstances = {
    node: process.version,
    platform: `${process.platform} ${process.arch}`,
    cpus: availableParallelism(),
    loadBefore: loadavg()[0] ?? 0,
    quick: options.quick,
    warnings: (await somethingListensAt(OLLAMA_PORT))
      ? [`something answers at port ${OLLAMA_PORT}, so "without runtimes" is not true here`]
      : [],
  };
  const outcomes = await measureAll(options.measures, options.quick);
  process.stdout.write(options.json ? toJson(circumstances, outcomes) : toText(circumstances, outcomes));
  return outcomes.some(({ kind }) => kind === 'failed') ? 1 : 0;
}

interface Options {
  readonly json: boolean;
  readonly quick: boolean;
  readonly measures: readonly Measure[];
}

/** The options, or what is wrong with them. */
function readOptions(): Options | string {
  try {
    const { values } = parseArgs({
      options: {
        json: { type: 'boolean', default: false },
        quick: { type: 'boolean', default: false },
        only: { type: 'string', multiple: true, default: [] },
      },
    });
    const unknown = values.only.find((wanted) => !MEASURES.some(({ name }) => name === wanted));
    if (unknown !== undefined) return `There is no measure ${JSON.stringify(unknown)}`;
    const measures =
      values.only.length === 0 ? USUAL : MEASURES.filter(({ name }) => values.only.includes(name));
    return { json: values.json, quick: values.quick, measures };
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** One measure after the other: two at once would measure each other. */
async function measureAll(measures: readonly Measure[], quick: boolean): Promise<readonly Outcome[]> {
  const outcomes: Outcome[] = [];
  let scope: Scope = createScope();
  for (const [name, code] of [
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const) {
    process.once(name, () => void scope.close().finally(() => process.exit(code)));
  }
  for (const measure of measures) {
    process.stderr.write(`${measure.title} …\n`);
    scope = createScope();
    outcomes.push(await measureOne(measure, scope, quick));
    await scope.close();
  }
  return outcomes;
}

async function measureOne(measure: Measure, scope: Scope, quick: boolean): Promise<Outcome> {
  const { name, title } = measure;
  if (measure.needsProc && process.platform !== 'linux') {
    return { name, title, kind: 'skipped', reason: 'it reads /proc, which only Linux has' };
  }
  try {
    return { name, title, kind: 'measured', figures: await measure.run({ quick, scope }) };
  } catch (error) {
    return { name, title, kind: 'failed', error: error instanceof Error ? error.message : String(error) };
  }
}

function somethingListensAt(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1' });
    const end = (listens: boolean) => {
      socket.destroy();
      resolve(listens);
    };
    socket.on('connect', () => end(true));
    socket.on('error', () => end(false));
  });
}
