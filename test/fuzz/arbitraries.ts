/** Random input that comes near to real input: near misses find more than noise does. */
import * as fc from 'fast-check';
import { anyText } from '../domain/any-text.ts';

/** Names that mean something in one of the files or answers. */
const NAMES = [
  'models',
  'providers',
  'agents',
  'defaults',
  'model',
  'primary',
  'fallbacks',
  'env',
  'vars',
  'secrets',
  'baseUrl',
  'apiKey',
  'api',
  'auth',
  'headers',
  'id',
  'name',
  'contextWindow',
  'maxTokens',
  'input',
  '$include',
  'version',
  'profiles',
  'type',
  'provider',
  'key',
  'token',
  'access',
  'refresh',
  'expires',
  'order',
  'usageStats',
  'lastGood',
  'cooldownUntil',
  'generatedBy',
  'data',
  'object',
  'owned_by',
  'tokens',
  'sha256',
  'createdAt',
  'expiresAt',
  'api_key',
  'username',
  'expires_at',
  'aws_arn',
  'login',
  'digest',
  'capabilities',
  'details',
  'model_info',
  'max_model_len',
  'loaded_instances',
  'meta',
  'n_ctx',
  'host',
  'port',
  'socket',
  'discovery',
  'trust',
  'exchange',
  'oauth',
  'exec',
  'source',
  'command',
  '__proto__',
  'constructor',
  'toString',
  '',
];

/** Values that mean something, and those that nearly do. */
const VALUES = [
  'ollama',
  'openai',
  'acme',
  'acme/m1',
  'none',
  'api-key',
  'oauth',
  'aws-sdk',
  'api_key',
  'token',
  'http://127.0.0.1:11434',
  'https://api.acme.example/v1',
  'http://[::1]:1/',
  'file:///etc/passwd',
  '//x',
  '${OPENAI_API_KEY}',
  '${',
  '$${X}',
  '!cat /etc/passwd',
  './x.json',
  '../../x',
  '~',
  'model',
  'list',
  '2026-11-22T10:00:00Z',
  '99999-01-01',
  'provider-sidecar',
  'openai-completions',
  'sk-0123456789',
];

const word = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom(...VALUES) },
  { weight: 1, arbitrary: anyText },
);
const name = fc.oneof({ weight: 6, arbitrary: fc.constantFrom(...NAMES, ...VALUES) }, fc.string());

/** Any JSON value, made of names and values that occur. */
export const jsonValue: fc.Arbitrary<unknown> = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    word,
    fc.constantFrom(null, true, false, 0, -1, 1, 1e300, 131_072, 0.5),
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(name, tie('value'), { maxKeys: 5 }),
    fc.dictionary(name, tie('value'), { maxKeys: 5 }),
  ),
})).value;

/** Deeper than any reader may follow. */
const deep = fc.integer({ min: 1, max: 3_000 }).map((depth) => `${'['.repeat(depth)}${']'.repeat(depth)}`);

/** The text of a file that should hold JSON or JSON5: good, cut short, changed at a place, or anything. */
export const jsonText: fc.Arbitrary<string> = fc.oneof(
  { weight: 5, arbitrary: jsonValue.map((value) => JSON.stringify(value)) },
  {
    weight: 2,
    arbitrary: fc.tuple(jsonValue, fc.nat(400)).map(([value, at]) => JSON.stringify(value).slice(0, at)),
  },
  {
    weight: 2,
    arbitrary: fc.tuple(jsonValue, fc.nat(200), anyText).map(([value, at, text]) => {
      const whole = JSON.stringify(value);
      return whole.slice(0, at) + text + whole.slice(at + 1);
    }),
  },
  { weight: 1, arbitrary: anyText },
  { weight: 1, arbitrary: deep },
  {
    weight: 1,
    arbitrary: fc.constantFrom('', ' ', '\ufeff{}', '\0', '{}{}', '// x', '{a:1,}', 'null', '[]'),
  },
);

/** A file as AWS tools write it, or nearly. */
export const iniText: fc.Arbitrary<string> = fc
  .array(
    fc.oneof(
      fc.constantFrom(
        '[default]',
        '[profile a]',
        '[profile "b c"]',
        '[sso-session s]',
        '[a]',
        '[',
        ']',
        '[]',
      ),
      fc
        .tuple(
          fc.constantFrom(
            'role_arn',
            'source_profile',
            'aws_access_key_id',
            'sso_session',
            'credential_process',
            'sso_start_url',
            'region',
            'web_identity_token_file',
            's3',
            '__proto__',
            'login_session',
          ),
          fc.oneof(fc.constantFrom('a', 'b c', 'default', 's', ''), anyText),
          fc.constantFrom(' = ', '=', ' =', '\t=\t'),
        )
        .map(([key, value, equals]) => `${key}${equals}${value}`),
      anyText,
    ),
    { maxLength: 12 },
  )
  .chain((lines) => fc.constantFrom('\n', '\r\n', '\r').map((end) => lines.join(end)));

/** The query of a request: known names, doubled ones, broken escapes. */
export const query: fc.Arbitrary<string> = fc
  .array(
    fc.tuple(
      fc.constantFrom('model', 'provider', 'since', 'code', 'state', 'iss', 'error', 'resolution', 'x', ''),
      fc.oneof(
        word.map((text) => encodeURIComponent(Buffer.from(text).toString())),
        fc.constantFrom('%', '%zz', '%00', '%ff', '+', 'a'.repeat(5_000)),
      ),
    ),
    { maxLength: 5 },
  )
  .map((pairs) => pairs.map((pair) => pair.join('=')).join('&'));
