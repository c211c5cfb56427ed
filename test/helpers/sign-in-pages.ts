/**
 * The pages of the test authorization server, for a plain HTTP client and for a browser alike: sign in with any
 * name, allow or deny. They load nothing from anywhere.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Configuration, KoaContextWithOIDC, Provider } from 'oidc-provider';

/** What a person who says no leaves behind: the words of a server must be shown nowhere as they are. */
const DENIAL = '<script>alert("denied")</script>';

/** Where the server sends a browser that has to answer something. */
export const INTERACTION_URL: NonNullable<Configuration['interactions']>['url'] = (_context, { uid }) =>
  `/interaction/${uid}`;

/** The pages of the device flow. */
export const DEVICE_PAGES = {
  userCodeInputSource: (context: KoaContextWithOIDC, form: string): void => {
    context.body = page('Device', `${form}<button form="op.deviceInputForm">Next</button>`);
  },
  userCodeConfirmSource: (context: KoaContextWithOIDC, form: string): void => {
    context.body = page(
      'Confirm',
      `${form}<button id="confirm" form="op.deviceConfirmForm">Confirm</button>`,
    );
  },
  successSource: (context: KoaContextWithOIDC): void => {
    context.body = page('Done', '<p id="done">You can close this page.</p>');
  },
};

/** Answers below `/interaction/`. */
export function installSignInPages(provider: Provider): void {
  provider.use(async (context, next) => {
    if (!context.path.startsWith('/interaction/')) return next();
    if (context.method === 'GET') {
      const { prompt } = await provider.interactionDetails(context.req, context.res);
      context.body = page(
        prompt.name === 'login' ? 'Sign in' : 'Allow access',
        `<form method="post" action="${context.path}">` +
          `<input type="hidden" name="prompt" value="${prompt.name}">` +
          (prompt.name === 'login' ? '<input name="login" value="" autofocus>' : '') +
          '<button id="allow" name="answer" value="yes">Continue</button>' +
          '<button id="deny" name="answer" value="no">Deny</button></form>',
      );
      return undefined;
    }
    const form = new URLSearchParams(await readBody(context.req));
    // The library writes the answer itself.
    context.respond = false;
    await finish(provider, context.req, context.res, form);
    return undefined;
  });
}

async function finish(
  provider: Provider,
  request: IncomingMessage,
  response: ServerResponse,
  form: URLSearchParams,
): Promise<void> {
  if (form.get('answer') === 'no') {
    const denied = { error: 'access_denied', error_description: DENIAL };
    await provider.interactionFinished(request, response, denied, { mergeWithLastSubmission: false });
    return;
  }
  const { prompt, params, session, grantId } = await provider.interactionDetails(request, response);
  if (prompt.name === 'login') {
    const login = { accountId: form.get('login') ?? '' };
    await provider.interactionFinished(request, response, { login }, { mergeWithLastSubmission: false });
    return;
  }
  const known = grantId === undefined ? undefined : await provider.Grant.find(grantId);
  const grant =
    known ??
    new provider.Grant({ accountId: session?.accountId ?? '', clientId: String(params['client_id']) });
  const scope = typeof params['scope'] === 'string' ? params['scope'] : 'openid';
  grant.addOIDCScope(scope);
  if (typeof params['resource'] === 'string') grant.addResourceScope(params['resource'], scope);
  const consent = { grantId: await grant.save() };
  await provider.interactionFinished(request, response, { consent }, { mergeWithLastSubmission: true });
}

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks).toString('utf8');
}

function page(title: string, body: string): string {
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>${title}</title></head><body><h1>${title}</h1>${body}</body></html>`;
}
