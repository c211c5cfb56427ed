/** `status`: is a server running here, and what does its health say. */
import * as z from 'zod';
import { EXIT, messageOf } from '../domain/errors.ts';
import { type EndpointFile, readEndpointFile } from '../platform/endpoint-file.ts';
import { findPaths } from '../platform/paths.ts';
import { provesItself } from '../http/proven-server.ts';
import { type CommandContext, printJson } from './context.ts';
import { printProblem } from './surroundings.ts';

export interface StatusFlags {
  readonly json?: boolean;
}

const healthAnswer = z.looseObject({
  status: z.string(),
  line: z.string().optional(),
  findings: z.array(z.looseObject({ code: z.string(), detail: z.string(), hint: z.string() })).default([]),
});

/** Longest wait for the server's answer, in milliseconds. */
const DEADLINE_MS = 3_000;

/** Exit code 0 when it is well, 1 when its health is failing, 69 when there is none. */
export async function status(context: CommandContext, flags: StatusFlags): Promise<number> {
  const asJson = flags.json === true;
  const { endpoint: path } = findPaths(context.env, context.home);
  const endpoint = await readEndpointFile(path);
  const absent = (detail: string): number => {
    printProblem(
      context,
      { code: 'not-running', detail, hints: ['Start it: provider-sidecar serve'] },
      asJson,
    );
    return EXIT.unavailable;
  };
  if (endpoint === undefined) return absent('No server is running here');
  // The port of a dead server may be somebody else's by now, and the token is not for them.
  if (!(await provesItself(endpoint))) {
    return absent(`The server that ${path} names (process ${endpoint.pid}, ${endpoint.url}) does not answer`);
  }
  const health = await askHealth(endpoint).catch((error: unknown) => messageOf(error));
  if (typeof health === 'string')
    return absent(`${endpoint.url} does not answer as this program does (${health})`);
  const { url, pid, version, startedAt } = endpoint;
  if (asJson) {
    printJson(context, { url, pid, version, startedAt, health });
  } else {
    context.print(`Running: ${url} (process ${pid}, version ${version}, since ${startedAt})\n`);
    context.print(`${health.line ?? `Health: ${health.status}`}\n`);
    for (const { code, detail, hint } of health.findings)
      context.print(`  ${code}: ${detail}\n    - ${hint}\n`);
  }
  return health.status === 'failing' ? EXIT.failed : EXIT.ok;
}

async function askHealth({ url, token }: EndpointFile): Promise<z.infer<typeof healthAnswer>> {
  const response = await fetch(`${url}/health`, {
    headers: { authorization: `Bearer ${token.reveal()}` },
    redirect: 'manual',
    signal: AbortSignal.timeout(DEADLINE_MS),
  });
  if (response.status !== 200 && response.status !== 503) throw new Error(`status ${response.status}`);
  return healthAnswer.parse(await response.json());
}
