/** Writes of an operator's config, for measures of how soon they count: what is written, how, and a bare rival. */
import { watch } from 'node:fs';
import { rename, writeFile } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import type { Scope } from './scope.ts';

/** Between two writes, so that each is seen by itself, in milliseconds. */
export const PAUSE_MS = 150;

/** The base URL that tells one state of the config from the next. */
export function baseUrlOf(turn: number): string {
  return `https://api-${turn}.acme.example/v1`;
}

/** A config with one provider, `acme`, at this base URL. */
export function configWith(baseUrl: string): object {
  const models = [{ id: 'kimi-k2.5', name: 'Kimi K2.5', contextWindow: 256_000, maxTokens: 8_192 }];
  const acme = { baseUrl, api: 'openai-completions', apiKey: 'bench-key-0123456789', models };
  return { agents: { defaults: { model: 'acme/kimi-k2.5' } }, models: { providers: { acme } } };
}

/** Replaces the file as a careful program does it. */
export async function replaceFile(path: string, text: string): Promise<void> {
  await writeFile(`${path}.new`, text, { mode: 0o600 });
  await rename(`${path}.new`, path);
}

/** Watches the folder of a file with nothing but the platform's own means. */
export function watchFolder(scope: Scope, path: string): () => Promise<void> {
  let told: () => void = () => undefined;
  const folder = watch(dirname(path), (_event, name) => {
    if (name === basename(path)) told();
  });
  scope.onClose(() => folder.close());
  return () =>
    new Promise((resolve) => {
      told = resolve;
    });
}
