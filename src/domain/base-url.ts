/** Comparing base URLs by the socket they lead to. */

/**
 * `scheme://host:port` with the default port written out and the spellings of this host's IPv4 loopback
 * made one, or undefined for text that is no URL.
 */
export function socketOf(baseUrl: string): string | undefined {
  if (!URL.canParse(baseUrl)) return undefined;
  const url = new URL(baseUrl);
  const port = url.port || (url.protocol === 'https:' ? '443' : '80');
  const host = url.hostname === 'localhost' ? '127.0.0.1' : url.hostname;
  return `${url.protocol}//${host}:${port}`;
}

/** True when both URLs have the same scheme, host and port. */
export function sameSocket(a: string, b: string): boolean {
  const socket = socketOf(a);
  return socket !== undefined && socket === socketOf(b);
}
