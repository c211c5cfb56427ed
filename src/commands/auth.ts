/** `auth list` and `auth status`: every credential in use, what it shadows and what is wrong with it. */
import { shortFingerprint } from '../domain/secret.ts';
import { EXIT } from '../domain/errors.ts';
import { quoteUntrusted } from '../domain/untrusted-text.ts';
import { profileFindings } from '../credentials/profile-store.ts';
import { type AuthAnswer, listAuth, type ProviderAuth } from '../resolution/answers/auth-answer.ts';
import type { Snapshot } from '../resolution/snapshot.ts';
import { type CommandContext, printJson } from './context.ts';
import { printProblem } from './print-problem.ts';
import { type AnswerFlags, prepareAnswer } from './surroundings.ts';
import { formatTable } from './table.ts';

/** What both commands say where there is nothing to list. */
const NOTHING = 'No credential is stored, set or configured, and no provider works without one\n';

/** Flags of both commands. */
export interface AuthFlags extends AnswerFlags {
  /** Also catalog providers of which nothing is stored, set or configured. */
  readonly all?: boolean;
}

/** Prints one line for each provider. */
export async function authList(context: CommandContext, flags: AuthFlags): Promise<number> {
  const prepared = await prepareAnswer(context, flags);
  if (typeof prepared === 'number') return prepared;
  const { snapshot } = prepared;
  const answer = await listAuth(snapshot, { all: flags.all === true, now: context.clock() });
  if (flags.json === true) {
    printJson(context, withProblems(answer, snapshot));
    return EXIT.ok;
  }
  const rows = answer.providers.map(({ id, mode, source, status, expiresAt, warnings }) => [
    id,
    mode ?? '-',
    source ?? status,
    expiresAt ?? '-',
    warnings.length === 0 ? '-' : [...new Set(warnings.map(({ code }) => code))].join(', '),
  ]);
  context.print(
    rows.length === 0 ? NOTHING : formatTable(['PROVIDER', 'MODE', 'SOURCE', 'EXPIRES', 'WARNINGS'], rows),
  );
  context.print(problemLines(snapshot));
  return EXIT.ok;
}

/**
 * Prints everything about one provider, or about each that has something.
 *
 * @param id a provider, in any spelling
 */
export async function authStatus(
  context: CommandContext,
  id: string | undefined,
  flags: AuthFlags,
): Promise<number> {
  const prepared = await prepareAnswer(context, flags);
  if (typeof prepared === 'number') return prepared;
  const { snapshot } = prepared;
  const all = flags.all === true || id !== undefined;
  const wanted = id === undefined ? undefined : snapshot.providers.canonicalId(id);
  const now = context.clock();
  const waitFor = wanted === undefined ? {} : { waitFor: wanted };
  const everyone = await listAuth(snapshot, { all, now, ...waitFor });
  const providers = everyone.providers.filter((provider) => wanted === undefined || provider.id === wanted);
  if (id !== undefined && providers.length === 0) {
    const detail = `No provider is called ${quoteUntrusted(id)}`;
    const hints = ['See which there are: provider-sidecar auth list --all'];
    printProblem(context, { code: 'unknown-provider', detail, hints }, flags.json === true);
    return EXIT.failed;
  }
  if (flags.json === true) {
    printJson(context, withProblems({ ...everyone, providers }, snapshot));
    return EXIT.ok;
  }
  context.print(providers.length === 0 ? NOTHING : providers.map(toBlock).join('\n'));
  context.print(problemLines(snapshot));
  return EXIT.ok;
}

function toBlock(provider: ProviderAuth): string {
  const { id, name, mode, source, status, expiresAt, fingerprint, shadows, warnings } = provider;
  const lines = [
    name === id ? id : `${id} (${name})`,
    `  status       ${status}`,
    ...(mode === null ? [] : [`  mode         ${mode}`]),
    ...(source === null ? [] : [`  source       ${source}`]),
    ...(expiresAt === null ? [] : [`  expires      ${expiresAt}`]),
    ...(fingerprint === null ? [] : [`  fingerprint  ${shortFingerprint(fingerprint)}`]),
    ...shadows.map((shadow) => `  shadows      ${shadow}`),
    ...warnings.map(({ code, detail }) => `  warning      ${code}: ${detail}`),
  ];
  return `${lines.join('\n')}\n`;
}

/** What is wrong with the stores themselves stands beside the providers. */
function withProblems(answer: AuthAnswer, { profiles }: Snapshot): unknown {
  return { ...answer, problems: profileFindings(profiles), notes: profiles.notes };
}

function problemLines({ profiles }: Snapshot): string {
  const problems = profileFindings(profiles).map(({ detail, hint }) => `Problem: ${detail}\n  - ${hint}\n`);
  return [...problems, ...profiles.notes.map((note) => `Note: ${note}\n`)].join('');
}
