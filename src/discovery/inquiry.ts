/**
 * All questions that one look at one root URL asks: remembers each answer, so that runtimes which share a
 * port share them too, and collects the evidence.
 */
import type { Evidence } from '../domain/runtime-state.ts';
import type { Probe, ProbeOptions, ProbeResult } from './probe.ts';

/** The questions put to one root URL. */
export interface Inquiry {
  /** Root URL without a slash at its end. */
  readonly root: string;
  /** Asks `root + path` once; asked again it gives the same answer without a request. */
  get(path: string, options?: ProbeOptions): Promise<ProbeResult>;
  /** Posts to `root + path`. Every call is a request, and none of them is kept as evidence. */
  post(path: string, json: unknown, options?: ProbeOptions): Promise<ProbeResult>;
  /** What was asked so far and what came back, in the order of the answers. */
  evidence(): readonly Evidence[];
}

/** Opens an inquiry. `limits` hold for each of its requests unless the request sets its own. */
export function createInquiry(probe: Probe, root: string, limits: ProbeOptions = {}): Inquiry {
  const answers = new Map<string, Promise<ProbeResult>>();
  const evidence: Evidence[] = [];
  return {
    root,
    get: (path, options = {}) => {
      const asked = answers.get(path);
      if (asked !== undefined) return asked;
      const asking = probe.get(`${root}${path}`, { ...limits, ...options }).then((result) => {
        evidence.push(result.evidence);
        return result;
      });
      answers.set(path, asking);
      return asking;
    },
    post: (path, json, options = {}) => probe.post(`${root}${path}`, json, { ...limits, ...options }),
    evidence: () => evidence,
  };
}
