/** What makes the program stand each fault of docs/faults.md, row by row. */
import type { Defence, Place } from './defence.ts';

const RUNTIMES = 'test/faults/runtimes.test.ts';
const CREDENTIALS = 'test/faults/credentials.test.ts';
const FILES = 'test/faults/files.test.ts';
const TOKENS_FILE = 'test/faults/tokens-file.test.ts';

/** The deadline of one request, and that of a whole look. */
const PROBE_DEADLINE: Place = {
  file: 'src/discovery/probe.ts',
  defence: 'const timer = setTimeout(abort, timeoutMs);',
  without: 'const timer = setTimeout(() => undefined, timeoutMs);',
};
const LOOK_DEADLINE: Place = {
  file: 'src/discovery/scan.ts',
  defence: 'setTimeout(() => end.abort(), deadlineMs)',
  without: 'setTimeout(() => undefined, deadlineMs)',
};

export const FAULT_DEFENCES: readonly Defence[] = [
  {
    against: 'fault: a runtime that flaps',
    file: 'src/validation/health.ts',
    defence: "if (check.kind !== 'usable') return 'failing';",
    without: '',
    test: RUNTIMES,
    fails: 'fault: a runtime that flaps',
  },
  {
    against: 'fault: a runtime that flaps faster than anybody looks',
    file: 'src/discovery/watcher.ts',
    defence: 'if (one.checking !== undefined || scanning !== undefined || closed) return Promise.resolve();',
    without: 'if (closed) return Promise.resolve();',
    test: RUNTIMES,
    fails: 'fault: a runtime that flaps faster than anybody looks',
  },
  {
    against: 'fault: a runtime that answers slowly for ever',
    ...PROBE_DEADLINE,
    also: [LOOK_DEADLINE],
    test: RUNTIMES,
    fails: 'fault: a runtime that answers slowly for ever',
  },
  {
    against: 'fault: a runtime whose every answer is %s',
    file: 'src/discovery/probe.ts',
    defence: 'if (size > maxBytes) return undefined;',
    without: '',
    also: [PROBE_DEADLINE, LOOK_DEADLINE],
    test: RUNTIMES,
    fails: 'fault: a runtime whose every answer is ',
  },
  {
    against: 'fault: the port of a runtime is taken by another service',
    file: 'src/discovery/runtimes/ollama.ts',
    defence: 'if (root.body !== ROOT_TEXT) {',
    without: "if (root.body === '') {",
    also: [
      {
        file: 'src/discovery/runtimes/ollama.ts',
        defence: 'if (text === undefined) {\n    return {',
        without: "if (text === undefined) {\n    return { kind: 'identified', version: null };\n    return {",
      },
      {
        file: 'src/discovery/runtimes/ollama.ts',
        defence: "return (await findEmulator(inquiry)) ?? { kind: 'identified', version: text };",
        without: "return { kind: 'identified', version: text };",
      },
      {
        file: 'src/discovery/examine.ts',
        defence: "return open.kind === 'rows' ? listing : open;",
        without: 'return open ? listing : listing;',
      },
      {
        file: 'src/discovery/runtimes/ollama-models.ts',
        defence: 'if (!list.success) {',
        without: "if (!list.success) {\n    return { kind: 'listed', models: [], leftOut: [] };",
      },
    ],
    test: RUNTIMES,
    fails: 'fault: the port of a runtime is taken by another service',
  },
  {
    against: 'fault: a runtime with 10,000 models',
    file: 'src/discovery/runtimes/ollama-models.ts',
    defence: '(list.data.models ?? []).slice(0, MAX_MODELS)',
    without: '(list.data.models ?? [])',
    test: RUNTIMES,
    fails: 'fault: a runtime with 10,000 models',
  },
  {
    against: 'fault: 200 runtimes at a time',
    file: 'src/discovery/provider-ids.ts',
    defence: 'if (!taken.has(runtime)) return runtime;',
    without: "if (runtime !== 'ollama') return runtime;",
    test: RUNTIMES,
    fails: 'fault: 200 runtimes at a time',
  },
  {
    against: 'fault: an authorization server that is down for minutes',
    file: 'src/credentials/oauth/refresh-policy.ts',
    defence: 'return wait * (1 + JITTER * jitter);',
    without: 'return 0 * wait * (1 + JITTER * jitter);',
    test: CREDENTIALS,
    fails: 'fault: an authorization server that is down for minutes',
  },
  {
    against: 'fault: an authorization server that takes connections and never answers',
    file: 'src/credentials/oauth/token-decision.ts',
    defence: "return { kind: 'hand-out', renew, dueAt: null, trouble: trouble(failure) };",
    without: "return { kind: 'renew-first' };",
    test: CREDENTIALS,
    fails: 'fault: an authorization server that takes connections and never answers',
  },
  {
    against: 'fault: the AWS chain fails',
    file: 'src/credentials/aws/identity-renewal.ts',
    defence: 'if (failures > 0) return now + Math.min(LONGEST_PAUSE, pauseAfter(failures));',
    without: 'if (failures > 0) return now;',
    test: CREDENTIALS,
    fails: 'fault: the AWS chain fails',
  },
  {
    against: 'fault: the clock jumps %s',
    file: 'src/credentials/oauth/refresh-policy.ts',
    defence: "if (obtained !== null && now < obtained - CLOCK_STEP_MS) return { kind: 'short' };",
    without: '',
    test: CREDENTIALS,
    fails: 'fault: the clock jumps ',
  },
  {
    against: 'fault: the clock jumps a day back while a server is down: the pause ends with the jump',
    file: 'src/platform/clock.ts',
    defence: 'return since - CLOCK_STEP_MS <= now && now < until;',
    without: 'return since < until && now < until;',
    test: CREDENTIALS,
    fails: 'fault: the clock jumps a day back while a server is down',
  },
  {
    against: 'fault: the clock jumps a day back while the AWS chain fails: the pause ends with the jump',
    file: 'src/credentials/aws/held-identity.ts',
    defence: 'if (now < takenAt - CLOCK_STEP_MS) notBefore = -Infinity;',
    without: '',
    test: CREDENTIALS,
    fails: 'fault: the clock jumps a day back while the AWS chain fails',
  },
  {
    against: 'fault: the file watcher is silent',
    file: 'src/platform/watch-files.ts',
    defence: 'const timer = setInterval(compare, CHECK_MS).unref();',
    without: 'const timer = undefined;',
    also: [
      {
        file: 'src/platform/watch-files.ts',
        defence: 'const folderTimer = setInterval(look, FOLDER_CHECK_MS).unref();',
        without: 'const folderTimer = undefined;',
      },
    ],
    test: 'test/faults/silent-watcher.test.ts',
    fails: 'fault: the file watcher is silent',
  },
  {
    against: 'fault: a config that alternates between broken and good',
    file: 'src/live-snapshots.ts',
    defence: "if (config.kind === 'broken') return trouble('config', config.problem);",
    without: "if (config.kind === 'broken') return {};",
    test: FILES,
    fails: 'fault: a config that alternates between broken and good',
  },
  {
    against: 'fault: models.json is deleted while the server runs',
    file: 'src/discovery/models-json.ts',
    defence: "current.kind === 'text' && current.text === null && wasThere && !explicit",
    without: "current.kind === 'text' && current.text === null && !explicit && !wasThere",
    test: FILES,
    fails: 'fault: models.json is deleted while the server runs',
  },
  {
    against: 'fault: models.json is replaced by a folder',
    file: 'src/live-snapshots.ts',
    defence: "troubles.set('modelsJson', [read.finding]);",
    without: '',
    test: FILES,
    fails: 'fault: models.json is replaced by a folder',
  },
  {
    against: 'fault: tokens.json cannot be read any more',
    file: 'src/live-callers.ts',
    defence: 'trouble = file.detail;',
    without: 'trouble = file.detail;\n    callers.setStored([]);',
    test: TOKENS_FILE,
    fails: 'fault: tokens.json cannot be read any more',
  },
  {
    against: 'fault: tokens.json cannot be read when the server starts',
    file: 'src/credentials/caller-tokens.ts',
    defence: "if (file.kind === 'read') return null;",
    without: "if (file.kind === 'read' || path !== '') return null;",
    test: TOKENS_FILE,
    fails: 'fault: tokens.json cannot be read when the server starts',
  },
  {
    against: 'fault: the state folder is deleted while the server runs',
    file: 'src/discovery/models-json.ts',
    defence: "if ((await readTextFile(folder)).kind === 'missing') await ensurePrivateFolder(folder);",
    without: '',
    test: FILES,
    fails: 'fault: the state folder is deleted while the server runs',
  },
  {
    against: 'fault: the disk is full',
    file: 'src/platform/files.ts',
    defence: 'await rm(draft, { force: true }).catch(() => undefined);',
    without: '',
    test: 'test/faults/disk-full.test.ts',
    fails: 'fault: the disk is full',
  },
  {
    against: 'fault: readers of the event stream that never read',
    file: 'src/http/events/readers.ts',
    defence: 'if (closed || count() >= MAX_READERS)',
    without: 'if (closed)',
    also: [
      {
        file: 'src/http/events/readers.ts',
        defence: '(taken.get(token) ?? 0) >= limit',
        without: '(taken.get(token) ?? 0) >= limit * 10',
      },
    ],
    test: 'test/faults/readers.test.ts',
    fails: 'fault: readers of the event stream that never read',
  },
  {
    against: 'fault: kill -9 under load',
    file: 'src/platform/files.ts',
    defence: "const file = await open(path, 'wx', 0o600);",
    without: "const file = await open(path, 'wx', 0o644);",
    test: 'test/faults/kill.test.ts',
    fails: 'fault: kill -9 under load',
  },
];
