/**
 * Setting up a provider after a login: which models there are, which one becomes the default, and the workspace's
 * `.env`. A model becomes the default only when the start-up validation would accept it.
 */
import { join } from 'node:path';
import type { DefaultModelAnswer, SetUpState } from '../domain/answers/set-up.ts';
import { type Problem, SidecarError, toSidecarError } from '../domain/errors.ts';
import { setEnvVariables } from '../domain/env-text.ts';
import { formatModelRef, parseModelRef } from '../domain/model-ref.ts';
import { quoteUntrusted } from '../domain/untrusted-text.ts';
import type { Clock } from '../platform/clock.ts';
import { editTextFile } from '../platform/edit-file.ts';
import { ensurePrivateFolder } from '../platform/files.ts';
import { describeSyntaxError, parseJson5 } from '../platform/json5-text.ts';
import type { Paths } from '../platform/paths.ts';
import { listProvider } from '../resolution/answers/listings.ts';
import { resolveModel } from '../resolution/resolve-model.ts';
import { createSnapshot } from '../resolution/create-snapshot.ts';
import type { Snapshot } from '../resolution/snapshot.ts';
import { setTopLevelKey } from '../settings/edit-settings.ts';
import type { Settings } from '../settings/layers.ts';
import type { SetUp } from '../http/set-up-routes.ts';
import type { LiveSnapshots } from './live-snapshots.ts';
import { chosenDefaultModel } from '../validation/default-model-check.ts';
import { validateStartup } from '../validation/startup.ts';

/**
 * The state of a provider's set-up.
 *
 * @throws SidecarError for an id that nothing defines
 */
export async function describeSetUp(
  snapshot: Snapshot,
  providerId: string,
  now: number,
): Promise<SetUpState> {
  const listed = await listProvider(snapshot, providerId, now);
  if (listed.kind === 'missing') throw toSidecarError(listed.problem);
  const { id, name, baseUrl, origin, auth, models } = listed.provider;
  const current = chosenDefaultModel(snapshot);
  return {
    revision: snapshot.revision,
    provider: { id, name, baseUrl, origin },
    auth,
    models: models.map((model) => ({
      ref: formatModelRef(id, model.id),
      id: model.id,
      name: model.name,
      contextWindow: model.contextWindow,
    })),
    defaultModel: current,
    connected: current !== null && canonicalRef(snapshot, current.ref).startsWith(`${id}/`),
  };
}

/** The reference of a model that a caller names with or without its provider. */
export function refWithin(snapshot: Snapshot, providerId: string, model: string): string {
  const id = snapshot.providers.canonicalId(providerId);
  const provider = snapshot.providers.byId.get(id);
  const written = parseModelRef(model);
  const isOwn = provider?.models.some((row) => row.id === model) ?? false;
  const isWhole = written !== undefined && snapshot.providers.canonicalId(written.provider) === id;
  return formatModelRef(id, isWhole && !isOwn ? written.model : model);
}

/** The one spelling of a reference; one that leads to no model stays as it is written. */
function canonicalRef(snapshot: Snapshot, ref: string): string {
  const found = resolveModel(snapshot, { kind: 'model', ref });
  return found.kind === 'found' ? found.ref : ref;
}

/** What a change of the default model needs to know. */
export interface ChangeOptions {
  readonly paths: Pick<Paths, 'settings' | 'sidecarDir'>;
  readonly settings: Pick<Settings, 'minContextWindow' | 'strict'>;
  /** Unix milliseconds. */
  readonly now: number;
}

/** What came of the wish to make a model the default. */
export type DefaultModelChange =
  | { readonly kind: 'changed'; readonly ref: string; readonly line: string | null }
  | { readonly kind: 'refused'; readonly problem: Problem };

/**
 * Makes a model the default of the settings, in the one spelling of its reference. Nothing is written unless the start-up validation accepts it.
 *
 * @throws SidecarError when sidecar.json5 cannot be edited or written
 */
