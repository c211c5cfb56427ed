/** `service print`: files that service managers take, for any path, and the readiness that the unit waits for. */
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { existsSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { CommandContext } from '../../src/commands/context.ts';
import { servicePrint } from '../../src/commands/service.ts';
import { launchdPlist } from '../../src/commands/service-launchd.ts';
import { systemdUnit } from '../../src/commands/service-systemd.ts';
import { status } from '../../src/commands/status.ts';
import { runCli, startCli } from '../helpers/cli.ts';

const run = promisify(execFile);

let home: string;
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'sidecar-service-'));
});
afterEach(() => rm(home, { recursive: true, force: true }));

const FACTS = {
  version: '1.2.3',
  command: ['/opt/node 20/bin/node', '/opt/a&b "c" 100% $HOME \\d/cli.js'],
  home: '/home/you',
  variables: { MOLTBOT_STATE_DIR: '/data/50% <x>' },
  writes: ['/data/50% <x>/sidecar'],
};

/** The value of each `Key=` of a unit; the last one counts. */
function keysOf(unit: string): ReadonlyMap<string, string> {
  return new Map([...unit.matchAll(/^(\w+)=(.*)$/gm)].map(([, key = '', value = '']) => [key, value]));
}

describe('the unit for systemd', () => {
  it('is hardened: "NoNewPrivileges, ProtectSystem=strict, ProtectHome, PrivateTmp, LimitCORE=0, …"', () => {
    expect(Object.fromEntries(keysOf(systemdUnit(FACTS)))).toMatchObject({
      NoNewPrivileges: 'yes',
      ProtectSystem: 'strict',
      ProtectHome: 'read-only',
      PrivateTmp: 'yes',
      LimitCORE: '0',
      UMask: '0077',
      RestrictAddressFamilies: 'AF_UNIX AF_INET AF_INET6 AF_NETLINK',
      SystemCallFilter: '@system-service',
      Restart: 'on-failure',
      RestartPreventExitStatus: '78 64 69 77',
    });
  });

  it('quotes every path, and writes out what systemd would replace', () => {
    const keys = keysOf(systemdUnit(FACTS));
    const program = String.raw`"/opt/node 20/bin/node" "/opt/a&b \"c\" 100%% $$HOME \\d/cli.js"`;
    expect(keys.get('ExecStart')).toBe(`${program} serve --log-format json`);
    expect(keys.get('ExecStartPost')).toBe(`${program} status --wait 30 --pid $MAINPID`);
    expect(keys.get('Environment')).toBe('"MOLTBOT_STATE_DIR=/data/50%% <x>"');
    expect(keys.get('ReadWritePaths')).toBe(
      '"/data/50%% <x>/sidecar" "-/home/you/.aws/sso/cache" "-/home/you/.gpu-dev"',
    );
  });

  const analyze = (process.env['PATH'] ?? '')
    .split(delimiter)
    .map((folder) => join(folder, 'systemd-analyze'))
    .find(existsSync);
  it.skipIf(analyze === undefined)('systemd-analyze verify has nothing to say against it', async () => {
    const verify = async (unit: string): Promise<string> => {
      const file = join(home, 'provider-sidecar.service');
      await writeFile(file, unit);
      const env = { ...process.env, XDG_RUNTIME_DIR: home, HOME: home };
      const { stderr } = await run(analyze ?? '', ['--user', 'verify', file], { env });
      return stderr;
    };
    const unit = systemdUnit({ ...FACTS, command: [process.execPath, FACTS.command[1] ?? ''] });
    expect(await verify(unit)).toBe('');
    expect(await verify(unit.replace('NoNewPrivileges', 'NoNewPrivilegs'))).toContain('Unknown key');
  });
});

describe('the property list for launchd', () => {
  it('parses, with every text as it was', () => {
    const list = readPlist(launchdPlist(FACTS));
    expect(list).toMatchObject({
      Label: 'provider-sidecar',
      ProgramArguments: [...FACTS.command, 'serve', '--log-format', 'json'],
      EnvironmentVariables: FACTS.variables,
      RunAtLoad: true,
      KeepAlive: { SuccessfulExit: false },
      Umask: 0o077,
      HardResourceLimits: { Core: 0 },
      StandardErrorPath: '/home/you/Library/Logs/provider-sidecar.log',
    });
  });
});

