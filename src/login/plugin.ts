/**
 * What a login is: a provider's own commands, which work with no server running. The command line, its help
 * and the shell completion are made from what a login says of itself here.
 */
import type { Resolution, ResolutionOutcome } from '../domain/auth.ts';
import type { OfferedModel } from '../domain/nim-service.ts';
import type { ExchangedKeys } from '../credentials/exchange/exchanged-keys.ts';
import type { OwnStore } from '../credentials/own-store.ts';
import type { Environment } from '../platform/paths.ts';
import type { Ask } from './ask-provider.ts';
import type { KeyServer, KeyTarget } from './key-target.ts';
import type { OAuthDeps } from './oauth/oauth-deps.ts';

/** A flag of a subcommand, in the notation of the help. */
export interface CommandOption {
  /** `--force` or `--model <id>`. */
  readonly flags: string;
  readonly description: string;
}

/** `key`, `logout`, … */
export interface Subcommand {
  readonly name: string;
  readonly description: string;
  /** The one argument that it may have. */
  readonly argument?: { readonly name: string; readonly description: string };
  readonly options?: readonly CommandOption[];
  /** True: a success may be followed by the set-up of a default model. */
  readonly offersSetup?: boolean;
}

/** A command of the program. */
export interface UserCommand {
  readonly name: string;
  readonly description: string;
  readonly subcommands: readonly Subcommand[];
}

/** One word that may come next. */
export interface Completion {
  readonly word: string;
  readonly description: string;
}

/** What came of a command. Nothing in it shows a character of a key. */
export interface CommandResult {
  readonly exitCode: number;
  /** For standard output, or standard error when the command failed. */
  readonly lines: readonly string[];
  /** For standard error, whatever came of the command. */
  readonly warnings: readonly string[];
  /** The same for programs. */
  readonly json: Readonly<Record<string, unknown>>;
  /** True when a credential is in place now that was not before, so that a set-up makes sense. */
  readonly ready: boolean;
}

/** Flags of a call by name: `{ force: true }`. */
export type CommandFlags = Readonly<Record<string, unknown>>;

/** A login. */
export interface LoginPlugin {
  readonly providerName: string;
  readonly providerDisplayName: string;
  /** The models to offer first; never empty for a provider that lists any. */
  getDefaultModels(): readonly OfferedModel[];
  /** Whether the credential that a request would use now is accepted by the provider, or none is needed. */
  verifyCredentials(): Promise<boolean>;
  getUserCommands(): readonly UserCommand[];
  /**
   * The words that may come next.
   *
   * @param args what stands behind the command so far; the last one may be half-typed
   */
  getCommandCompletions(command: string, args: readonly string[]): readonly Completion[];
  /**
   * Runs a command. An expected failure is a result; only failures of this machine's files throw.
   *
   * @param args the subcommand and its argument
   */
  executeUserCommand(command: string, args: readonly string[], flags?: CommandFlags): Promise<CommandResult>;
}

/** What came of a question: an answer, a person who gave up, or nobody to ask. */
export type SecretAnswer =
  | { readonly kind: 'answer'; readonly text: string }
  | { readonly kind: 'gave-up' }
  | { readonly kind: 'no-terminal' };

/** How a login asks the person at the terminal. */
export interface Prompt {
  /** Asks without echo. */
  askSecret(question: string): Promise<SecretAnswer>;
  /** False when a person sits at standard input, who would see what is read from there. */
  isPiped(): boolean;
  /** All of standard input, for a key that is piped in. */
  readPiped(): Promise<string>;
}

/** What a login gets from outside. */
export interface LoginDeps {
  readonly env: Environment;
  readonly store: OwnStore;
  readonly ask: Ask;
  readonly prompt: Prompt;
  /** Where a key of the provider would go, or why it could go nowhere. */
  readonly target: (providerId: string) => Promise<KeyTarget>;
  /** The resolution of the provider's credential as any request would get it, with every place looked at. */
  readonly lookUp: (providerId: string) => Promise<ResolutionOutcome>;
  /** The server of a resolution; a request with a key has the headers of the resolution, whatever the key. */
  readonly serverOf: (resolution: Resolution) => KeyServer;
  /** The keys that AWS identities are exchanged for. */
  readonly exchange: () => Promise<ExchangeAccess>;
  /** Authorization servers, and the person in front of them. */
  readonly oauth: OAuthDeps;
}

/** Exchanged keys as a login uses them. */
export interface ExchangeAccess {
  readonly keys: ExchangedKeys;
  /** Variables after the config's `env` block was applied. */
  readonly env: Environment;
  /** Unix milliseconds. */
  readonly now: number;
}

/** A login in the list. */
export interface Login {
  readonly command: UserCommand;
  /** Loads what it needs first: the list alone is read by every command. */
  readonly create: (deps: LoginDeps) => Promise<LoginPlugin>;
}
