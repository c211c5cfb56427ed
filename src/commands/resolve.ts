/** `resolve` and `explain`: one resolution, and the steps that led to it. */
import { EXIT, factsOf } from '../domain/errors.ts';
import { toExplainAnswer } from '../resolution/answers/explain-answer.ts';
import { toResolveAnswer } from '../resolution/answers/resolve-answer.ts';
import { chooseDefaultModel } from '../resolution/default-model.ts';
import { resolve as resolveRequest, type ResolveRequest } from '../resolution/resolve.ts';
import { type CommandContext, printJson, wantsColour } from './context.ts';
import { formatExplanation } from './explain-tree.ts';
import { printProblem } from './print-problem.ts';
import { type AnswerFlags, prepareAnswer } from './surroundings.ts';

export interface ResolveFlags extends AnswerFlags {
  readonly profile?: string;
  /** A provider alone, for its credentials. */
  readonly provider?: string;
  readonly reveal?: boolean;
}

/** Prints one resolution. Secrets show with `--reveal`, and with `--json` into a file or a pipe. */
export async function resolve(
  context: CommandContext,
  ref: string | undefined,
  flags: ResolveFlags,
): Promise<number> {
  const prepared = await prepareAnswer(context, flags);
  if (typeof prepared === 'number') return prepared;
  const asJson = flags.json === true;
  const outcome = await resolveRequest(prepared.snapshot, toRequest(ref, flags), context.clock());
  if (outcome.kind === 'failed') {
    printProblem(context, outcome.problem, asJson);
    return factsOf(outcome.problem.code).exitCode;
  }
  const reveal = flags.reveal === true || (asJson && !context.stdoutIsTerminal) ? 'secrets' : 'masks';
  const answer = toResolveAnswer(outcome.resolution, reveal);
  if (asJson) {
    printJson(context, answer);
    return EXIT.ok;
  }
  const { provider, model, baseUrl, api, auth, digest } = outcome.resolution;
  const headers = Object.keys(outcome.resolution.headers);
  context.print(
    [
      `provider  ${provider.id} (from ${provider.origin})`,
      `base URL  ${baseUrl}`,
      `api       ${api}`,
      ...(model === null
        ? []
        : [
            `model     ${model.id}, context window ${model.contextWindow} (${model.contextWindowSource ?? 'assumed'})`,
          ]),
      `auth      ${auth.mode} (${auth.source})`,
      `headers   ${headers.length === 0 ? 'none' : headers.join(', ')}`,
      `digest    ${digest}`,
      ...(reveal === 'secrets' ? [JSON.stringify(answer['auth'], null, 2)] : []),
      '',
    ].join('\n'),
  );
  return EXIT.ok;
}

/** Prints every step as a tree. Exit code 0 also when the outcome is an error: the explanation is the answer. */
export async function explain(
  context: CommandContext,
  ref: string | undefined,
  flags: ResolveFlags,
): Promise<number> {
  const prepared = await prepareAnswer(context, flags);
  if (typeof prepared === 'number') return prepared;
  const { snapshot } = prepared;
  const outcome = await resolveRequest(snapshot, toRequest(ref, flags), context.clock());
  const asked = ref ?? flags.provider ?? chooseDefaultModel(snapshot)?.ref ?? null;
  const answer = toExplainAnswer(outcome, asked);
  if (flags.json === true) printJson(context, answer);
  else context.print(formatExplanation(answer, wantsColour(context, context.stdoutIsTerminal)));
  return EXIT.ok;
}

function toRequest(ref: string | undefined, { profile, provider }: ResolveFlags): ResolveRequest {
  return {
    ...(ref === undefined ? {} : { model: ref }),
    ...(provider === undefined ? {} : { provider }),
    ...(profile === undefined ? {} : { profileId: profile }),
  };
}
