/** Every `console` block of README and docs is run, in order, and prints what the page shows. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { type DocMachine, startDocMachine } from './doc-machine.ts';
import { holdsLines, matches, withoutVolatile } from './output.ts';
import { type Block, blocksOf, type Directive, type Page, readPages, ROOT } from './pages.ts';

const pages = readPages().filter((page) => blocksOf(page, 'console').length > 0);

describe('what the pages show is what the program prints', () => {
  it('there are pages to run', () => {
    expect(pages.map(({ path }) => path)).toEqual(expect.arrayContaining(['README.md', 'docs/cli.md']));
  });

  // Side by side, each on a machine of its own, but not all at once: a fake that gets no turn within the program's
  // deadlines is rightly told to be no runtime.
  const inTurn = createLanes(2);
  it.concurrent.each(pages)('$path', { timeout: 300_000 }, (page) =>
    inTurn(async () => {
      const doc = await startDocMachine();
      try {
        await runPage(page, doc);
      } finally {
        await doc.close();
      }
    }),
  );

  it('npm start is the serve command, as the pages take for granted', () => {
    const { scripts }: { scripts: Record<string, string> } = JSON.parse(
      readFileSync(join(ROOT, 'package.json'), 'utf8'),
    );
    expect(scripts['start']).toBe('node dist/cli.js serve');
  });
});

describe('the comparison itself', () => {
  it('tells a changed word from an elided one', () => {
    expect(matches('auth none (…)', 'auth none (provider-policy)\n')).toBe(true);
    expect(matches('auth none (…)', 'auth api-key (env: X)\n')).toBe(false);
    expect(matches('first', 'first\nsecond\n')).toBe(false);
    expect(matches('first\n…\nlast', 'first\na\nb\nlast\n')).toBe(true);
    expect(matches('first\n…\nlast', 'first\nlast\n')).toBe(true);
    expect(matches('first\n…\nlast', 'first\na\n')).toBe(false);
  });

  it('reads a JSON log as a terminal shows it, and keeps the order of lines', () => {
    const log = '{"level":"info","time":"2026-11-22T13:40:50.893Z","msg":"Listening on x"}\n';
    expect(holdsLines('13:40:51 info  Listening on x', log)).toBe(true);
    expect(holdsLines('13:40:51 warn  Listening on x', log)).toBe(false);
    expect(holdsLines('two\none', 'one\ntwo')).toBe(false);
  });
});

/** Runs works in the order in which they come, so many at a time. */
function createLanes(count: number): (work: () => Promise<void>) => Promise<void> {
  const lanes = Array.from({ length: count }, () => Promise.resolve());
  let next = 0;
  return (work) => {
    const lane = next % count;
    next += 1;
    const done = (lanes[lane] ?? Promise.resolve()).then(work);
    lanes[lane] = done.catch(() => undefined);
    return done;
  };
}

async function runPage({ steps }: Page, doc: DocMachine): Promise<void> {
  for (const step of steps) {
    if (step.kind === 'directive') await follow(step, doc);
    else if (step.about.startsWith('~/')) await doc.write(step.about.split(' ', 1)[0] ?? '', step.body);
    else if (step.language === 'console' && step.about === 'server') await runServer(step, doc);
    else if (step.language === 'console') await runCommands(step, doc);
  }
}

async function follow({ text, place }: Directive, doc: DocMachine): Promise<void> {
  switch (text) {
    case 'fresh home':
      return doc.freshHome();
    case 'ollama stops':
      return doc.stopOllama();
    default:
      throw new Error(`${place}: the test does not know "${text}"`);
  }
}

/** The commands of a block, each with the lines that the page shows below it. */
function commandsOf({ body, place }: Block): { command: string; expected: string }[] {
  const [before, ...parts] = `\n${body}`.split('\n$ ');
  if (before !== '') throw new Error(`${place} does not begin with a command`);
  return parts.map((part) => {
    const [command = '', ...expected] = part.split('\n');
    return { command, expected: expected.join('\n') };
  });
}

async function runCommands(block: Block, doc: DocMachine): Promise<void> {
  for (const { command, expected } of commandsOf(block)) {
    const actual = await doc.run(command);
    if (matches(expected, actual)) continue;
    expect(withoutVolatile(actual).trimEnd(), `${block.place}: ${command}`).toBe(withoutVolatile(expected));
  }
}

async function runServer(block: Block, doc: DocMachine): Promise<void> {
  for (const { command, expected } of commandsOf(block)) {
    const { output } = await doc.startServer(command);
    await vi.waitFor(
      () => {
        if (holdsLines(expected, output())) return;
        throw new Error(`${block.place}: ${command} printed\n${output()}\nand not\n${expected}`);
      },
      { timeout: 20_000, interval: 20 },
    );
  }
}
