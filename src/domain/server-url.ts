/** Where a server is reached: `http://host:port`, or `unix:///path` where it listens on a Unix socket alone. */

/** The URL of a Unix socket. No HTTP client takes it for an address of the network. */
export function socketUrl(path: string): string {
  return `unix://${path.split('/').map(encodeURIComponent).join('/')}`;
}

/** The path of the socket that a URL names, or undefined for an address of the network. */
export function socketPathOf(url: string): string | undefined {
  if (!url.startsWith('unix:///')) return undefined;
  try {
    return decodeURIComponent(url.slice('unix://'.length));
  } catch {
    return undefined;
  }
}
