/** Gets the real llama-server before the first test. Without it nothing runs, and nothing counts as passed. */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { TestProject } from 'vitest/node';

declare module 'vitest' {
  export interface ProvidedContext {
    /** Folder that holds llama-server and all that it needs. */
    readonly llamaServer: string;
  }
}

const SCRIPT = fileURLToPath(new URL('../../scripts/llama-server.sh', import.meta.url));

export function setup(project: TestProject): void {
  const { status, stdout, stderr } = spawnSync('sh', [SCRIPT], { encoding: 'utf8' });
  const folder = stdout.trim();
  if (status !== 0 || folder === '') {
    throw new Error(`THE REAL SERVER SUITE DID NOT RUN (exit ${status ?? 'by signal'}): ${stderr.trim()}`);
  }
  project.provide('llamaServer', folder);
}
