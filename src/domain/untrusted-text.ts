/** Text that somebody else chose, made safe to show: quoted, cut, with no way to forge a log line. */

/**
 * JSON-quotes foreign text and cuts it.
 *
 * @param max characters of the text that are kept
 */
export function quoteUntrusted(text: string, max = 80): string {
  const cut = text.length > max ? `${text.slice(0, max)}…` : text;
  return escapeControlCharacters(JSON.stringify(cut));
}

/**
 * Quotes a name that somebody else chose, where a misspelt one has to be recognised. What is long or holds digits may
 * be a secret that stands in the wrong place: then only its length is said.
 */
export function quoteName(text: string): string {
  return /^[A-Za-z_-]{1,24}$/.test(text) ? JSON.stringify(text) : `of ${text.length} characters`;
}

/** Writes what steers a terminal or breaks a line (C0, DEL, C1, Unicode line and direction marks) as `\uXXXX`. */
export function escapeControlCharacters(text: string): string {
  return text.replaceAll(
    /[\u0000-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/** True for text with control characters, which no id, name or version of ours may hold. */
export function hasControlCharacters(text: string): boolean {
  return /[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/.test(text);
}
