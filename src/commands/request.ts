/**
 * `request`: one authenticated request to a provider. A credential that turns out to be refused is renewed and the
 * request sent once more, so that a script needs no login of its own.
 */
import type { Resolution, ResolutionOutcome } from '../domain/auth.ts';
import { EXIT, factsOf, SidecarError, toSidecarError } from '../domain/errors.ts';
import type { Rejection } from '../domain/rejection.ts';
import type { RenewalOutcome } from '../domain/renewal.ts';
import { escapeControlCharacters, quoteUntrusted } from '../domain/untrusted-text.ts';
import { type AskAnswer, createAsk } from '../login/ask-provider.ts';
import { MAX_INPUT_LENGTH, readAllInput } from '../platform/standard-input.ts';
import { createRenewers } from '../running/renewers.ts';
import { resolve } from '../resolution/resolve.ts';
import { type CommandContext, printJson } from './context.ts';
import { type Prepared, prepareForLogin } from './login-context.ts';
import { requestUrl } from './request-url.ts';
import { printProblem } from './print-problem.ts';

/** Flags of the command. */
export interface RequestFlags {
  /** JSON text, or `-` for standard input. */
  readonly data?: string;
  readonly json?: boolean;
}

/** Limits of the request, milliseconds and bytes. */
const LIMITS = { timeoutMs: 60_000, maxBytes: 64 * 1024 * 1024 } as const;

/** Characters of a refusal that are looked at. */
const MESSAGE_LENGTH = 2_000;

/** Sends the request and prints the answer. Exit code 0 for a status of 200 to 299, else 1. */
export async function request(
  context: CommandContext,
  provider: string,
  method: string,
  path: string,
  flags: RequestFlags,
): Promise<number> {
  try {
    const body = await readBody(method, flags.data);
    const prepared = await prepareForLogin(context);
    const send = (resolution: Resolution): Promise<AskAnswer> =>
      sendTo(resolution, method.toUpperCase(), path, body);
    const first = resolved(await lookUp(prepared, provider, context));
    let answer = await send(first);
    const renewal = await renewIfRefused(prepared, first, answer, context);
    if (renewal?.kind === 'failed') context.printError(`${renewal.problem.detail}\n`);
    if (renewal?.kind === 'renewed') answer = await send(resolved(await lookUp(prepared, provider, context)));
    return printAnswer(context, answer, flags.json === true);
  } catch (error) {
    if (!(error instanceof SidecarError)) throw error;
    printProblem(context, error.toProblem(), flags.json === true);
    return factsOf(error.code).exitCode;
  }
}

async function readBody(method: string, data: string | undefined): Promise<string | undefined> {
  if (!/^[a-z]{1,16}$/i.test(method) || /^(?:connect|trace|track)$/i.test(method)) {
    throw new SidecarError('bad-request', `${quoteUntrusted(method)} is not a method that can be sent`);
  }
  if (data === undefined) return undefined;
  if (/^(?:get|head)$/i.test(method)) {
    throw new SidecarError('bad-request', `A ${method.toUpperCase()} request carries no data`);
  }
  const text = data === '-' ? await readInput() : data;
  try {
    JSON.parse(text);
  } catch {
    // The text is not shown: it may hold anything.
    throw new SidecarError('bad-request', 'The data is not JSON');
  }
  return text;
}

/** What was cut may still be JSON, and another one. */
async function readInput(): Promise<string> {
  const { text, isCut } = await readAllInput();
  if (!isCut) return text;
  throw new SidecarError('bad-request', `Standard input holds more than ${MAX_INPUT_LENGTH} characters`, [
    'Send less data, or send the request with a program of your own: provider-sidecar resolve',
  ]);
}

function lookUp(
  { snapshot }: Prepared,
  provider: string,
  { clock }: CommandContext,
): Promise<ResolutionOutcome> {
  return resolve(snapshot, { provider }, clock());
}

function resolved(outcome: ResolutionOutcome): Resolution {
  if (outcome.kind === 'failed') throw toSidecarError(outcome.problem);
  const { auth } = outcome.resolution;
  if (auth.mode === 'aws-sdk' && auth.credentials.kind === 'keys') {
    const detail = `Requests to "${outcome.resolution.provider.id}" are signed with AWS keys, which an AWS SDK does`;
    throw new SidecarError('bad-request', detail);
  }
  return outcome.resolution;
}

async function sendTo(
  { baseUrl, headers }: Resolution,
  method: string,
  path: string,
  body: string | undefined,
): Promise<AskAnswer> {
  const target = requestUrl(baseUrl, path);
  if (target.kind === 'refused') throw new SidecarError('bad-request', `The path ${target.reason}`);
  return createAsk(LIMITS)({ method, url: target.url, headers, ...(body === undefined ? {} : { body }) });
}

async function renewIfRefused(
  { fixed, snapshot, oauth }: Prepared,
  { provider, auth }: Resolution,
  answer: AskAnswer,
  context: CommandContext,
): Promise<RenewalOutcome | undefined> {
  if (answer.kind !== 'answer' || (answer.status !== 401 && answer.status !== 403)) return undefined;
  const renewers = createRenewers(fixed.live, oauth.tokens, () => snapshot.env);
  const renewer = renewers.find(({ owns }) => owns(provider.id, auth));
  const message = answer.text?.slice(0, MESSAGE_LENGTH) ?? null;
  const rejection: Rejection = { status: answer.status, message, retryAfter: null };
  const outcome = await renewer?.renew(provider.id, auth, rejection);
  if (outcome?.kind === 'renewed') context.printError('API key expired, re-authenticating...\n');
  return outcome;
}

function printAnswer(context: CommandContext, answer: AskAnswer, asJson: boolean): number {
  if (answer.kind === 'unreachable') {
    if (asJson) printJson(context, { status: null, detail: answer.detail });
    else context.printError(`The request failed: ${answer.detail}\n`);
    return EXIT.failed;
  }
  const { status, contentType, json, text = '' } = answer;
  const isSuccess = status >= 200 && status < 300;
  if (asJson) {
    printJson(context, { status, contentType, body: json ?? text });
  } else {
    if (!isSuccess) context.printError(`The provider answered with status ${status}\n`);
    if (text !== '') context.print(`${context.stdoutIsTerminal ? forTerminal(text) : text}${endOf(text)}`);
  }
  return isSuccess ? EXIT.ok : EXIT.failed;
}

/** A provider's words may not steer the terminal. */
function forTerminal(text: string): string {
  return text.split('\n').map(escapeControlCharacters).join('\n');
}

function endOf(text: string): string {
  return text.endsWith('\n') ? '' : '\n';
}
