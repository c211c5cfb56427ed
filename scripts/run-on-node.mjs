// Runs a program on another major version of Node.js: node scripts/run-on-node.mjs 22 script.mjs [arguments].
// The version is fetched from the npm registry once, into node_modules/.cache, and changes nothing else.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const [major, ...command] = process.argv.slice(2);
if (major === undefined || !/^\d{2}$/.test(major) || command.length === 0) {
  console.error('usage: node scripts/run-on-node.mjs <major version> <script> [arguments]');
  process.exit(64);
}

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const folder = join(root, 'node_modules', '.cache', `node-${major}`);
const name = `node-${process.platform}-${process.arch}`;
const node = join(folder, 'node_modules', name, 'bin', 'node');
if (!existsSync(node)) {
  mkdirSync(folder, { recursive: true });
  const fetch = ['install', '--prefix', folder, '--no-save', '--no-package-lock', '--ignore-scripts'];
  const fetched = spawnSync('npm', [...fetch, `${name}@${major}`], { stdio: 'inherit' });
  if (fetched.status !== 0 || !existsSync(node)) {
    console.error(`NOT RUN: Node.js ${major} could not be had as the package ${name}`);
    process.exit(1);
  }
}

const path = `${dirname(node)}:${process.env['PATH'] ?? ''}`;
const ran = spawnSync(node, command, { stdio: 'inherit', cwd: root, env: { ...process.env, PATH: path } });
process.exit(ran.status ?? 1);
