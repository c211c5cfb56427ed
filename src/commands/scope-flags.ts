/** The flags that limit a token, read into its scope. */
import { type CallerScope, scopeDefect } from '../domain/caller-scope.ts';
import { SidecarError } from '../domain/errors.ts';

export interface ScopeFlags {
  /** `a,b` */
  readonly providers?: string;
  /** `provider/model,provider/*` */
  readonly models?: string;
  /** False: `--no-secrets`. */
  readonly secrets?: boolean;
}

/**
 * The scope that the flags mean.
 *
 * @throws SidecarError `bad-request` for a list that names nothing, or what is no id
 */
export function scopeOf({ providers, models, secrets = true }: ScopeFlags): CallerScope {
  const scope = { providers: listOf(providers), models: listOf(models), secrets };
  for (const [flag, defect] of [
    ['--providers', scopeDefect(scope.providers, null)],
    ['--models', scopeDefect(null, scope.models)],
  ] as const) {
    if (defect !== undefined) {
      throw new SidecarError('bad-request', `${flag} ${defect}`, [
        'For example: --providers ollama,moonshot or --models moonshot/kimi-k2.5,ollama/*',
      ]);
    }
  }
  return scope;
}

function listOf(text: string | undefined): readonly string[] | null {
  if (text === undefined) return null;
  const entries = text.split(',').map((entry) => entry.trim());
  return entries.filter((entry) => entry !== '');
}
