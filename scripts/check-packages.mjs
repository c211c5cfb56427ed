// Looks at the packages that the program brings to a user's machine, as package-lock.json names them: how many
// there are, that none runs a script when it is installed, and that each is held by its hash. Asks the registry
// for known weaknesses where it answers such questions. With the path of another lock file it looks at that one, and
// asks nobody.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** Most packages that a user may get. Raise it only for a package that is worth it. */
const BUDGET = 80;

const [given] = process.argv.slice(2);
const lock = JSON.parse(readFileSync(given ?? new URL('../package-lock.json', import.meta.url), 'utf8'));
const all = Object.entries(lock.packages).filter(([path]) => path !== '');
const runtime = all.filter(([, entry]) => entry.dev !== true);
const named = (entries) => entries.map(([path]) => path.replace(/^.*node_modules\//, '')).join(', ');

const defects = [];
if (runtime.length > BUDGET) defects.push(`more than ${BUDGET} packages at run time`);
const scripted = runtime.filter(([, entry]) => entry.hasInstallScript === true);
if (scripted.length > 0) defects.push(`packages with install scripts: ${named(scripted)}`);
const loose = all.filter(([, entry]) => entry.link !== true && entry.integrity === undefined);
if (loose.length > 0) defects.push(`packages without a hash: ${named(loose)}`);
const placed = all.filter(([, entry]) => entry.resolved !== undefined);
if (placed.length > 0) defects.push(`packages bound to one registry: ${named(placed)}`);

console.log(`${runtime.length} packages at run time (budget ${BUDGET}), ${all.length} in all`);
for (const defect of defects) console.error(`FAILED: ${defect}`);

if (given === undefined) askForWeaknesses();
process.exitCode = defects.length === 0 ? 0 : 1;

function askForWeaknesses() {
  const audit = spawnSync('npm', ['audit', '--omit=dev', '--json'], { encoding: 'utf8', timeout: 60_000 });
  const counts = countsOf(audit.stdout ?? '');
  if (counts === undefined) {
    console.error('NOT RUN: npm audit: the registry gave no answer about known weaknesses');
  } else if (counts.total > 0) {
    defects.push('known weaknesses');
    console.error(`FAILED: npm audit names ${counts.total} known weaknesses; see: npm audit --omit=dev`);
  } else {
    console.log('npm audit knows of no weakness');
  }
}

/** The counts of a report, or undefined for anything that is none. */
function countsOf(text) {
  try {
    return JSON.parse(text).metadata?.vulnerabilities;
  } catch {
    return undefined;
  }
}
