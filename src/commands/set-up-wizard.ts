/**
 * The set-up after a login: connect now, with which model, and save that for other programs. Flags answer the
 * questions in scripts; without them and without a person nothing is set up.
 */
import * as z from 'zod';
import { type Problem, toSidecarError } from '../domain/errors.ts';
import { quoteUntrusted } from '../domain/untrusted-text.ts';
import { connectProven, type ProvenServer, type ServerAnswer } from '../http/proven-server.ts';
import type { SetUpState } from '../domain/answers/set-up.ts';
import { createAsk } from '../login/ask-provider.ts';
import type { LoginPlugin } from '../login/plugin.ts';
import { readEndpointFile } from '../platform/endpoint-file.ts';
import { currentFolder } from '../platform/process.ts';
import { askLine, canAsk } from '../platform/standard-input.ts';
import { chooseDefaultModel } from '../resolution/default-model.ts';
import { changeDefaultModel, describeSetUp, refWithin, saveToEnvFile } from '../running/set-up.ts';
import type { CommandContext } from './context.ts';
import { type Prepared, prepareForLogin } from './login-context.ts';

/** Answers that flags give. */
export interface SetUpFlags {
  readonly yes?: boolean;
  /** False: ask nothing. */
  readonly input?: boolean;
  readonly connect?: boolean;
  readonly model?: string;
  readonly saveEnv?: boolean;
  readonly json?: boolean;
}

/** What was set up, for programs. */
export interface SetUpResult {
  readonly outcome: 'connected' | 'not-wanted';
  readonly defaultModel?: string;
  /** False when a flag or a variable of the running server, or of this command where none runs, names another. */
  readonly inForce?: boolean;
  readonly envFile?: string;
}

/** Most models that are listed. */
const MOST_LISTED = 20;

/** Longest wait for the running server, in milliseconds: it validates the model first. */
const SERVER_DEADLINE_MS = 15_000;

function canAskWith({ input, json, yes }: SetUpFlags): boolean {
  return input !== false && json !== true && yes !== true && canAsk();
}

function isDecided({ yes, connect, model }: SetUpFlags): boolean {
  return yes === true || connect === true || model !== undefined;
}

/** What is wrong with the flags before anything is done: one that would have no effect is no wish to ignore. */
export function flagDefect(flags: SetUpFlags): Problem | undefined {
  if (flags.saveEnv !== true || isDecided(flags) || canAskWith(flags)) return undefined;
  return {
    code: 'bad-request',
    detail: '--save-env saves the model that is connected to, and nothing says to connect',
    hints: ['Add --connect, or --model and the model'],
  };
}

/** Asks, or follows the flags. Throws a SidecarError when the model cannot become the default. */
export async function offerSetUp(
  context: CommandContext,
  plugin: LoginPlugin,
  flags: SetUpFlags,
): Promise<SetUpResult> {
  const asks = canAskWith(flags);
  const decided = isDecided(flags);
  if (!decided && !asks) return { outcome: 'not-wanted' };
  // Patiently: what the server lists is what there is to choose from.
  const prepared = await prepareForLogin(context, createAsk());
  const state = await describeSetUp(prepared.snapshot, plugin.providerName, context.clock());
  if (state.models.length === 0) return { outcome: 'not-wanted' };
  const say = flags.json === true ? () => undefined : context.print;
  if (!decided && !(await wantsToConnect(context, plugin, state))) return { outcome: 'not-wanted' };
  const model = flags.model ?? (await chooseModel(context, plugin, state, asks));
  if (model === null) return { outcome: 'not-wanted' };
  const ref = refWithin(prepared.snapshot, plugin.providerName, model);
  const { inForce, note } = await connect(context, prepared, plugin.providerName, ref);
  say(`Default model: ${ref}, saved in ${prepared.fixed.paths.settings}\n${note}`);
  const save = flags.saveEnv ?? (flags.yes === true || (asks && (await confirm(context, SAVE_QUESTION))));
  if (!save) return { outcome: 'connected', defaultModel: ref, inForce };
  const envFile = await saveToEnvFile(currentFolder(), plugin.providerName, ref);
  say(`Saved to ${envFile}\n`);
  return { outcome: 'connected', defaultModel: ref, inForce, envFile };
}

const SAVE_QUESTION = 'Save provider/model to .env? [y/n] ';

function wantsToConnect(
  context: CommandContext,
  { providerDisplayName: name }: LoginPlugin,
  { defaultModel }: SetUpState,
): Promise<boolean> {
  return confirm(
    context,
    defaultModel === null
      ? `Connect to ${name} now? [y/n] `
      : `Switch from ${quoteUntrusted(defaultModel.ref).slice(1, -1)} to ${name} now? [y/n] `,
  );
}

/** Nothing but a yes is a yes; giving up is a no. */
async function confirm(context: CommandContext, question: string): Promise<boolean> {
  for (;;) {
    const answer = await askLine(question, context.stopSignal);
    if (answer === null || /^\s*(?:n|no)\s*$/i.test(answer)) return false;
    if (/^\s*(?:y|yes)\s*$/i.test(answer)) return true;
  }
}

