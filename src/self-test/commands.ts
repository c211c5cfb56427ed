/** The commands of the self-test: every command of the program that shows something, in each of its forms. */
import type { Depth } from './world.ts';

/** One call of the program. */
export interface SelfTestCommand {
  readonly args: readonly string[];
  /** Text for its standard input. */
  readonly input?: string;
  /** Why its standard output may hold secrets; standard error never may. */
  readonly mayPrint?: string;
  /** True: what it starts belongs to the caller, with all of the caller's variables. */
  readonly startsForeign?: true;
}

/** Tokens that the program makes, as it prints them for those they are made for. */
export const TOKEN_TEXT = /\bpsc_[\w.-]{20,}/g;

/** Commands that are not among these, and why. A test compares both with the program. */
export const OTHER_COMMANDS: Readonly<Record<string, string>> = {
  serve: 'is the server that the requests go to',
  help: 'reads nothing',
};

/**
 * @param providers ids to ask for
 * @param typedKey a key that somebody types into a login
 */
export function selfTestCommands(
  providers: readonly string[],
  typedKey: string,
  depth: Depth,
): readonly SelfTestCommand[] {
  const [first = 'none'] = providers;
  const some = providers.filter((id) => /login-over|bad-login|farm|bad-exec/.test(id));
  const read = (...args: string[]): SelfTestCommand => ({ args });
  const readers = [
    read('providers', '--json', '--offline'),
    read('doctor', '--offline'),
    ...some.filter((id) => !id.includes('farm')).map((id) => read('explain', '--provider', id, '--offline')),
    read('resolve', `${first}/m`, '--offline'),
    read('auth', 'status', '--json', '--offline'),
    ...some.filter((id) => id.includes('login')).map((id) => read('oauth', 'whoami', id)),
    ...some.filter((id) => id.includes('farm')).map((id) => read('exchange', 'login', id)),
    { args: ['aws', 'credential-process'], mayPrint: 'AWS tools read the keys from it' },
  ];
  if (depth === 'requests') return [];
  if (depth === 'reading') return readers;
  return [
    ...readers,
    read('models', '--offline'),
    read('discover', '--json'),
    { args: ['resolve', `${first}/m`, '--reveal', '--offline'], mayPrint: '--reveal was given' },
    read('auth', 'list', '--all', '--offline'),
    { args: ['nim-auth', 'key', '-'], input: `${typedKey}\n` },
    read('oauth', 'status'),
    read('gpu-dev', 'whoami', '--json'),
    read('request', first, 'GET', '/quiet'),
    read('status', '--json'),
    read('token', 'list'),
    {
      args: ['exec', '--', 'sh', '-c', 'echo "$PROVIDER_SIDECAR_TOKEN"'],
      mayPrint: 'the program that it runs shows its token',
      startsForeign: true,
    },
    { args: ['token', 'rotate', 'self-test'], mayPrint: 'the new token is printed this once' },
    { args: ['env'], mayPrint: 'the shell reads the token from it' },
    read('service', 'print', 'systemd'),
    read('completion', 'bash'),
    read('no-such-command'),
  ];
}
