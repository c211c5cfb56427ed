/**
 * What a single value is worth as a key: a key, a marker that other tools leave where a key would stand, a
 * command that this program never runs, or something that no header may carry. Every place that holds
 * keys (environment, config, stored profiles) asks here, so all of them judge alike.
 */
import { keyDefect, MASK, Secret } from '../domain/secret.ts';

/** Why a value is no key. Nothing in it shows the value, but for markers, which are not secret. */
export type NotAKey =
  | { readonly kind: 'empty' }
  | { readonly kind: 'marker'; readonly marker: string }
  | { readonly kind: 'command' }
  | { readonly kind: 'defect'; readonly reason: string };

/** The judgement of one value. */
export type KeyVerdict = { readonly kind: 'key'; readonly value: Secret } | NotAKey;

/** Markers that other tools write where a key would stand: "authentication happens elsewhere". */
const TOOL_MARKERS = [
  'ollama-local',
  'custom-local',
  'lmstudio-local',
  'apple-fm-local',
  'minimax-oauth',
  'qwen-oauth',
  'secretref-managed',
  'codex-app-server',
  'gcp-vertex-credentials',
  '<authenticated>',
] as const;

/**
 * Stand-ins that people type because some program insists on a key. Kept short on purpose: a word that a
 * server may really have been started with (`ollama`, `lm-studio`, `EMPTY`, `test`) is not here.
 */
const STAND_INS = [
  'not-needed',
  'not-required',
  'no-key',
  'no-key-needed',
  'no-key-required',
  'sk-no-key-required',
  'none',
  'null',
  'undefined',
  'n/a',
  'dummy',
  'fake',
  'placeholder',
  'changeme',
  'your-api-key',
  'your-api-key-here',
  'your_api_key',
] as const;

/** Our own mask is among them: whoever copies an answer must not store it over the key. */
const MARKERS: ReadonlySet<string> = new Set([...TOOL_MARKERS, ...STAND_INS, MASK]);

/** Markers with a variable part. What follows the colon is not shown: it is not ours to judge. */
const MARKER_FORMS: ReadonlyArray<readonly [pattern: RegExp, label: string]> = [
  [/^oauth:/, 'oauth:…'],
  [/^secretref-env:/, 'secretref-env:…'],
  [/^(?:sk-)?x{3,}$/, 'xxx'],
];

/** The marker that a value is, in a form that may be shown; undefined for any other value. */
function markerOf(value: string): string | undefined {
  const plain = value.toLowerCase();
  if (MARKERS.has(plain)) return plain;
  return MARKER_FORMS.find(([pattern]) => pattern.test(plain))?.[1];
}

/** Judges one value, trimmed. */
export function judgeKey(value: string): KeyVerdict {
  const trimmed = value.trim();
  if (trimmed === '') return { kind: 'empty' };
  const marker = markerOf(trimmed);
  if (marker !== undefined) return { kind: 'marker', marker };
  if (trimmed.startsWith('!')) return { kind: 'command' };
  const reason = keyDefect(trimmed);
  return reason === undefined ? { kind: 'key', value: new Secret(trimmed) } : { kind: 'defect', reason };
}

/** The judgement in words that follow the name of the place: `holds the marker none, which is not a key`. */
export function reasonOf(verdict: NotAKey): string {
  switch (verdict.kind) {
    case 'empty':
      return 'is empty';
    case 'marker':
      return `holds the marker ${verdict.marker}, which is not a key`;
    case 'command':
      return 'holds a command (it starts with "!"), and commands are never run';
    case 'defect':
      return verdict.reason;
  }
}
