/**
 * What references to secrets lead to. Variables and files are inputs that are known already; commands are
 * run when somebody asks, and their answers are kept for as long as these references live.
 */
import { nameOfReference, type SecretRef } from '../domain/secret-ref.ts';
import type { Secret } from '../domain/secret.ts';
import { stillLasts } from '../domain/span.ts';
import type { Clock } from '../platform/clock.ts';
import type { Environment } from '../platform/paths.ts';
import type { RunCommand } from '../platform/run-command.ts';
import { classifyKeyText } from './key-text.ts';
import { judgeKey, reasonOf } from './key-value.ts';
import { askCommand, type SecretCommand } from './secret-command.ts';
import { atPointer, type SecretFiles, type SecretsConfig } from './secret-files.ts';

/** The secret, or why there is none, in words that name no value. */
export type ReferenceOutcome =
  | { readonly kind: 'resolved'; readonly value: Secret }
  | { readonly kind: 'unresolved'; readonly reason: string };

/** Which programs may be asked for secrets. */
export interface CommandPolicy {
  readonly allowExec: boolean;
  readonly commands: readonly SecretCommand[];
}

/** What references may lead to. */
export interface ReferenceInput {
  readonly env: Environment;
  /** The process's own environment, of which a command sees the harmless part: no config file sets its HOME or PATH. */
  readonly outside: Environment;
  readonly config: SecretsConfig;
  readonly files: SecretFiles;
  readonly policy: CommandPolicy;
  readonly run: RunCommand;
  readonly clock: Clock;
  /** Told each secret that a command gave, before anybody can use it. */
  readonly onSecret: (value: string) => void;
}

/** References that can be followed. */
export interface References {
  /** Never rejects. A command is run at most once for a reference while it succeeds. */
  readonly resolve: (reference: SecretRef) => Promise<ReferenceOutcome>;
  /** The same without running anything; null where only a command knows. */
  readonly peek: (reference: SecretRef) => ReferenceOutcome | null;
  /** What it is known to lead to, of a command what it said last; null where none has answered yet. Runs nothing. */
  readonly known: (reference: SecretRef) => ReferenceOutcome | null;
}

/** How long a command's failure is kept, in milliseconds: many may ask, and it should not run for each. */
const KEEP_FAILURE_MS = 10_000;

/** What a command says, while it runs and afterwards. */
interface Answer {
  readonly outcome: Promise<ReferenceOutcome>;
  /** What it said last, maybe in the run before; null: nothing yet. */
  settled: ReferenceOutcome | null;
  since: number;
  until: number;
}

/** References over one set of inputs. */
export function createReferences(input: ReferenceInput): References {
  const answers = new Map<string, Answer>();
  const ask = async (command: SecretCommand, id: string): Promise<ReferenceOutcome> => {
    const answer = await askCommand(command, id, input.outside, input.run);
    if (answer.kind === 'failed') return unresolved(answer.reason);
    return judged(answer.value, `the command ${command.command} gave something that`);
  };
  /** Told at each use: the log must know it for as long as it is in use. */
  const told = (outcome: ReferenceOutcome): ReferenceOutcome => {
    if (outcome.kind === 'resolved') input.onSecret(outcome.value.reveal());
    return outcome;
  };
  return {
    peek: (reference) => (reference.source === 'exec' ? null : lookUp(reference, input)),
    known(reference) {
      if (reference.source !== 'exec') return lookUp(reference, input);
      const command = commandFor(reference, input);
      if ('kind' in command) return command;
      const settled = answers.get(nameOfReference(reference))?.settled ?? null;
      return settled === null ? null : told(settled);
    },
    async resolve(reference) {
      if (reference.source !== 'exec') return lookUp(reference, input);
      const command = commandFor(reference, input);
      if ('kind' in command) return command;
      const name = nameOfReference(reference);
      const known = answers.get(name);
      if (known !== undefined && stillLasts(known, input.clock())) return told(await known.outcome);
      const entry: Answer = {
        outcome: ask(command, reference.id),
        settled: known?.settled ?? null,
        since: -Infinity,
        until: Infinity,
      };
      answers.set(name, entry);
      const outcome = await entry.outcome;
      entry.settled = outcome;
      if (outcome.kind === 'unresolved') {
        entry.since = input.clock();
        entry.until = entry.since + KEEP_FAILURE_MS;
      }
      return told(outcome);
    },
  };
}

