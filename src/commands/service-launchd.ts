/** A launch agent for macOS. See launchd.plist(5). Pure. */
import type { ServiceFacts } from './service-facts.ts';

/** Name of the agent, and of its file. */
const LABEL = 'provider-sidecar';

/** The property list's text. */
export function launchdPlist({ version, command, home, variables }: ServiceFacts): string {
  const log = `${home}/Library/Logs/${LABEL}.log`;
  return `<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<!-- provider-sidecar ${version}, made by: provider-sidecar service print launchd -->
<plist version="1.0">
<dict>
  <key>Label</key>
  <string>${LABEL}</string>
  <key>ProgramArguments</key>
  <array>
${[...command, 'serve', '--log-format', 'json'].map((text) => `    ${string(text)}`).join('\n')}
  </array>
  <key>EnvironmentVariables</key>
  <dict>
${Object.entries(variables)
  .map(([name, value]) => `    <key>${escaped(name)}</key>\n    ${string(value)}\n`)
  .join('')}  </dict>
  <key>WorkingDirectory</key>
  ${string(home)}
  <key>RunAtLoad</key>
  <true/>
  <key>KeepAlive</key>
  <dict>
    <key>SuccessfulExit</key>
    <false/>
  </dict>
  <key>ThrottleInterval</key>
  <integer>30</integer>
  <key>ExitTimeOut</key>
  <integer>10</integer>
  <!-- 0077 -->
  <key>Umask</key>
  <integer>63</integer>
  <!-- A core file would hold every secret that the process holds. -->
  <key>HardResourceLimits</key>
  <dict>
    <key>Core</key>
    <integer>0</integer>
  </dict>
  <key>StandardOutPath</key>
  ${string(log)}
  <key>StandardErrorPath</key>
  ${string(log)}
</dict>
</plist>
`;
}

function string(text: string): string {
  return `<string>${escaped(text)}</string>`;
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
