/** "npm run demo:exchange starts both and walks the diagram from step 1 to 10 with a key that lives seconds." */
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';

const run = promisify(execFile);
const ROOT = resolve(import.meta.dirname, '../..');

it(
  '"walks the diagram from step 1 to 10", ends by itself with exit code 0',
  { timeout: 120_000 },
  async () => {
    const { scripts }: { scripts: Record<string, string> } = JSON.parse(
      readFileSync(resolve(ROOT, 'package.json'), 'utf8'),
    );
    expect(scripts['demo:exchange']).toBe('tsx fixtures/gpu-dev-api/demo.ts');
    // A failed step ends with another code, which rejects.
    const { stdout, stderr } = await run(
      process.execPath,
      ['--import', 'tsx', 'fixtures/gpu-dev-api/demo.ts'],
      {
        cwd: ROOT,
      },
    );
    const steps = [...stdout.matchAll(/^ ?(\d+)\. /gm)].map(([, step]) => Number(step));
    expect(steps).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    expect(stdout).toContain('API key has expired');
    expect(stderr).toBe('');
  },
);