function lookUp(reference: SecretRef, input: ReferenceInput): ReferenceOutcome {
  switch (reference.source) {
    case 'env':
      return lookUpVariable(reference, input);
    case 'file':
      return lookUpFile(reference, input);
    case 'store':
      return unresolved('secrets in the store of the agent’s own tool are not read here');
    case 'exec':
      return unresolved('it needs a command');
  }
}

function lookUpVariable(reference: SecretRef, { env, config }: ReferenceInput): ReferenceOutcome {
  const alias = aliasOf(reference, config);
  const provider = Object.hasOwn(config.providers, alias) ? config.providers[alias] : undefined;
  if (provider === undefined) {
    // Variables need no entry; another alias than the default has to say what it stands for.
    if (reference.provider !== null && alias !== 'default' && alias !== config.defaults['env']) {
      return unresolved(`secrets.providers has no "${alias}"`);
    }
  } else if (provider.source !== 'env') {
    return unresolved(`secrets.providers.${alias} is not of the source env`);
  } else if (provider.allowlist?.includes(reference.id) === false) {
    return unresolved(`secrets.providers.${alias} does not allow ${reference.id}`);
  }
  const meaning = classifyKeyText(`\${${reference.id}}`, env);
  switch (meaning.kind) {
    case 'variable':
      return { kind: 'resolved', value: meaning.value };
    case 'variable-unset':
      return unresolved(`the variable ${reference.id} is not set`);
    case 'literal':
    case 'marker':
    case 'command':
    case 'defect':
    case 'empty':
      return unresolved(`the variable ${reference.id} holds no key`);
  }
}

function lookUpFile(reference: SecretRef, { config, files }: ReferenceInput): ReferenceOutcome {
  const alias = aliasOf(reference, config);
  const provider = Object.hasOwn(config.providers, alias) ? config.providers[alias] : undefined;
  if (provider === undefined) return unresolved(`secrets.providers has no "${alias}"`);
  if (provider.source === null) return unresolved(provider.problem);
  const file = files.get(alias);
  if (provider.source !== 'file' || file === undefined) {
    return unresolved(`secrets.providers.${alias} is not of the source file`);
  }
  const { path } = provider;
  if (file.kind === 'unusable') return unresolved(file.detail);
  if (reference.id === 'value') {
    if (file.kind === 'json') return unresolved(`${path} holds JSON: name a value in it by a JSON pointer`);
    return judged(file.text, path);
  }
  if (file.kind === 'text') return unresolved(`${path} does not hold JSON: its whole text is named "value"`);
  const found = atPointer(file.value, reference.id);
  if (found === undefined) return unresolved(`${path} has nothing there`);
  return typeof found === 'string' ? judged(found, path) : unresolved(`${path} has no text there`);
}

/** The command that a reference names, or why none is run. */
function commandFor(
  reference: SecretRef,
  { config, policy }: ReferenceInput,
): SecretCommand | ReferenceOutcome {
  const alias = aliasOf(reference, config);
  if (!policy.allowExec)
    return unresolved('commands are run only with secrets.allowExec: true in sidecar.json5');
  return (
    policy.commands.find((command) => command.alias === alias) ??
    unresolved(`secrets.exec in sidecar.json5 names no command for "${alias}"`)
  );
}

function aliasOf({ provider, source }: SecretRef, { defaults }: SecretsConfig): string {
  return provider ?? (Object.hasOwn(defaults, source) ? defaults[source] : undefined) ?? 'default';
}

/** @param holder what held the text, followed by the reason */
function judged(text: string, holder: string): ReferenceOutcome {
  const verdict = judgeKey(text);
  if (verdict.kind === 'key') return { kind: 'resolved', value: verdict.value };
  return unresolved(`${holder} ${reasonOf(verdict)}`);
}

function unresolved(reason: string): ReferenceOutcome {
  return { kind: 'unresolved', reason };
}
