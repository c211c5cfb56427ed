/** Where a request of `request` goes: below the provider's base URL, and nowhere else. Pure. */

/** A URL, or why there is none, in words that follow "the path". */
export type RequestUrl =
  | { readonly kind: 'url'; readonly url: string }
  | { readonly kind: 'refused'; readonly reason: string };

/** `.` and `..`, however they are written. */
const DOT_SEGMENT = /\/(?:\.|%2e){1,2}(?:[/?]|$)/i;

/**
 * Puts the path behind the base URL.
 *
 * @param baseUrl of the provider; its own path stays in front
 * @param path with a slash in front, and a query if there is one
 */
export function requestUrl(baseUrl: string, path: string): RequestUrl {
  if (!path.startsWith('/')) return refused('must begin with a slash');
  if (!/^[\x21-\x7e]*$/.test(path) || /[\\#]/.test(path)) {
    return refused('must hold no space, backslash, # or other than ASCII characters; write them as %XX');
  }
  if (DOT_SEGMENT.test(path)) return refused('must not hold . or .. as a part');
  const text = `${baseUrl.replace(/\/+$/, '')}${path}`;
  if (!URL.canParse(text) || !URL.canParse(baseUrl)) return refused('makes no URL');
  const [url, base] = [new URL(text), new URL(baseUrl)];
  // What has passed so far cannot leave; a credential is worth a second look.
  if (url.origin !== base.origin || !url.pathname.startsWith(base.pathname.replace(/\/+$/, ''))) {
    return refused('leads away from the provider');
  }
  return { kind: 'url', url: url.href };
}

function refused(reason: string): RequestUrl {
  return { kind: 'refused', reason };
}
