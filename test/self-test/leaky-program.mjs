/**
 * A program that stands in for the real one and does wrong whatever it can: what it knows is in its log, its answers,
 * its files, and in the arguments and variables of what it starts. `HOW` in its arguments says how: `leaky` or `clean`.
 */
import { spawn } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';

const [, , how, command] = process.argv;
const isLeaky = how === 'leaky';
const env = (name) => process.env[name] ?? '';
const folder = `${env('HOME')}/.clawdbot/sidecar`;

if (command !== 'serve') {
  if (isLeaky) {
    process.stdout.write(`key ${env('GROQ_API_KEY')}\n`);
    // Half of it is a leak too.
    process.stderr.write(`…${env('MISTRAL_API_KEY').slice(0, 20)}…\n`);
  }
} else {
  mkdirSync(folder, { recursive: true });
  writeFileSync(`${folder}/endpoint.json`, JSON.stringify({ token: env('PROVIDER_SIDECAR_TOKEN') }));
  if (isLeaky) {
    writeFileSync(`${folder}/cache.bin`, Buffer.from(`--${env('XAI_API_KEY')}`).toString('base64'));
    process.stderr.write(`${Buffer.from(env('ZAI_API_KEY')).toString('hex')}\n`);
    spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)', env('VENICE_API_KEY')], {
      env: { OPENAI_API_KEY: env('OPENAI_API_KEY') },
      stdio: 'ignore',
    }).unref();
  }
  const server = createServer((request, response) => {
    const path = request.url ?? '';
    if (isLeaky) response.setHeader('x-debug', env('COHERE_API_KEY'));
    response.setHeader(
      'content-type',
      path.startsWith('/metrics')
        ? 'text/plain'
        : path.startsWith('/v1/events')
          ? 'text/event-stream'
          : 'application/json',
    );
    const key = path.startsWith('/metrics')
      ? 'TOGETHER_API_KEY'
      : path.startsWith('/v1/events')
        ? 'DEEPSEEK_API_KEY'
        : 'ANTHROPIC_API_KEY';
    const isMeant =
      request.method === 'GET' &&
      request.headers.authorization === `Bearer ${env('PROVIDER_SIDECAR_TOKEN')}` &&
      path.startsWith('/v1/resolve?provider=');
    response.end(isLeaky || isMeant ? `data: ${env(key)}\n\n` : '{}');
  });
  server.listen(0, '127.0.0.1', () => {
    if (isLeaky) process.stdout.write(`started with ${env('FIREWORKS_API_KEY')}\n`);
    process.stdout.write(`Listening on http://127.0.0.1:${server.address().port}\n`);
  });
}
