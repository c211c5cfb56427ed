/** Rules for model rows of every runtime: which names and numbers are believed, and what a whole row is. */
import { NO_COST, type ContextWindowSource, type Model } from '../../domain/provider.ts';
import { hasControlCharacters, quoteUntrusted } from '../../domain/untrusted-text.ts';

/** Models of one runtime that are looked at. */
export const MAX_MODELS = 5_000;
const MAX_ID_LENGTH = 256;
const MAX_TOKENS = 100_000_000;
const LONGEST_ANSWER = 8_192;
/** Tokens when nothing says anything: what runtimes load by default. */
const ASSUMED_CONTEXT = 4_096;

/** Why an id and its display name cannot be used, or undefined when they can. */
export function nameDefect(id: string, name: string = id): string | undefined {
  if (id.trim() === '') return 'its id is blank';
  if (id.length > MAX_ID_LENGTH) return `its id is longer than ${MAX_ID_LENGTH} characters`;
  if (name.length > MAX_ID_LENGTH) return `its name is longer than ${MAX_ID_LENGTH} characters`;
  return hasControlCharacters(id) || hasControlCharacters(name)
    ? 'its id or name holds control characters'
    : undefined;
}

/** An id for the scan report: cut, and made harmless when it cannot be shown as it is. */
export function shownId(id: string): string {
  return nameDefect(id) === undefined ? id : quoteUntrusted(id);
}

/** A short text such as a version, or null when it cannot be shown. */
export function plainText(text: string | undefined): string | null {
  if (text === undefined || text === '' || text.length > MAX_ID_LENGTH) return null;
  return hasControlCharacters(text) ? null : text;
}

/** A believable number of tokens; zero, fractions, text and huge numbers are unknown. */
export function tokenCount(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isInteger(value) && value > 0 && value <= MAX_TOKENS
    ? value
    : undefined;
}

/** What is known of a model's context window, in tokens. */
export interface ContextFacts {
  readonly loaded?: number | undefined;
  readonly configured?: number | undefined;
  readonly trained?: number | undefined;
}

/** Context window fields of a row. */
interface ContextWindow {
  readonly contextWindow: number;
  readonly contextWindowSource: ContextWindowSource;
  readonly maxContextWindow?: number;
}

/** What a request really gets: loaded, else configured, else the trained maximum, and never more than that. */
function contextWindowOf({ loaded, configured, trained }: ContextFacts): ContextWindow {
  const cap = trained ?? Number.POSITIVE_INFINITY;
  const max = trained === undefined ? {} : { maxContextWindow: trained };
  if (loaded !== undefined) {
    return { contextWindow: Math.min(loaded, cap), contextWindowSource: 'loaded', ...max };
  }
  if (configured !== undefined) {
    return { contextWindow: Math.min(configured, cap), contextWindowSource: 'configured', ...max };
  }
  if (trained !== undefined) return { contextWindow: trained, contextWindowSource: 'trained-max', ...max };
  return { contextWindow: ASSUMED_CONTEXT, contextWindowSource: 'assumed' };
}

/** What a runtime says of one chat model. */
export interface ModelRowFacts {
  readonly id: string;
  readonly name?: string | undefined;
  readonly reasoning: boolean;
  readonly vision: boolean;
  readonly context: ContextFacts;
}

/** A row with every field that readers of models.json demand. */
export function toModel({ id, name, reasoning, vision, context }: ModelRowFacts): Model {
  const window = contextWindowOf(context);
  return {
    id,
    name: name === undefined || name === '' ? id : name,
    reasoning,
    input: vision ? ['text', 'image'] : ['text'],
    cost: NO_COST,
    ...window,
    maxTokens: Math.min(LONGEST_ANSWER, window.contextWindow),
  };
}