describe('provider-sidecar service print', () => {
  it('names the program and the folders of this machine, and says what is missing', async () => {
    const stateDir = join(home, 'my state');
    await mkdir(join(stateDir, 'sidecar'), { recursive: true, mode: 0o700 });
    const env = {
      MOLTBOT_STATE_DIR: stateDir,
      PROVIDER_SIDECAR_MODELS_JSON: join(home, 'elsewhere/models.json'),
    };
    const { code, stdout, stderr } = await runCli(['service', 'print', 'systemd'], { home, env });
    expect(code).toBe(0);
    const keys = keysOf(stdout);
    expect(keys.get('ExecStart')).toMatch(/^"\/\S+" "\/\S+\/dist\/cli\.js" serve --log-format json$/);
    expect(keys.get('Environment')).toBe(`"MOLTBOT_STATE_DIR=${stateDir}"`);
    expect(keys.get('ReadWritePaths')).toContain(`"${stateDir}/sidecar" "${join(home, 'elsewhere')}"`);
    expect(stderr).toBe(
      `${join(home, 'elsewhere')} does not exist yet. Make it first: mkdir -p -m 700 ${join(home, 'elsewhere')}\n`,
    );
  });

  it('takes no token into the file, and no path that it could not carry', async () => {
    const env = { PROVIDER_SIDECAR_TOKEN: 'canary-token-0123456789-abcdefghij' };
    const printed = await runCli(['service', 'print', 'launchd'], { home, env });
    expect(printed.stdout + printed.stderr).not.toContain('canary');
    const broken = { MOLTBOT_STATE_DIR: `${home}/a\nExecStartPre=/bin/evil` };
    const refused = await runCli(['service', 'print', 'systemd'], { home, env: broken });
    expect(refused).toMatchObject({ code: 78, stdout: '' });
    expect(refused.stderr).toMatch(/^config-invalid: /);
  });

  it('says which service managers there are', async () => {
    const { context, errors } = quietContext();
    expect(await servicePrint(context, 'upstart')).toBe(64);
    expect(await servicePrint(context, 'constructor')).toBe(64);
    expect(errors()).toContain('systemd, launchd');
  });
});

describe('status --wait, by which a service manager knows that the server is ready', () => {
  const env = { CLAWDBOT_SKIP_LOCAL_DISCOVERY: '1' };

  it('waits for the server, and is done when it answers, whatever its health', async () => {
    const waiting = startCli(['status', '--wait', '20'], { home, env });
    const server = startCli(['serve', '--port', '0'], { home, env });
    try {
      const { code, stdout } = await waiting.ended();
      expect(code).toBe(0);
      expect(stdout).toContain('Health: failing');
      expect(await runCli(['status'], { home, env })).toMatchObject({ code: 1 });
      const { pid = 0 } = server.child;
      expect(await runCli(['status', '--wait', '20', '--pid', String(pid)], { home, env })).toMatchObject({
        code: 0,
      });
      expect(
        await runCli(['status', '--wait', '0', '--pid', String(process.pid)], { home, env }),
      ).toMatchObject({
        code: 69,
      });
    } finally {
      await server.stop();
    }
  });

  it('gives up when the time is over, and at once when the process is gone', async () => {
    expect(await runCli(['status', '--wait', '0'], { home, env })).toMatchObject({ code: 69 });
    const gone = startCli(['--version'], { home });
    await gone.ended();
    const { code, stderr } = await runCli(['status', '--wait', '3600', '--pid', String(gone.child.pid)], {
      home,
      env,
    });
    expect(code).toBe(69);
    expect(stderr).toContain('has ended');
  });

  it.each(['-1', 'soon', '1.5', '99999999', ''])('--wait %s is refused', async (wait) => {
    const { context, errors } = quietContext();
    expect(await status(context, { wait })).toBe(64);
    expect(errors()).toMatch(/^bad-request: --wait must be a whole number of seconds/);
  });
});

/** A command's context in this process, with what it printed to standard error. */
function quietContext(): { context: CommandContext; errors: () => string } {
  let printed = '';
  const context: CommandContext = {
    env: {},
    home,
    clock: Date.now,
    print: () => undefined,
    printError: (text) => void (printed += text),
    stdoutIsTerminal: false,
    stderrIsTerminal: false,
    stopSignal: new AbortController().signal,
  };
  return { context, errors: () => printed };
}

/** A strict reader of the few elements that a property list has. */
function readPlist(text: string): unknown {
  const body =
    /<plist version="1\.0">([^]*)<\/plist>\s*$/.exec(text.replaceAll(/<!--[^]*?-->/g, ''))?.[1] ?? '';
  const tokens = body.match(/<[^<>]*>|[^<>]+/g)?.filter((token) => token.trim() !== '') ?? [];
  const take = (): string => tokens.shift() ?? '';
  const textOf = (name: string): string => {
    const content = tokens[0]?.startsWith('<') === true ? '' : take();
    expect(take()).toBe(`</${name}>`);
    expect(content).not.toMatch(/&(?!amp;|lt;|gt;)/);
    return content.replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&amp;', '&');
  };
  const value = (): unknown => {
    const tag = take();
    if (tag === '<true/>' || tag === '<false/>') return tag === '<true/>';
    if (tag === '<string>') return textOf('string');
    if (tag === '<integer>') return Number(textOf('integer'));
    if (tag === '<array>') {
      const list: unknown[] = [];
      while (tokens[0] !== '</array>') list.push(value());
      take();
      return list;
    }
    expect(tag).toBe('<dict>');
    const dict: Record<string, unknown> = {};
    while (tokens[0] !== '</dict>') {
      expect(take()).toBe('<key>');
      const key = textOf('key');
      dict[key] = value();
    }
    take();
    return dict;
  };
  const read = value();
  expect(tokens).toEqual([]);
  return read;
}
