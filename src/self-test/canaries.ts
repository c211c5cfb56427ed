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
  /** Takes note of a secret that the program made by itself; one name may have several. */
  readonly learn: (name: string, value: string) => void;
  readonly all: () => readonly Canary[];
  /** Names of the canaries in a text: whole, in part, in Base64 and in hexadecimal. */
  readonly find: (text: string) => ReadonlySet<string>;
  /** The text without them, for reports that say where one was. */
  readonly strikeOut: (text: string) => string;
}

/** Characters of a canary that no other text has, by chance or otherwise. */
const MARK_LENGTH = 24;

/** A shorter part could stand in other text by chance. */
const PART_LENGTH = 12;

/** So many characters at the start of a form lead to it. */
const INDEX_LENGTH = 8;

/** What a secret looks like somewhere, and whose it is. */
interface Form {
  readonly text: string;
  readonly name: string;
}

/** @param randomText that many characters of `a-z0-9` */
export function createCanaryBook(randomText: (length: number) => string): CanaryBook {
  const canaries: Canary[] = [];
  const made = new Map<string, string>();
  const known = new Set<string>();
  const forms = new Map<string, Form[]>();
  const add = (name: string, value: string): void => {
    if (known.has(value)) return;
    known.add(value);
    canaries.push({ name, value });
    for (const text of formsOf(value)) {
      const start = text.slice(0, INDEX_LENGTH);
      forms.set(start, [...(forms.get(start) ?? []), { text, name }]);
    }
  };
  const once = (name: string, make: () => string): string => {
    const value = made.get(name) ?? make();
    made.set(name, value);
    add(name, value);
    return value;
  };
  /** One walk over the text, however many canaries there are. */
  const search = (text: string): readonly Form[] => {
    const found: Form[] = [];
    for (let at = 0; at + PART_LENGTH <= text.length; at += 1) {
      const candidates = forms.get(text.slice(at, at + INDEX_LENGTH));
      if (candidates === undefined) continue;
      found.push(...candidates.filter((form) => text.startsWith(form.text, at)));
    }
    return found;
  };
  return {
    make: (name) => once(name, () => `canary${randomText(MARK_LENGTH)}`),
    makeKeyId: (name) => once(name, () => `AKIA${randomText(16).toUpperCase()}`),
    learn: add,
    all: () => canaries,
    find: (text) => new Set(search(text).map(({ name }) => name)),
    strikeOut(text) {
      const whole = canaries.reduce((left, { value }) => left.replaceAll(value, '…'), text);
      return search(whole).reduce((left, form) => left.replaceAll(form.text, '…'), whole);
    },
  };
}

/** What a secret looks like in the hands of a careless program. None is shorter than a part. */
function formsOf(value: string): ReadonlySet<string> {
  const bytes = Buffer.from(value);
  // In Base64 a secret looks different by how many bytes stand before it; the outermost characters belong to those.
  const encoded = [0, 1, 2].map((before) =>
    Buffer.concat([Buffer.alloc(before), bytes])
      .toString('base64')
      .replaceAll('=', '')
      .slice(4, -2),
  );
  return new Set([
    value.slice(-PART_LENGTH),
    value.slice(-MARK_LENGTH).slice(0, PART_LENGTH),
    bytes.toString('hex'),
    ...encoded,
    ...encoded.map((text) => text.replaceAll('+', '-').replaceAll('/', '_')),
  ]);
}
