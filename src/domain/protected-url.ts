/** Which URLs a secret may travel to. */
import { isLoopbackHost } from './loopback.ts';

/** True for https, and for plain http where nobody else can listen: on this machine. */
export function isProtectedUrl(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, hostname } = new URL(text);
  return protocol === 'https:' || (protocol === 'http:' && isLoopbackHost(hostname));
}
