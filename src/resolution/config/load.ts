/** Loads the operator's config: locate, parse, include, env block, substitution, reading. Nothing is written. */
import { join } from 'node:path';
import type { Problem } from '../../domain/errors.ts';
import type { Finding } from '../../domain/finding.ts';
import { isRecord } from '../../domain/record.ts';
import { fileRemedy } from '../../platform/file-remedies.ts';
import type { readTextFile } from '../../platform/files.ts';
import { loadSecretFiles, secretFilePaths, type SecretFiles } from '../../credentials/secret-files.ts';
import { importShellVariables, readShellWish } from '../../credentials/shell-environment.ts';
import { describeSyntaxError, parseJson5 } from '../../platform/json5-text.ts';
import type { Environment, Paths } from '../../platform/paths.ts';
import type { RunCommand } from '../../platform/run-command.ts';
import { layUnder, parseDotEnv, readEnvBlock } from './env-block.ts';
import { resolveIncludes } from './include.ts';
import { locateConfig } from './locate.ts';
import { type CatalogModels, type OperatorConfig, readOperatorConfig } from './schema.ts';
import { readSecrets } from './secrets.ts';
import { substitute } from './substitute.ts';

/** The config as it counts, or why the file that is there cannot be used. */
export type ConfigLoad =
  | {
      readonly kind: 'loaded';
      /** Null: there is no file, and the config is empty. */
      readonly path: string | null;
      readonly config: OperatorConfig;
      /** The given environment, then `<state>/.env`, the config's `env` block, the login shell; the earlier wins. */
      readonly env: Environment;
      /** Those of the variables that came from the login shell. */
      readonly shellVariables: ReadonlySet<string>;
      /** What the files hold that references to secrets may lead to. */
      readonly secretFiles: SecretFiles;
      /** Every file that was looked for, also those that are not there: what a watcher has to watch. */
      readonly files: readonly string[];
      readonly findings: readonly Finding[];
    }
  | {
      readonly kind: 'broken';
      /** The file at fault: the config or one that it includes. */
      readonly path: string;
      readonly problem: Problem;
      /** Counted from 1; only where the text could not be parsed. */
      readonly line?: number;
      readonly column?: number;
      readonly files: readonly string[];
    };

/** What loading needs. */
export interface ConfigInput {
  readonly paths: Pick<Paths, 'configCandidates' | 'configIsExplicit' | 'home' | 'stateDir'>;
  /** The process's environment. It is not changed. */
  readonly env: Environment;
  readonly readTextFile: typeof readTextFile;
  /** Runs the login shell where the operator wants its variables. */
  readonly runCommand: RunCommand;
  /** Models that the catalog has of a provider; they fill the gaps of the config's model rows. */
  readonly catalogModels?: CatalogModels;
}

/** Loads the config. A file that cannot be read or parsed is `broken`, never an exception and never `{}`. */
export async function loadOperatorConfig(input: ConfigInput): Promise<ConfigLoad> {
  const { paths, env, readTextFile: read, catalogModels = () => [] } = input;
  const dotEnv = await loadDotEnv(join(paths.stateDir, '.env'), env, read);
  const located = await locateConfig(paths.configCandidates, read);
  const files = [dotEnv.path, ...located.looked];
  if (located.kind === 'none') {
    const empty = readOperatorConfig({}, [], catalogModels);
    const shell = await loadShell({}, dotEnv.env, input);
    const findings = [...dotEnv.findings, ...missingExplicitFile(paths), ...shell.findings];
    return {
      kind: 'loaded',
      path: null,
      config: empty.config,
      ...shell,
      secretFiles: new Map(),
      files,
      findings,
    };
  }

  const { path } = located;
  if (located.read.kind === 'refused') {
    const { detail, reason } = located.read;
    return broken(path, detail, files, { hint: fileRemedy(path, reason) });
  }
  const parsed = parseJson5(located.read.text);
  if (parsed.kind === 'invalid') {
    return broken(path, `${path} is not valid JSON5: ${describeSyntaxError(parsed)}`, files, parsed);
  }
  const included = await resolveIncludes(parsed.value, path, read);
  const allFiles = [...new Set([...files, ...included.files])];
  if (included.kind === 'broken') {
    const detail = included.path === path ? `${path}: ${included.detail}` : included.detail;
    return broken(included.path, detail, allFiles, included);
  }
  if (!isRecord(included.value)) return broken(path, `${path} must hold an object`, allFiles);

  const { env: envBlock, ...rest } = included.value;
  const block = readEnvBlock(included.value, dotEnv.env);
  const shell = await loadShell(envBlock, layUnder(dotEnv.env, block.variables), input);
  const substituted = substitute(rest, shell.env);
  const root = isRecord(substituted.value) ? substituted.value : {};
  const missing = [...block.missing, ...substituted.missing];
  const { config, findings } = readOperatorConfig(root, missing, catalogModels);
  const secrets = readSecrets(root['secrets'], paths.home, path);
  return {
    kind: 'loaded',
    path,
    config: { ...config, secrets },
    env: shell.env,
    shellVariables: shell.shellVariables,
    secretFiles: await loadSecretFiles(secrets, read),
    files: [...allFiles, ...secretFilePaths(secrets)],
    findings: [...dotEnv.findings, ...shell.findings, ...findings],
  };
}

