/**
 * Canaries: made-up secrets that stand where real ones would, and the search for them. Each has a name that says
 * where it was put; reports show that name alone.
 */

/** One made-up secret. */
export interface Canary {
  /** Where it was put, in words. */
  readonly name: string;
  readonly value: string;
}

/** All canaries of one run. */
export interface CanaryBook {
  /** Makes the secret of a place. The same name gives the same secret. */
  readonly make: (name: string) => string;
  /** The same with upper-case letters and digits alone, of 20 characters, as ids of AWS keys are. */
  readonly makeKeyId: (name: string) => string;
  /** Takes note of a secret that the program made by itself. */
  readonly learn: (name: string, value: string) => void;
  readonly all: () => readonly Canary[];
}

/** Characters of a canary that no other text has, by chance or otherwise. */
const MARK_LENGTH = 24;

/** A shorter part could stand in other text by chance. */
const PART_LENGTH = 12;

/** @param randomText that many characters of `a-z0-9` */
export function createCanaryBook(randomText: (length: number) => string): CanaryBook {
  const values = new Map<string, string>();
  const once = (name: string, make: () => string): string => {
    const value = values.get(name) ?? make();
    values.set(name, value);
    return value;
  };
  return {
    make: (name) => once(name, () => `canary${randomText(MARK_LENGTH)}`),
    makeKeyId: (name) => once(name, () => `AKIA${randomText(16).toUpperCase()}`),
    learn: (name, value) => void values.set(name, value),
    all: () => [...values].map(([name, value]) => ({ name, value })),
  };
}

/** Finds the canaries in a text: whole, in part, in Base64 and in hexadecimal. */
export function findCanaries(text: string, canaries: readonly Canary[]): readonly string[] {
  return canaries
    .filter(({ value }) => formsOf(value).some((form) => text.includes(form)))
    .map(({ name }) => name);
}

/** What a secret looks like in the hands of a careless program. */
function formsOf(value: string): readonly string[] {
  const bytes = Buffer.from(value);
  // In Base64 a secret looks different by how many bytes stand before it; the outermost characters belong to those.
  const encoded = [0, 1, 2].map((before) =>
    Buffer.concat([Buffer.alloc(before), bytes])
      .toString('base64')
      .replaceAll('=', '')
      .slice(4, -2),
  );
  return [
    value.slice(-PART_LENGTH),
    value.slice(-MARK_LENGTH).slice(0, PART_LENGTH),
    bytes.toString('hex'),
    ...encoded,
    ...encoded.map((text) => text.replaceAll('+', '-').replaceAll('/', '_')),
  ];
}
