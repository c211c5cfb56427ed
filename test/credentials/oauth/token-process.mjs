/**
 * One process that wants a token, from the built program's parts: prints the outcome as JSON. It waits for a
 * line on standard input first, so that many can begin at the same moment, and can be killed by itself at the
 * two moments that matter: when the answer is there and not yet written, and in the middle of the write.
 */
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { join } from 'node:path';

const { stateDir, settings, skew, killAt } = JSON.parse(process.argv[2]);
const dist = (path) => import(new URL(`../../../dist/${path}`, import.meta.url).href);
const die = () => process.kill(process.pid, 'SIGKILL');

let renames = 0;
if (killAt === 'write') {
  const { rename } = fs.promises;
  fs.promises.rename = (from, to) => {
    renames += 1;
    // The first says that a renewal begins, the second would put the new tokens into place.
    return renames === 2 ? die() : rename(from, to);
  };
  syncBuiltinESMExports();
}

const [{ openOAuth }, { createOwnStore }, { readStoredLogin }, { toHeldToken }, { createReferences }] =
  await Promise.all([
    dist('preparation/oauth-access.js'),
    dist('credentials/own-store.js'),
    dist('credentials/oauth/stored-grant.js'),
    dist('credentials/oauth/profile-state.js'),
    dist('credentials/references.js'),
  ]);
const clock = () => Date.now() + skew;
const ownProfiles = join(stateDir, 'sidecar/auth-profiles.json');
const login = readStoredLogin(await createOwnStore({ path: ownProfiles, clock }).readEntry('acme:default'));
const { tokens } = openOAuth({
  clients: { acme: settings },
  paths: { ownProfiles, sidecarDir: join(stateDir, 'sidecar') },
  clock,
  log: { warn: (...line) => process.stderr.write(`${JSON.stringify(line)}\n`) },
  onSecret: (value) => {
    if (killAt === 'answer' && value !== login.refresh.reveal()) die();
  },
  random: Math.random,
  background: false,
});
const references = createReferences({
  env: {},
  outside: {},
  config: { providers: {}, defaults: {} },
  files: new Map(),
  policy: { allowExec: false, commands: [] },
  run: () => Promise.resolve({ kind: 'failed', reason: 'is not there' }),
  clock,
  onSecret: () => undefined,
});
const request = {
  providerId: 'acme',
  profileId: 'acme:default',
  token: toHeldToken(login),
  lookup: { env: {}, references },
  now: clock(),
};
process.stdout.write('ready\n');
const answer = async () => {
  const outcome = await tokens.resolve(request);
  const { kind, detail } = outcome;
  const access = kind === 'token' ? outcome.accessToken.reveal() : null;
  process.stdout.write(`${JSON.stringify({ kind, detail, access })}\n`, () => process.exit(0));
};
process.stdin.once('data', () => void answer());
