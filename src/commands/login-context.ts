/** What a login gets from the command line: the store, the terminal, and answers from the same files as the server's. */
import { readNimSettings } from '../credentials/nim-settings.ts';
import { createOwnStore } from '../credentials/own-store.ts';
import type { Resolution, ResolutionOutcome } from '../domain/auth.ts';
import { sameSocket } from '../domain/base-url.ts';
import { toSidecarError } from '../domain/errors.ts';
import { formatModelRef } from '../domain/model-ref.ts';
import { NIM_SERVICE } from '../domain/nim-service.ts';
import { quoteUntrusted } from '../domain/untrusted-text.ts';
import { type Ask, createAsk } from '../login/ask-provider.ts';
import type { KeyServer, KeyTarget } from '../login/key-target.ts';
import type { LoginDeps, Prompt } from '../login/plugin.ts';
import type { OAuthDeps } from '../login/oauth/oauth-deps.ts';
import { openBrowser } from '../platform/open-browser.ts';
import { findPaths } from '../platform/paths.ts';
import { systemSleep } from '../platform/sleep.ts';
import { askHidden, canAsk, isPiped, readAllInput } from '../platform/standard-input.ts';
import { prepare, type Preparation } from '../preparation/preparation.ts';
import { placeHeaders } from '../resolution/header-references.ts';
import { requestHeaders } from '../resolution/request-headers.ts';
import { resolve } from '../resolution/resolve.ts';
import { resolveModel, type Wanted } from '../resolution/resolve-model.ts';
import { createSnapshot } from '../resolution/create-snapshot.ts';
import type { Snapshot } from '../resolution/snapshot.ts';
import { type CommandContext, withProgress } from './context.ts';
import { surroundingsOf } from './surroundings.ts';

/** Everything read from the files, with no scan. */
export type Prepared = Extract<Preparation, { kind: 'prepared' }>;

/**
 * Reads the files again at each call: a login changes them. Throws a SidecarError for a config that is broken.
 *
 * @param nimAsk asks a NIM server of one's own; by default it gives up soon
 */
export async function prepareForLogin(context: CommandContext, nimAsk?: Ask): Promise<Prepared> {
  const asking = { askNim: true, ...(nimAsk === undefined ? {} : { nimAsk }) };
  const prepared = await prepare(surroundingsOf(context), { flags: {}, scan: 'none', ...asking });
  if (prepared.kind === 'refused') throw toSidecarError(prepared.problem);
  return prepared;
}

/** What a login gets. */
export function loginDeps(context: CommandContext): LoginDeps {
  const { env, home, clock } = context;
  const store = createOwnStore({
    path: findPaths(env, home).ownProfiles,
    clock,
    onMovedAside: (movedTo, why) => context.printError(`${why}; it was moved to ${movedTo}\n`),
  });
  return {
    env,
    store,
    prompt: terminalPrompt(),
    ask: createAsk(),
    target: async (id) => keyTarget((await prepareForLogin(context)).snapshot, id),
    lookUp: async (id): Promise<ResolutionOutcome> =>
      resolve((await prepareForLogin(context)).snapshot, { provider: id }, clock()),
    serverOf: resolvedServer,
    exchange: async () => {
      const { fixed, snapshot } = await prepareForLogin(context);
      return { keys: fixed.live.exchange, env: snapshot.env, now: clock() };
    },
    oauth: oauthDeps(context),
  };
}

function oauthDeps(context: CommandContext): OAuthDeps {
  return {
    open: async () => {
      const prepared = await prepare(surroundingsOf(context), { flags: {}, scan: 'none' });
      if (prepared.kind === 'refused') throw toSidecarError(prepared.problem);
      const { settings, oauth, snapshot } = prepared;
      return { clients: settings.oauth, ...oauth, lookup: snapshot };
    },
    clock: context.clock,
    sleep: systemSleep,
    interrupted: () => context.stopSignal,
    isTerminal: context.stderrIsTerminal,
    tell: (line) => context.printError(`${line}\n`),
    waiting: (label, work) => withProgress(context, label, work),
    openBrowser,
  };
}

