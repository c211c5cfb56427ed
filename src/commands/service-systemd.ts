/** A unit for a user's systemd, closed to everything that the server does not need. See systemd.exec(5). Pure. */
import { dirname, join } from 'node:path';
import { EXIT } from '../domain/errors.ts';
import { GPU_DEV } from '../domain/exchange.ts';
import type { ServiceFacts } from './service-facts.ts';

/** Longest that the unit waits for the server's first answer, in seconds. The first scan is part of that. */
const READY_SECONDS = 30;

/** What a restart cannot mend: the operator has to change something first. */
const FINAL_EXIT_CODES = [EXIT.config, EXIT.usage, EXIT.unavailable, EXIT.notPermitted];

/** The unit's text. */
export function systemdUnit({ version, command, home, variables, writes }: ServiceFacts): string {
  const program = command.map(commandWord).join(' ');
  const environment = Object.entries(variables).map(
    ([name, value]) => `Environment=${word(`${name}=${value}`)}`,
  );
  // With "-", what does not exist is left out. The AWS chain renews its sign-on tokens in place, and a resolution
  // the key of GPU Dev.
  const optional = [`-${home}/.aws/sso/cache`, `-${join(home, dirname(GPU_DEV.keyFile))}`];
  return `# provider-sidecar ${version}, made by: provider-sidecar service print systemd
[Unit]
Description=Tells LLM agents which provider serves a model, and how to authenticate
StartLimitIntervalSec=60
StartLimitBurst=5

[Service]
Type=exec
ExecStart=${program} serve --log-format json
# The unit has started when the server answers, whatever its health says.
ExecStartPost=${program} status --wait ${READY_SECONDS} --pid $MAINPID
${environment.map((line) => `${line}\n`).join('')}Restart=on-failure
RestartSec=2
RestartPreventExitStatus=${FINAL_EXIT_CODES.join(' ')}
TimeoutStartSec=${READY_SECONDS * 2}
TimeoutStopSec=10

# Files: everything can be read as the user may, and only these folders can be written.
UMask=0077
PrivateUsers=yes
ProtectSystem=strict
ProtectHome=read-only
ReadWritePaths=${[...writes, ...optional].map(word).join(' ')}
PrivateTmp=yes

# A core file would hold every secret that the process holds.
LimitCORE=0
NoNewPrivileges=yes
RestrictSUIDSGID=yes
RestrictNamespaces=yes
RestrictRealtime=yes
LockPersonality=yes
ProtectControlGroups=yes
ProtectKernelTunables=yes
# Netlink: the addresses of this machine.
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK
SystemCallArchitectures=native
SystemCallFilter=@system-service
SystemCallErrorNumber=EPERM

[Install]
WantedBy=default.target
`;
}

/** One word: quoted, and with systemd's specifiers written out. */
function word(text: string): string {
  return `"${text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('%', '%%')}"`;
}

/** One word of a command line, where variables would be replaced too. */
function commandWord(text: string): string {
  return word(text.replaceAll('$', '$$$$'));
}
