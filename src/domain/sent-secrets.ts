/** Text of a server that may repeat what it was sent, made safe to be told on. */

/** Shorter values would strike out ordinary words. */
const SHORTEST = 8;

/**
 * The text without the secrets, in every spelling that a server repeats them in: as they are, within JSON, within a
 * URL or a form, and in Base64, as an Authorization header carries them.
 */
export function withoutSecrets(text: string, secrets: readonly string[]): string {
  return secrets
    .filter((secret) => secret.length >= SHORTEST)
    .flatMap(spellingsOf)
    .filter((spelling) => spelling.length >= SHORTEST)
    .sort((a, b) => b.length - a.length)
    .reduce((clean, spelling) => clean.replaceAll(spelling, '[secret]'), text);
}

function spellingsOf(secret: string): readonly string[] {
  const inJson = JSON.stringify(secret).slice(1, -1);
  const inForm = new URLSearchParams([['', secret]]).toString().slice(1);
  const encoded = Buffer.from(secret).toString('base64').replaceAll('=', '');
  return [secret, inJson, inForm, encoded];
}
