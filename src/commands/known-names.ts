/** The providers and models that the files define, with no scan; a NIM server of one's own lists its own. */
import { prepare } from '../preparation/preparation.ts';
import type { CommandContext } from './context.ts';
import { surroundingsOf } from './surroundings.ts';

/** The providers that are known now, and the models of each. */
export interface KnownNames {
  readonly providers: readonly string[];
  readonly modelsOf: (provider: string) => Promise<readonly string[]>;
}

/** Null where the files cannot be read, which other commands tell. */
export async function readKnownNames(context: CommandContext): Promise<KnownNames | null> {
  const prepared = await prepare(surroundingsOf(context), { flags: {}, scan: 'none', askNim: true });
  if (prepared.kind === 'refused') return null;
  const { byId } = prepared.snapshot.providers;
  return {
    providers: [...byId.keys()],
    modelsOf: (id) => Promise.resolve(byId.get(id)?.models.map((model) => model.id) ?? []),
  };
}