function terminalPrompt(): Prompt {
  return {
    isPiped,
    // One that was cut is longer than any key may be, and is refused as such.
    readPiped: async () => (await readAllInput()).text,
    askSecret: async (question) => {
      if (!canAsk()) return { kind: 'no-terminal' };
      const text = await askHidden(question);
      return text === null ? { kind: 'gave-up' } : { kind: 'answer', text };
    },
  };
}

/**
 * Where a key of this provider goes: to the server of the operator's entry or of the catalog. A runtime that
 * discovery found is left aside, because it takes no key.
 */
async function keyTarget(snapshot: Snapshot, providerId: string): Promise<KeyTarget> {
  const hosted = createSnapshot({ ...snapshot, findings: [], modelsJson: { kind: 'missing' } });
  const found = resolveModel(hosted, { kind: 'provider', id: providerId });
  if (found.kind === 'failed') return { kind: 'none', problem: found.problem };
  const { provider, baseUrl, api } = found;
  const displayName = provider.name ?? provider.id;
  if (provider.auth === 'aws-sdk') {
    const detail = `${displayName} authenticates with AWS credentials and takes no API key`;
    const hints = ['export AWS_ACCESS_KEY_ID=your-id AWS_SECRET_ACCESS_KEY=your-secret'];
    return { kind: 'none', problem: { code: 'bad-request', detail, hints } };
  }
  const isOwnNim = provider.id === NIM_SERVICE.id && provider.origin === 'catalog';
  if (provider.auth === 'none' && !isOwnNim) {
    const detail = `The entry of provider ${quoteUntrusted(provider.id)} says auth "none", so no key would be sent`;
    const hints = [`Remove auth from models.providers.${provider.id} to use a key`];
    return { kind: 'none', problem: { code: 'bad-request', detail, hints } };
  }
  const headed = await placeHeaders(provider, null, snapshot.references, true);
  if (headed.kind === 'failed') return { kind: 'none', problem: headed.problem };
  const sentTo = otherServer(snapshot, provider.id, baseUrl);
  return {
    kind: 'server',
    provider: provider.id,
    displayName,
    baseUrl,
    ...(sentTo === undefined ? {} : { sentTo }),
    api,
    headersFor: (key) => {
      const source = 'login';
      const auth =
        key === null
          ? ({ mode: 'none', source: 'provider-policy' } as const)
          : ({ mode: 'api-key', source, apiKey: key } as const);
      return requestHeaders({ provider: headed.provider, model: null, api, auth });
    },
    maybeKeyless: isOwnNim && readNimSettings(snapshot.env).selfHosted,
    models: provider.models.map(({ id, name }) => ({ id, name, about: '' })),
  };
}

/**
 * A server that a request of the provider, or of one of its models, sends the key to instead. The catalog alone is
 * trusted to know its own servers; a runtime that wants no key gets none.
 */
function otherServer(snapshot: Snapshot, id: string, checked: string): string | undefined {
  const provider = snapshot.providers.byId.get(id);
  if (provider === undefined || provider.origin === 'catalog' || provider.auth === 'none') return undefined;
  const wanted: Wanted[] = [
    { kind: 'provider', id },
    ...provider.models.map((model): Wanted => ({ kind: 'model', ref: formatModelRef(id, model.id) })),
  ];
  return wanted
    .map((each) => resolveModel(snapshot, each))
    .flatMap((found) => (found.kind === 'found' ? [found.baseUrl] : []))
    .find((url) => !sameSocket(url, checked));
}

/** The headers of the resolution are complete; without a credential go those that it did not add. */
function resolvedServer({ provider, baseUrl, api, auth, headers }: Resolution): KeyServer {
  const added = requestHeaders({ provider: { ...provider, headers: {} }, model: null, api, auth });
  const without = Object.entries(headers).filter(([name]) => !Object.hasOwn(added, name));
  return {
    kind: 'server',
    provider: provider.id,
    displayName: provider.name ?? provider.id,
    baseUrl,
    api,
    headersFor: (key) => (key === null ? Object.fromEntries(without) : headers),
    maybeKeyless: provider.auth === 'none',
    models: [],
  };
}
