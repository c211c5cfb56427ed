// Takes a fresh snapshot of the pi-ai model catalog and writes src/resolution/catalog/pi-ai.json.
// Only the data is kept: the package itself, with the SDKs it pulls in, is no dependency of this program.
// Usage: npm run catalog:update [-- <package version>]
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);

const SOURCE = '@mariozechner/pi-ai';
const DEFAULT_VERSION = '0.73.1';
const TARGET = fileURLToPath(new URL('../src/resolution/catalog/pi-ai.json', import.meta.url));
const COMMAND_TIMEOUT_MS = 120_000;

/** Downloads the package into `folder` and returns its catalog, provider id → model id → model. */
async function fetchModels(folder, version) {
  console.log(`Fetching ${SOURCE}@${version} …`);
  const packed = await run('npm', ['pack', `${SOURCE}@${version}`, '--json', '--pack-destination', folder], {
    cwd: folder,
    timeout: COMMAND_TIMEOUT_MS,
    maxBuffer: 32 * 1024 * 1024,
  });
  const [archive] = JSON.parse(packed.stdout);
  if (typeof archive?.filename !== 'string') throw new Error('npm pack did not name the archive it wrote');
  console.log(`Unpacking ${archive.filename} …`);
  await run('tar', ['-xzf', archive.filename, 'package/dist/models.generated.js', 'package/package.json'], {
    cwd: folder,
    timeout: COMMAND_TIMEOUT_MS,
  });
  const manifest = JSON.parse(await readFile(join(folder, 'package/package.json'), 'utf8'));
  if (manifest.license !== 'MIT') throw new Error(`the licence is ${manifest.license}, expected MIT`);
  const { MODELS } = await import(pathToFileURL(join(folder, 'package/dist/models.generated.js')).href);
  if (typeof MODELS !== 'object' || MODELS === null) throw new Error('the package has no MODELS export');
  return { models: MODELS, version: manifest.version };
}

/** The one value that every item has for `key`, or undefined. */
function shared(items, key) {
  const values = new Set(items.map((item) => item[key]));
  return values.size === 1 ? items[0][key] : undefined;
}

/**
 * One provider as it is stored: what all models share stands once, at the provider. An empty base URL
 * (Azure, where each user has an own one) is left out.
 */
function toProvider(id, modelsById) {
  const models = Object.values(modelsById);
  if (models.length === 0) throw new Error(`provider ${id} has no models`);
  const api = shared(models, 'api');
  const baseUrl = shared(models, 'baseUrl');
  const rows = models.map((model) => {
    if (typeof model.id !== 'string' || typeof model.contextWindow !== 'number') {
      throw new Error(`provider ${id} has a model without an id or a context window`);
    }
    return {
      id: model.id,
      name: model.name,
      ...(api === undefined && { api: model.api }),
      ...(baseUrl === undefined && { baseUrl: model.baseUrl }),
      reasoning: model.reasoning,
      input: model.input,
      cost: model.cost,
      contextWindow: model.contextWindow,
      maxTokens: model.maxTokens,
      ...(model.headers !== undefined && { headers: model.headers }),
    };
  });
  return { ...(api && { api }), ...(baseUrl && { baseUrl }), models: rows };
}

/** JSON with one model a line, so that a new snapshot can be reviewed as a diff. */
function render(head, providers) {
  const fields = (object) =>
    Object.entries(object).map(([key, value]) => `${JSON.stringify(key)}: ${JSON.stringify(value)}`);
  const blocks = Object.entries(providers).map(([id, { models, ...rest }]) => {
    const rows = models.map((model) => `        ${JSON.stringify(model)}`).join(',\n');
    const lines = [...fields(rest), `"models": [\n${rows}\n      ]`].map((line) => `      ${line}`);
    return `    ${JSON.stringify(id)}: {\n${lines.join(',\n')}\n    }`;
  });
  const lines = [...fields(head), `"providers": {\n${blocks.join(',\n')}\n  }`].map((line) => `  ${line}`);
  return `{\n${lines.join(',\n')}\n}\n`;
}

/** The snapshot that is in place, or undefined when there is none. */
async function readPresent() {
  try {
    return JSON.parse(await readFile(TARGET, 'utf8'));
  } catch {
    return undefined;
  }
}

async function main() {
  const folder = await mkdtemp(join(tmpdir(), 'catalog-'));
  try {
    const fetched = await fetchModels(folder, process.argv[2] ?? DEFAULT_VERSION);
    const providers = {};
    for (const id of Object.keys(fetched.models).sort()) providers[id] = toProvider(id, fetched.models[id]);
    const head = {
      source: SOURCE,
      version: fetched.version,
      takenAt: new Date().toISOString().slice(0, 10),
      license: 'MIT',
      copyright: 'Copyright (c) 2025 Mario Zechner',
    };
    // The date tells when the data last changed, so a run that changes nothing leaves the file alone.
    const present = await readPresent();
    const same =
      present !== undefined &&
      JSON.stringify({ ...present, takenAt: head.takenAt }) === JSON.stringify({ ...head, providers });
    if (same) {
      console.log(`Nothing changed since ${present.takenAt}.`);
      return;
    }
    await writeFile(TARGET, render(head, providers));
    const count = Object.values(providers).reduce((sum, provider) => sum + provider.models.length, 0);
    console.log(`Wrote ${Object.keys(providers).length} providers with ${count} models.`);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** What a failed command said, without npm's warnings about the user's own settings. */
function explain(error) {
  if (!(error instanceof Error)) return String(error);
  const lines = String(error.stderr ?? '').split('\n');
  const told = lines.filter((line) => line.trim() !== '' && !line.startsWith('npm warn')).join('\n');
  return told === '' ? error.message : told;
}

try {
  await main();
} catch (error) {
  console.error(`The catalog was not updated: ${explain(error)}`);
  process.exitCode = 1;
}