/** The model that is chosen from the list; null when the person gives up. */
async function chooseModel(
  context: CommandContext,
  plugin: LoginPlugin,
  state: SetUpState,
  asks: boolean,
): Promise<string | null> {
  const choices = choicesOf(plugin, state);
  const [first] = choices;
  if (first === undefined || !asks) return first?.ref ?? null;
  const rows = choices.map(
    ({ ref, words }, index) => `  ${index + 1}. ${ref}${words === '' ? '' : ` — ${words}`}\n`,
  );
  context.print(rows.join(''));
  for (;;) {
    const answer = (await askLine('Which model? [1] ', context.stopSignal))?.trim();
    if (answer === undefined) return null;
    if (answer === '') return first.ref;
    const chosen = /^\d+$/.test(answer) ? choices[Number(answer) - 1] : undefined;
    const named = state.models.find(({ ref, id }) => ref === answer || id === answer);
    const ref = chosen?.ref ?? named?.ref;
    if (ref !== undefined) return ref;
    context.printError(`A number from 1 to ${choices.length}, or a model of ${plugin.providerDisplayName}\n`);
  }
}

/** The recommended models that are really there, and then the others that are. */
function choicesOf(plugin: LoginPlugin, { models }: SetUpState): { ref: string; words: string }[] {
  const recommended = plugin.getDefaultModels().flatMap(({ id, name, about }) => {
    const row = models.find((model) => model.id === id);
    return row === undefined ? [] : [{ ref: row.ref, words: about === '' ? name : `${name}, ${about}` }];
  });
  const others = models.filter(({ ref }) => recommended.every((choice) => choice.ref !== ref));
  return [...recommended, ...others.map(({ ref, name }) => ({ ref, words: name }))].slice(0, MOST_LISTED);
}

interface Connected {
  readonly inForce: boolean;
  readonly note: string;
}

/** Through the running server where there is one, because it knows what is up; else in the settings alone. */
async function connect(
  context: CommandContext,
  { snapshot, fixed, settings }: Prepared,
  provider: string,
  ref: string,
): Promise<Connected> {
  const endpoint = await readEndpointFile(fixed.paths.endpoint);
  // The port of a dead server may be somebody else's by now, and the token is not for them.
  const server = endpoint === undefined ? undefined : await connectProven(endpoint);
  const told = server === undefined ? null : await tellServer(server, provider, ref);
  if (told !== null) return told;
  const options = { paths: fixed.paths, settings, now: context.clock() };
  const change = await changeDefaultModel(snapshot, ref, options);
  if (change.kind === 'refused') throw toSidecarError(change.problem);
  // A variable beats the settings, whatever was written there.
  const chosen = chooseDefaultModel((await prepareForLogin(context)).snapshot);
  if (chosen === null || chosen.ref === ref) {
    return { inForce: chosen !== null, note: change.line === null ? '' : `${change.line}\n` };
  }
  return { inForce: false, note: `A server would use ${chosen.ref} first (${chosen.source})\n` };
}

const answerSchema = z.looseObject({
  inForce: z.boolean(),
  line: z.string().nullable(),
  defaultModel: z.looseObject({ ref: z.string(), source: z.string() }).nullable(),
});

/** No refusals: the server is of another version, or has another token by now. It reads the settings all the same. */
const NOT_FROM_SET_UP: readonly string[] = ['not-found', 'unauthorized'];

/** Null when nobody answers as this program does: the settings are then changed here, and read at its next start. */
async function tellServer(server: ProvenServer, provider: string, ref: string): Promise<Connected | null> {
  let answered: ServerAnswer;
  try {
    answered = await server.ask({
      method: 'POST',
      path: `/v1/setup/${encodeURIComponent(provider)}`,
      body: { model: ref },
      timeoutMs: SERVER_DEADLINE_MS,
    });
  } catch {
    // Gone; what it would have said does not matter then.
    return null;
  } finally {
    server.close();
  }
  const { status, body } = answered;
  const answer = answerSchema.safeParse(body).data;
  if (status === 200 && answer !== undefined) {
    const { inForce, line, defaultModel } = answer;
    if (inForce)
      return { inForce, note: `The running server uses it now.\n${line === null ? '' : `${line}\n`}` };
    const other = defaultModel === null ? 'none' : `${defaultModel.ref} (${defaultModel.source})`;
    return { inForce, note: `The running server still uses ${other}.\n` };
  }
  // On first use: the descriptions of answers are loaded by few commands.
  const { problemAnswer } = await import('../domain/answers/problem.ts');
  const problem: Problem | undefined = problemAnswer.safeParse(body).data;
  if (problem === undefined || NOT_FROM_SET_UP.includes(problem.code)) return null;
  throw toSidecarError(problem);
}
