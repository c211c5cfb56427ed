/**
 * Asking a program for a secret, by the protocol that the operators' other tools speak: one JSON object in,
 * one out. Only programs that this program's own settings name are ever run.
 */
import * as z from 'zod';
import type { Environment } from '../platform/paths.ts';
import { harmlessEnvironment, type RunCommand } from '../platform/run-command.ts';

/** A program that may be asked for secrets, and the alias under which references name it. */
export interface SecretCommand {
  readonly alias: string;
  /** Absolute path. */
  readonly command: string;
  readonly args: readonly string[];
}

/** The answer: the value, or why there is none, without anything that the program printed. */
export type CommandAnswer =
  | { readonly kind: 'value'; readonly value: string }
  | { readonly kind: 'failed'; readonly reason: string };

const TIMEOUT_MS = 10_000;
const MAX_BYTES = 1024 * 1024;
const PROTOCOL_VERSION = 1;

const answerSchema = z.looseObject({
  protocolVersion: z.literal(PROTOCOL_VERSION),
  values: z.record(z.string(), z.unknown()).optional(),
  errors: z.record(z.string(), z.unknown()).optional(),
});

/** Asks for one secret. Never rejects; takes at most ten seconds. */
export async function askCommand(
  { alias, command, args }: SecretCommand,
  id: string,
  env: Environment,
  run: RunCommand,
): Promise<CommandAnswer> {
  const outcome = await run({
    command,
    args,
    env: harmlessEnvironment(env),
    input: `${JSON.stringify({ protocolVersion: PROTOCOL_VERSION, provider: alias, ids: [id] })}\n`,
    timeoutMs: TIMEOUT_MS,
    maxBytes: MAX_BYTES,
  });
  if (outcome.kind === 'failed') return failed(`the command ${command} ${outcome.reason}`);
  const answer = answerSchema.safeParse(parseJson(outcome.stdout));
  if (!answer.success)
    return failed(`the command ${command} did not answer by protocol version ${PROTOCOL_VERSION}`);
  const { values = {}, errors = {} } = answer.data;
  if (Object.hasOwn(errors, id)) return failed(`the command ${command} reports an error for it`);
  const value = Object.hasOwn(values, id) ? values[id] : undefined;
  if (typeof value !== 'string') return failed(`the command ${command} has no text for it`);
  return { kind: 'value', value };
}

function failed(reason: string): CommandAnswer {
  return { kind: 'failed', reason };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Undefined fails the schema, like every other defect of the answer.
    return undefined;
  }
}
