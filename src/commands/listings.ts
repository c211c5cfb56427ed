/** `providers` and `models`: the effective lists, with origin and auth source. */
import { EXIT, factsOf } from '../domain/errors.ts';
import { listModels, listProviders } from '../resolution/answers/listings.ts';
import { resolve } from '../resolution/resolve.ts';
import { type CommandContext, printJson } from './context.ts';
import { printProblem } from './print-problem.ts';
import { type AnswerFlags, prepareAnswer } from './surroundings.ts';
import { formatTable } from './table.ts';

/** Prints the providers that can be used; with `--all` also catalog providers without a credential. */
export async function providers(
  context: CommandContext,
  flags: AnswerFlags & { readonly all?: boolean },
): Promise<number> {
  const prepared = await prepareAnswer(context, flags);
  if (typeof prepared === 'number') return prepared;
  const answer = await listProviders(prepared.snapshot, { all: flags.all === true, now: context.clock() });
  if (flags.json === true) {
    printJson(context, answer);
    return EXIT.ok;
  }
  if (answer.providers.length === 0) {
    context.print(
      'No provider can be used yet. Start a local runtime, or list all: provider-sidecar providers --all\n',
    );
    return EXIT.ok;
  }
  const rows = answer.providers.map(({ id, origin, shadows, auth, modelCount, baseUrl }) => [
    id,
    shadows.length === 0 ? origin : `${origin} (shadows ${shadows.join(', ')})`,
    auth.mode ?? '-',
    auth.source ?? auth.status,
    String(modelCount),
    baseUrl ?? '-',
  ]);
  context.print(formatTable(['PROVIDER', 'ORIGIN', 'AUTH', 'SOURCE', 'MODELS', 'BASE URL'], rows));
  return EXIT.ok;
}

/** Prints the models that a request could use now. */
export async function models(
  context: CommandContext,
  flags: AnswerFlags & { readonly provider?: string },
): Promise<number> {
  const prepared = await prepareAnswer(context, flags);
  if (typeof prepared === 'number') return prepared;
  const { snapshot } = prepared;
  if (flags.provider !== undefined) {
    const outcome = await resolve(snapshot, { provider: flags.provider }, context.clock());
    if (outcome.kind === 'failed') {
      printProblem(context, outcome.problem, flags.json === true);
      return factsOf(outcome.problem.code).exitCode;
    }
  }
  const all = await listModels(snapshot, context.clock());
  const wanted = flags.provider === undefined ? undefined : snapshot.providers.canonicalId(flags.provider);
  const data = all.data.filter(({ owned_by: owner }) => wanted === undefined || owner === wanted);
  if (flags.json === true) {
    printJson(context, { object: 'list', data });
    return EXIT.ok;
  }
  if (data.length === 0) {
    context.print('No model can be used now. Ask why: provider-sidecar explain\n');
    return EXIT.ok;
  }
  const rows = data.map((model) => [
    model.id,
    `${model.context_window} (${model.context_window_source})`,
    String(model.max_tokens),
    model.input.join(', '),
    model.reasoning ? 'yes' : 'no',
  ]);
  context.print(formatTable(['MODEL', 'CONTEXT', 'MAX OUT', 'INPUT', 'REASONING'], rows));
  return EXIT.ok;
}
