// Packs the program as it would be published, installs it without any install script into a folder of its own,
// and starts it there: what a user gets must work without the sources and the tools of this folder.
import { execFileSync, spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'provider-sidecar-install-'));
const home = join(folder, 'home');
const env = { PATH: process.env['PATH'], HOME: home };

try {
  mkdirSync(home);
  const pack = ['pack', '--silent', '--ignore-scripts', '--pack-destination', folder];
  const tarball = execFileSync('npm', pack, { cwd: root, encoding: 'utf8' }).trim().split('\n').at(-1);
  execFileSync('tar', ['-xzf', join(folder, tarball), '-C', folder]);
  const installed = join(folder, 'package');
  copyFileSync(join(root, 'package-lock.json'), join(installed, 'package-lock.json'));
  execFileSync('npm', ['ci', '--omit=dev', '--ignore-scripts', '--no-audit', '--no-fund'], {
    cwd: installed,
    stdio: 'inherit',
  });

  const cli = (...args) =>
    spawnSync(process.execPath, [join(installed, 'dist', 'cli.js'), ...args], {
      cwd: home,
      env,
      encoding: 'utf8',
      timeout: 60_000,
    });
  expectCode(cli('--version'), 0, '--version');
  expectCode(cli('explain', 'anthropic/claude-opus-4-5', '--offline', '--json'), 0, 'explain');
  expectCode(cli('status'), 69, 'status without a server');
  const load = `await import('provider-sidecar/client')`;
  const client = spawnSync(process.execPath, ['--input-type=module', '-e', load], { cwd: installed, env });
  expectCode(client, 0, 'the client library');
  if (process.exitCode === undefined) console.log('Packed, installed without scripts, started: ok');
} finally {
  rmSync(folder, { recursive: true, force: true });
}

function expectCode({ status, stdout, stderr }, expected, what) {
  if (status === expected) return;
  console.error(`FAILED: ${what}: exit code ${status}, expected ${expected}\n${stdout}\n${stderr}`);
  process.exitCode = 1;
}
