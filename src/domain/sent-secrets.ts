/** Text of a server that may repeat what it was sent, made safe to be told on. */

/** Shorter values would strike out ordinary words. */
const SHORTEST = 8;

/** One way in which a secret is written. */
interface Spelling {
  readonly text: string;
  /** How many characters before it, and behind it, hold some of its bits as well. */
  readonly before: 0 | 1;
  readonly behind: 0 | 1;
}

/**
 * The text without the secrets, in every spelling that a server repeats them in: as they are, within JSON, within a
 * URL or a form, and in Base64, wherever in the encoded text they begin.
 */
export function withoutSecrets(text: string, secrets: readonly string[]): string {
  const spellings = [...new Set(secrets)]
    .filter((secret) => secret.length >= SHORTEST)
    .flatMap((secret) => [...plainSpellings(secret), ...[secret, inForm(secret)].flatMap(base64Spellings)])
    .filter((spelling) => spelling.text.length >= SHORTEST);
  const clean = strike(text, asItIs(text), spellings);
  if (!clean.includes('%')) return clean;
  // Bytes from here on, as a triplet stands for one of them.
  const bytes = toBytes(clean);
  const inBytes = spellings.map((spelling) => ({ ...spelling, text: toBytes(spelling.text) }));
  const struck = strike(bytes, percentDecoded(bytes), inBytes);
  return struck === bytes ? clean : Buffer.from(struck, 'latin1').toString('utf8');
}

/** UTF-8 with one character for each byte. */
function toBytes(text: string): string {
  return Buffer.from(text).toString('latin1');
}

function plainSpellings(secret: string): readonly Spelling[] {
  const inJson = JSON.stringify(secret).slice(1, -1);
  // Some writers of JSON put a backslash before each slash, and a form has a plus for each blank.
  const texts = [secret, inJson, slashesEscaped(inJson), inForm(secret), secret.replaceAll(' ', '+')];
  return [...new Set(texts)].map((text) => ({ text, before: 0, behind: 0 }));
}

function slashesEscaped(text: string): string {
  return text.replaceAll('/', '\\/');
}

function inForm(secret: string): string {
  return new URLSearchParams([['', secret]]).toString().slice(1);
}

/**
 * What stays the same of a secret in Base64, whatever stands before and behind it. Three bytes are four characters,
 * so there are three spellings, by how many bytes of the three are before it.
 */
function base64Spellings(secret: string): readonly Spelling[] {
  const bytes = Buffer.from(secret);
  return [0, 1, 2].flatMap((bytesBefore) => {
    const bits = (bytesBefore + bytes.length) * 8;
    const encoded = Buffer.concat([Buffer.alloc(bytesBefore), bytes]).toString('base64');
    const own = encoded.slice(Math.ceil((bytesBefore * 8) / 6), Math.floor(bits / 6));
    const texts = new Set([own, slashesEscaped(own), own.replaceAll('+', '-').replaceAll('/', '_')]);
    const before = bytesBefore === 0 ? 0 : 1;
    const behind = bits % 6 === 0 ? 0 : 1;
    return [...texts].map((text): Spelling => ({ text, before, behind }));
  });
}

/** A text as it is looked at, and where each of its characters begins in the text as it was written. */
interface View {
  readonly text: string;
  readonly placeOf: (at: number) => number;
}

function asItIs(text: string): View {
  return { text, placeOf: (at) => at };
}

/** Each `%2f` or `%2F` as the one character that it stands for. */
function percentDecoded(text: string): View {
  const places: number[] = [];
  const decoded = text.replaceAll(/%[0-9a-f]{2}|[^]/gi, (written, at: number) => {
    places.push(at);
    return written.length === 1 ? written : String.fromCharCode(Number.parseInt(written.slice(1), 16));
  });
  return { text: decoded, placeOf: (at) => places[at] ?? text.length };
}

/** From a place up to another one. */
interface Stretch {
  readonly from: number;
  readonly to: number;
}

/** Puts one mark in place of each stretch of the written text that spellings cover. */
function strike(written: string, { text, placeOf }: View, spellings: readonly Spelling[]): string {
  const stretches = joined(spellings.flatMap((spelling) => findAll(text, spelling)));
  let clean = '';
  let rest = 0;
  for (const { from, to } of stretches) {
    clean += `${written.slice(rest, placeOf(from))}[secret]`;
    rest = placeOf(to);
  }
  return clean + written.slice(rest);
}

function findAll(text: string, { text: wanted, before, behind }: Spelling): readonly Stretch[] {
  const found: { from: number; to: number }[] = [];
  for (let at = text.indexOf(wanted); at !== -1; at = text.indexOf(wanted, at + 1)) {
    const end = at + wanted.length;
    const from = isBase64Digit(text[at - 1]) ? at - before : at;
    const to = isBase64Digit(text[end]) ? end + behind : end;
    const last = found.at(-1);
    // A text that is full of itself must not fill the memory.
    if (last !== undefined && from < last.to) last.to = to;
    else found.push({ from, to });
  }
  return found;
}

function isBase64Digit(character: string | undefined): boolean {
  return character !== undefined && /[\w+/-]/.test(character);
}

/** Those that overlap as one, all in their order. */
function joined(stretches: readonly Stretch[]): readonly Stretch[] {
  const apart: { from: number; to: number }[] = [];
  for (const { from, to } of stretches.toSorted((a, b) => a.from - b.from)) {
    const last = apart.at(-1);
    if (last !== undefined && from < last.to) last.to = Math.max(last.to, to);
    else apart.push({ from, to });
  }
  return apart;
}