export async function changeDefaultModel(
  snapshot: Snapshot,
  wanted: string,
  { paths, settings, now }: ChangeOptions,
): Promise<DefaultModelChange> {
  const ref = canonicalRef(snapshot, wanted);
  const candidate = createSnapshot({
    ...snapshot,
    findings: [],
    defaultModelWish: { ref, source: 'sidecar.json5: defaultModel' },
  });
  const { minContextWindow, strict } = settings;
  const verdict = await validateStartup(candidate, { now, minContextWindow, strict });
  if (verdict.kind === 'refused') return { kind: 'refused', problem: verdict.problem };
  await ensurePrivateFolder(paths.sidecarDir);
  await editTextFile(paths.settings, (text) => {
    const edited = setTopLevelKey(text, 'defaultModel', ref);
    if (edited !== undefined) return edited;
    const parsed = parseJson5(text ?? '');
    if (parsed.kind === 'invalid') {
      const detail = `${paths.settings} is not valid JSON5: ${describeSyntaxError(parsed)}`;
      throw new SidecarError('config-invalid', detail, ['Mend it, and try again']);
    }
    throw new SidecarError(
      'config-invalid',
      `${paths.settings} could not be changed without losing its layout`,
      [`Set defaultModel: ${quoteUntrusted(ref)} in it by hand`],
    );
  });
  return { kind: 'changed', ref, line: verdict.line };
}

/**
 * Writes provider and model into the `.env` of a folder, for programs that read them there.
 *
 * @returns the path of the file
 * @throws SidecarError when the file cannot be edited or written
 */
export async function saveToEnvFile(folder: string, provider: string, ref: string): Promise<string> {
  const path = join(folder, '.env');
  const values = { JAATO_PROVIDER: provider, MODEL_NAME: ref };
  await editTextFile(path, (text) => {
    const edited = setEnvVariables(text ?? '', values);
    if (edited !== undefined) return edited;
    throw new SidecarError(
      'config-invalid',
      `${path} could not be changed without changing what else it says`,
      [`Set JAATO_PROVIDER=${provider} and MODEL_NAME=${ref} in it by hand`],
    );
  });
  return path;
}

/** Throws a refusal, for callers that answer with problems. */
function changedOrThrow(change: DefaultModelChange): Extract<DefaultModelChange, { kind: 'changed' }> {
  if (change.kind === 'refused') throw toSidecarError(change.problem);
  return change;
}

/** What the set-up of a running server works on. */
export interface SetUpParts {
  readonly live: Pick<LiveSnapshots, 'current' | 'reread'>;
  /** Asks a NIM server of one's own for its models, which a new key may open; resolves when its answer counts. */
  readonly askNim: () => Promise<void>;
  readonly paths: ChangeOptions['paths'];
  readonly settings: ChangeOptions['settings'];
  readonly clock: Clock;
  /** The workspace: the folder that the server was started in. */
  readonly folder: string;
}

/** The set-up as the HTTP routes ask it. */
export function createSetUp({ live, askNim, paths, settings, clock, folder }: SetUpParts): SetUp {
  const change = async (wanted: string): Promise<{ ref: string; answer: DefaultModelAnswer }> => {
    const options = { paths, settings, now: clock() };
    const { ref, line } = changedOrThrow(await changeDefaultModel(live.current(), wanted, options));
    await live.reread(['settings']);
    const snapshot = live.current();
    const defaultModel = chosenDefaultModel(snapshot);
    const inForce = defaultModel !== null && canonicalRef(snapshot, defaultModel.ref) === ref;
    return { ref, answer: { revision: snapshot.revision, defaultModel, inForce, line } };
  };
  const describe = (provider: string): Promise<SetUpState> =>
    describeSetUp(live.current(), provider, clock());
  return {
    describe,
    async connect(provider, model, persist) {
      // A key that was stored a moment ago counts for the validation, and for what it opens.
      await live.reread(['profiles']);
      await askNim();
      const { provider: found } = await describe(provider);
      const { ref, answer } = await change(refWithin(live.current(), found.id, model));
      if (!persist) return answer;
      try {
        return { ...answer, envFile: await saveToEnvFile(folder, found.id, ref) };
      } catch (error) {
        // The default model is changed by now: an error would say that nothing was done.
        if (error instanceof SidecarError) return { ...answer, envFile: null, problem: error.toProblem() };
        throw error;
      }
    },
    async changeDefaultModel(ref) {
      await live.reread(['profiles']);
      await askNim();
      return (await change(ref)).answer;
    },
  };
}
