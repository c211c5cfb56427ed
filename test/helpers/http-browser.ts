/**
 * A plain HTTP client in the place of a browser: it keeps cookies, follows redirects one by one, and fills in the
 * forms of the test authorization server.
 */

/** A page as it came. */
export interface Page {
  readonly url: string;
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
}

export interface HttpBrowser {
  /** Loads an address and follows where it leads. Stops before an address for which `stopAt` is true. */
  open(url: string, stopAt?: (url: string) => boolean): Promise<Page>;
  /** Sends the form of a page, with these fields over its own. */
  submit(
    page: Page,
    fields?: Readonly<Record<string, string>>,
    stopAt?: (url: string) => boolean,
  ): Promise<Page>;
}

export interface SignIn {
  readonly login?: string;
  /** @default 'yes' */
  readonly answer?: 'yes' | 'no';
  /** True for the address that is not to be loaded, but given back as the page's `url`. */
  readonly stopAt?: (url: string) => boolean;
}

/** Makes a browser with no cookies. */
export function createHttpBrowser(): HttpBrowser {
  const jars = new Map<string, Map<string, string>>();
  const jarOf = (url: string): Map<string, string> => {
    // Cookies know no ports.
    const { hostname } = new URL(url);
    const jar = jars.get(hostname) ?? new Map<string, string>();
    jars.set(hostname, jar);
    return jar;
  };

  const load = async (
    url: string,
    init: { readonly method: string; readonly body?: string },
    stopAt: (url: string) => boolean = () => false,
    hops = 0,
  ): Promise<Page> => {
    const jar = jarOf(url);
    const cookie = [...jar].map(([name, value]) => `${name}=${value}`).join('; ');
    const response = await fetch(url, {
      method: init.method,
      redirect: 'manual',
      headers: {
        ...(cookie === '' ? {} : { cookie }),
        ...(init.body === undefined ? {} : { 'content-type': 'application/x-www-form-urlencoded' }),
      },
      ...(init.body === undefined ? {} : { body: init.body }),
    });
    for (const line of response.headers.getSetCookie()) keepCookie(jar, line);
    const text = await response.text();
    const location = response.headers.get('location');
    if (location === null || response.status < 300 || response.status > 399) {
      return { url, status: response.status, headers: response.headers, text };
    }
    const next = new URL(location, url).href;
    if (stopAt(next)) return { url: next, status: response.status, headers: response.headers, text };
    if (hops === 20) throw new Error('Too many redirects');
    return load(next, { method: 'GET' }, stopAt, hops + 1);
  };

  return {
    open: (url, stopAt) => load(url, { method: 'GET' }, stopAt),
    submit: (page, fields = {}, stopAt) => {
      const { action, values } = readForm(page);
      const body = new URLSearchParams({ ...values, ...fields }).toString();
      return load(action, { method: 'POST', body }, stopAt);
    },
  };
}

/** Goes through the pages of the test server, as many as come. The last one is given back. */
export async function signIn(
  browser: HttpBrowser,
  url: string,
  { login = 'ada', answer = 'yes', stopAt }: SignIn = {},
): Promise<Page> {
  let page = await browser.open(url, stopAt);
  for (let turn = 0; turn < 6 && page.text.includes('<form'); turn += 1) {
    page = await browser.submit(page, page.text.includes('name="answer"') ? { login, answer } : {}, stopAt);
  }
  return page;
}

function keepCookie(jar: Map<string, string>, line: string): void {
  const [pair = '', ...attributes] = line.split(';');
  const equals = pair.indexOf('=');
  const name = pair.slice(0, equals).trim();
  const value = pair.slice(equals + 1).trim();
  const isGone = attributes.some((attribute) => /^\s*expires=thu, 01 jan 1970/i.test(attribute));
  if (isGone || value === '') jar.delete(name);
  else jar.set(name, value);
}

function readForm({ text, url }: Page): { action: string; values: Record<string, string> } {
  const attribute = (tag: string, name: string): string | undefined =>
    new RegExp(`\\b${name}="([^"]*)"`).exec(tag)?.[1]?.replaceAll('&amp;', '&');
  const form = /<form[^>]*>/.exec(text)?.[0] ?? '';
  const values: Record<string, string> = {};
  for (const [tag] of text.matchAll(/<input[^>]*>/g)) {
    const name = attribute(tag, 'name');
    if (name !== undefined) values[name] = attribute(tag, 'value') ?? '';
  }
  return { action: new URL(attribute(form, 'action') ?? '', url).href, values };
}
