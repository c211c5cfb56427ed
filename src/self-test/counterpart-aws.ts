/**
 * The servers that AWS keys come from, as the counterpart plays them: STS, SSO and a container's credential server,
 * below `/aws/<name>`. What is refused is told to have been sent.
 */
import type { CanaryBook } from './canaries.ts';
import type { PlayedAnswer, PlayedRequest } from './played-request.ts';

/** Life of the keys, in milliseconds. */
const LIFE = 3_600_000;

/** Undefined: not a question to AWS. */
export function answerAws(
  asked: PlayedRequest,
  refused: ReadonlySet<string>,
  book: CanaryBook,
): PlayedAnswer | undefined {
  const [, name, rest = ''] = /^\/aws\/([^/]+)(\/.*)?$/.exec(asked.path) ?? [];
  if (name === undefined) return undefined;
  const service = serviceOf(asked, rest);
  return refused.has(name) ? refuse(service, asked) : issue(service, asked, name, book);
}

type Service = 'sts' | 'sso' | 'container';

function serviceOf({ method }: PlayedRequest, rest: string): Service {
  if (method === 'POST') return 'sts';
  return rest.startsWith('/federation') ? 'sso' : 'container';
}

function issue(service: Service, { body }: PlayedRequest, name: string, book: CanaryBook): PlayedAnswer {
  const id = book.makeKeyId(`AWS, ${name}: issued id`);
  const key = book.make(`AWS, ${name}: issued secret key`);
  const session = book.make(`AWS, ${name}: issued session token`);
  const expires = Date.now() + LIFE;
  const iso = new Date(expires).toISOString();
  switch (service) {
    case 'sts': {
      const action = new URLSearchParams(body).get('Action') ?? '';
      const text = `<${action}Response xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><${action}Result><Credentials><AccessKeyId>${id}</AccessKeyId><SecretAccessKey>${key}</SecretAccessKey><SessionToken>${session}</SessionToken><Expiration>${iso}</Expiration></Credentials></${action}Result></${action}Response>`;
      return { status: 200, content: text };
    }
    case 'sso': {
      const roleCredentials = {
        accessKeyId: id,
        secretAccessKey: key,
        sessionToken: session,
        expiration: expires,
      };
      return { status: 200, content: { roleCredentials } };
    }
    case 'container':
      return {
        status: 200,
        content: { AccessKeyId: id, SecretAccessKey: key, Token: session, Expiration: iso },
      };
  }
}

function refuse(service: Service, { said }: PlayedRequest): PlayedAnswer {
  if (service !== 'sts') return { status: 401, content: { code: 'Denied', message: said } };
  const words = said.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
  const text = `<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type>Sender</Type><Code>AccessDenied</Code><Message>${words}</Message></Error></ErrorResponse>`;
  return { status: 403, content: text };
}
