/** Gets Chromium before the first test. Without it nothing runs, and nothing counts as passed. */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { TestProject } from 'vitest/node';

declare module 'vitest' {
  export interface ProvidedContext {
    /** The program. */
    readonly chromium: string;
  }
}

const SCRIPT = fileURLToPath(new URL('../../scripts/chromium.sh', import.meta.url));

export function setup(project: TestProject): void {
  const { status, stdout, stderr } = spawnSync('sh', [SCRIPT], { encoding: 'utf8' });
  const path = stdout.trim();
  if (status !== 0 || path === '') {
    throw new Error(`THE BROWSER SUITE DID NOT RUN (exit ${status ?? 'by signal'}): ${stderr.trim()}`);
  }
  project.provide('chromium', path);
}
