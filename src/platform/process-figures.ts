/**
 * What this process uses, read when somebody asks. Nothing is measured in between: a watch over the event loop
 * or the garbage collector would wake an idle process many times a second.
 */
import { performance } from 'node:perf_hooks';

/** Times in seconds, sizes in bytes. */
export interface ProcessFigures {
  readonly cpuUser: number;
  readonly cpuSystem: number;
  readonly residentMemory: number;
  readonly heapUsed: number;
  readonly heapTotal: number;
  /** Unix time of the start. */
  readonly startedAt: number;
  /** Time in which the event loop had something to do. */
  readonly eventLoopActive: number;
}

/** Reads the figures. */
export function readProcessFigures(): ProcessFigures {
  const { user, system } = process.cpuUsage();
  const { rss, heapUsed, heapTotal } = process.memoryUsage();
  return {
    cpuUser: user / 1e6,
    cpuSystem: system / 1e6,
    residentMemory: rss,
    heapUsed,
    heapTotal,
    startedAt: performance.timeOrigin / 1000,
    eventLoopActive: performance.eventLoopUtilization().active / 1000,
  };
}
