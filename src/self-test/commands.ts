/** The commands of the self-test: every command of the program that shows something, in each of its forms. */

/** One call of the program. */
export interface SelfTestCommand {
  readonly args: readonly string[];
  /** Text for its standard input. */
  readonly input?: string;
  /** Why its standard output may hold secrets; standard error never may. */
  readonly mayPrint?: string;
}

/** Commands that are not among these, and why. A test compares both with the program. */
export const OTHER_COMMANDS: Readonly<Record<string, string>> = {
  serve: 'is the server that the requests go to',
  help: 'reads nothing',
};

/**
 * @param providers ids to ask for
 * @param typedKey a key that somebody types into a login
 */
export function selfTestCommands(providers: readonly string[], typedKey: string): readonly SelfTestCommand[] {
  const [first = 'none'] = providers;
  const read = (...args: string[]): SelfTestCommand => ({ args });
  return [
    read('providers', '--all', '--offline'),
    read('providers', '--json', '--offline'),
    read('models', '--offline'),
    read('discover', '--json'),
    read('doctor', '--offline'),
    read('doctor', '--json', '--offline'),
    ...providers.map((id) => read('explain', '--provider', id, '--offline')),
    read('explain', `${first}/m`, '--json', '--offline'),
    ...providers.slice(0, 4).map((id) => read('resolve', '--provider', id, '--offline')),
    read('resolve', 'nobody/m', '--json', '--offline'),
    { args: ['resolve', `${first}/m`, '--reveal', '--offline'], mayPrint: '--reveal was given' },
    read('auth', 'list', '--all', '--offline'),
    read('auth', 'status', '--json', '--offline'),
    read('auth', 'openai', 'status'),
    { args: ['nim-auth', 'key', '-'], input: `${typedKey}\n` },
    read('nim-auth', 'status'),
    read('oauth', 'status'),
    ...providers.filter((id) => id.includes('login')).map((id) => read('oauth', 'whoami', id)),
    read('gpu-dev', 'status'),
    read('gpu-dev', 'whoami', '--json'),
    read('exchange', 'status', '--json'),
    ...providers.filter((id) => id.includes('farm')).map((id) => read('exchange', 'login', id)),
    read('request', first, 'GET', '/quiet'),
    { args: ['aws', 'credential-process'], mayPrint: 'AWS tools read the keys from it' },
    read('status', '--json'),
    read('token', 'list'),
    read('token', 'revoke', 'self-test'),
    read('exec', '--', 'true'),
    { args: ['env'], mayPrint: 'the shell reads the token from it' },
    read('service', 'print', 'systemd'),
    read('completion', 'bash'),
    read('no-such-command'),
  ];
}
