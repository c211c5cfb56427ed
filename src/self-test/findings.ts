/** What was looked at in the self-test and what was found there: the places, and the names of the canaries in them. */
import type { CanaryBook } from './canaries.ts';

/** Kinds of places, in the order of the report. */
export const PLACES = [
  'log and standard output',
  'standard error',
  'answers that hand out nothing',
  'events',
  'metrics',
  'files',
  'arguments of processes',
  'variables of child processes',
  'output of commands',
  'refused starts',
] as const;
export type Place = (typeof PLACES)[number];

/** A canary where none may be. */
export interface Leak {
  readonly place: Place;
  /** What it was in: a request, a command, a file. */
  readonly where: string;
  /** Name of the canary. */
  readonly canary: string;
}

/** One kind of place after the run. */
export interface PlaceReport {
  readonly place: Place;
  /** How many texts were looked through; 0: there were none on this system. */
  readonly texts: number;
  readonly leaks: readonly Leak[];
}

export interface Findings {
  /** @param allowed names of canaries that may stand there */
  readonly look: (place: Place, where: string, text: string, allowed?: ReadonlySet<string>) => void;
  /** Takes note of canaries that the program gave to whom they are for. */
  readonly use: (text: string) => void;
  /** Names of canaries that were given out so far. */
  readonly used: () => ReadonlySet<string>;
  readonly report: () => readonly PlaceReport[];
}

/** @param book of which it reports names alone */
export function createFindings(book: Pick<CanaryBook, 'find' | 'strikeOut'>): Findings {
  const texts = new Map<Place, number>();
  const leaks = new Map<string, Leak>();
  const used = new Set<string>();
  return {
    look(place, where, text, allowed) {
      texts.set(place, (texts.get(place) ?? 0) + 1);
      for (const canary of book.find(text)) {
        if (allowed?.has(canary) === true) continue;
        // A path or a request can hold the very secret.
        const leak = { place, where: book.strikeOut(where), canary };
        leaks.set(JSON.stringify(Object.values(leak)), leak);
      }
    },
    use(text) {
      for (const canary of book.find(text)) used.add(canary);
    },
    used: () => used,
    report: () =>
      PLACES.map((place) => ({
        place,
        texts: texts.get(place) ?? 0,
        leaks: [...leaks.values()].filter((leak) => leak.place === place),
      })),
  };
}