/** Adds the login shell's variables where the operator wants them. */
async function loadShell(
  envBlock: unknown,
  env: Environment,
  { env: outside, runCommand }: ConfigInput,
): Promise<{ env: Environment; shellVariables: ReadonlySet<string>; findings: Finding[] }> {
  const imported = await importShellVariables(readShellWish(envBlock, env), env, outside, runCommand);
  switch (imported.kind) {
    case 'not-asked':
      return { env, shellVariables: new Set(), findings: [] };
    case 'imported':
      return {
        env: layUnder(env, imported.variables),
        shellVariables: new Set(Object.keys(imported.variables)),
        findings: [],
      };
    case 'failed': {
      const hint = 'Mend the start-up files of that shell, or set env.shellEnv.enabled to false';
      return {
        env,
        shellVariables: new Set(),
        findings: [{ code: 'config-invalid', detail: imported.detail, hint }],
      };
    }
  }
}

/** The `.env` of the state directory; one that cannot be read costs its variables only, and is told. */
async function loadDotEnv(
  path: string,
  env: Environment,
  read: typeof readTextFile,
): Promise<{ path: string; env: Environment; findings: Finding[] }> {
  const file = await read(path, { maxBytes: 1024 * 1024, refuseDeadLink: true });
  if (file.kind === 'missing') return { path, env, findings: [] };
  // The parser drops such a character, and the value that is left is another one than was written.
  const isMangled = file.kind === 'text' && /\r(?!\n)/.test(file.text);
  if (file.kind === 'text' && !isMangled) {
    return { path, env: layUnder(env, parseDotEnv(file.text)), findings: [] };
  }
  const fault = file.kind === 'text' ? `${path} holds a carriage return that ends no line` : file.detail;
  const finding: Finding = {
    code: 'config-invalid',
    detail: `${fault}; its variables are not used`,
    hint: `Mend or remove ${path}`,
  };
  return { path, env, findings: [finding] };
}

function missingExplicitFile(paths: ConfigInput['paths']): Finding[] {
  if (!paths.configIsExplicit) return [];
  return [
    {
      code: 'config-invalid',
      detail: `The config that a variable names is not there: ${paths.configCandidates.join(', ')}`,
      hint: 'Create the file, or unset MOLTBOT_CONFIG_PATH, CLAWDBOT_CONFIG_PATH and OPENCLAW_CONFIG_PATH',
    },
  ];
}

function broken(
  path: string,
  detail: string,
  files: readonly string[],
  more: { readonly line?: number; readonly column?: number; readonly hint?: string } = {},
): ConfigLoad {
  return {
    kind: 'broken',
    path,
    problem: { code: 'config-invalid', detail, hints: [more.hint ?? `Mend ${path}`] },
    ...(more.line !== undefined && { line: more.line }),
    ...(more.column !== undefined && { column: more.column }),
    files,
  };
}
