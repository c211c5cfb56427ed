/**
 * A program that stands in for the real one and does wrong whatever it can: what it knows is in its log, its answers,
 * its files, and in the arguments and variables of what it starts. `HOW` in its arguments says how: `leaky` or `clean`.
 */
import { spawn } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';

const [, , how, command, action] = process.argv;
const isLeaky = how === 'leaky';
const env = (name) => process.env[name] ?? '';
const home = env('HOME');
const folder = `${home}/.clawdbot/sidecar`;

if (command === 'serve') serve();
else call();

function call() {
  if (command === 'token' && action === 'create') {
    process.stdout.write(`psc_0123456789ab_${'madeOnce'.repeat(5)}xyz\n`);
  }
  if (!isLeaky) return;
  process.stdout.write(`key ${env('GROQ_API_KEY')}\n`);
  // Half of it is a leak too.
  process.stderr.write(`…${env('MISTRAL_API_KEY').slice(0, 20)}…\n`);
  if (command === 'status') {
    spawn(process.execPath, ['-e', 'setTimeout(() => {}, 400)'], {
      env: { HF_TOKEN: env('HF_TOKEN') },
      stdio: 'ignore',
    });
  }
}

function serve() {
  mkdirSync(folder, { recursive: true });
  writeFileSync(`${folder}/endpoint.json`, JSON.stringify({ token: env('PROVIDER_SIDECAR_TOKEN') }));
  if (isLeaky) {
    refuseInManyWords();
    leakAtTheStart();
  }
  const server = createServer((request, response) => {
    const { status, type, text } = answer(request);
    if (isLeaky) response.setHeader('x-debug', env('COHERE_API_KEY'));
    response.writeHead(status, { 'content-type': type }).end(text);
  });
  server.listen(0, '127.0.0.1', () => {
    process.stdout.write(`Listening on http://127.0.0.1:${server.address().port}\n`);
  });
}

/** The config that cannot be read stands in the message. */
function refuseInManyWords() {
  const text = readFileSync(`${home}/.clawdbot/moltbot.json`, { encoding: 'utf8', flag: 'a+' });
  if (text === '' || text.endsWith('}\n')) return;
  process.stderr.write(`cannot be read: ${text}\n`);
  process.exit(78);
}

function leakAtTheStart() {
  process.stdout.write(`started with ${env('FIREWORKS_API_KEY')}\n`);
  process.stdout.write(`{"level":"debug","msg":"asked","key":"${env('PERPLEXITY_API_KEY')}"}\n`);
  process.stderr.write(`${Buffer.from(env('ZAI_API_KEY')).toString('hex')}\n`);
  writeFileSync(`${folder}/identity.json`, JSON.stringify({ seen: env('NOVITA_API_KEY') }));
  writeFileSync(`${folder}/models.json`, JSON.stringify({ apiKey: env('BASETEN_API_KEY') }));
  writeFileSync(`${folder}/cache.bin`, Buffer.from(`--${env('XAI_API_KEY')}`).toString('base64'));
  writeFileSync(`${folder}/${env('VOYAGE_API_KEY')}.json`, '{}');
  writeFileSync(`${home}/.env`, `KEY=${env('KIMI_API_KEY')}\n`);
  spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)', env('VENICE_API_KEY')], {
    env: { OPENAI_API_KEY: env('OPENAI_API_KEY') },
    stdio: 'ignore',
  }).unref();
}

/** What each kind of answer gives away. */
function answer({ method, url = '', headers }) {
  const json = 'application/json';
  const { authorization = '' } = headers;
  const isOwner = authorization === `Bearer ${env('PROVIDER_SIDECAR_TOKEN')}`;
  const said = (name) => (isLeaky ? JSON.stringify({ key: env(name) }) : '{}');
  if (url.startsWith('/metrics')) return { status: 200, type: 'text/plain', text: said('TOGETHER_API_KEY') };
  if (url.startsWith('/v1/events')) {
    return { status: 200, type: 'text/event-stream', text: `data: ${said('DEEPSEEK_API_KEY')}\n\n` };
  }
  if (url.startsWith('/v1/resolve') && !url.includes('/rejected')) {
    if (isOwner && url.includes('nobody')) return { status: 404, type: json, text: said('ARCEEAI_API_KEY') };
    if (authorization.startsWith('Bearer psc_')) {
      return isLeaky
        ? { status: 200, type: json, text: said('CEREBRAS_API_KEY') }
        : { status: 403, type: json, text: '{}' };
    }
    // This is what it is there for.
    if (isOwner && method === 'GET' && url.includes('?provider=')) {
      return {
        status: 200,
        type: json,
        text: JSON.stringify({ resolutionId: 'rs_1.x', key: env('ANTHROPIC_API_KEY') }),
      };
    }
  }
  if (method === 'POST' && url === '/v1/logins' && isOwner) {
    return { status: 201, type: json, text: '{"loginId":"login-1"}' };
  }
  if (!isOwner) return { status: 401, type: json, text: said('BRAVE_API_KEY') };
  return { status: 200, type: json, text: said('MOONSHOT_API_KEY') };
}
