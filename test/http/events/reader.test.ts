/** What waits for a reader that has not taken it yet: it cannot grow. */
import { describe, expect, it } from 'vitest';
import { createReader, type Reader, type StreamMessage } from '../../../src/http/events/reader.ts';

const message = (kind: StreamMessage['kind'], text: string): StreamMessage => ({
  kind,
  bytes: new TextEncoder().encode(text),
});

/** A reader, and whether it was cut off. */
function startReader(): { readonly reader: Reader; readonly end: { dropped: number; gone: number } } {
  const end = { dropped: 0, gone: 0 };
  const reader = createReader({
    drop: () => {
      end.dropped += 1;
    },
    onGone: () => {
      end.gone += 1;
    },
  });
  return { reader, end };
}

async function textOf({ stream }: Reader): Promise<string> {
  return new Response(stream).text();
}

describe('a reader', () => {
  it('gets a newer state in place of an older one that still waits, and every notice', async () => {
    const { reader, end } = startReader();
    for (const one of ['n1;', 's1;', 'n2;', 's2;', 'n3;']) {
      reader.send(message(one.startsWith('s') ? 'state' : 'notice', one));
    }
    reader.end();
    expect(await textOf(reader)).toBe('n1;n2;s2;n3;');
    expect(end).toEqual({ dropped: 0, gone: 1 });
  });

  it('is cut off when more waits for it than may wait', () => {
    const { reader, end } = startReader();
    for (let count = 0; count < 256; count += 1) reader.send(message('notice', 'x'));
    for (let count = 0; count < 1_000; count += 1) reader.send(message('state', 'x'));
    expect(end).toEqual({ dropped: 1, gone: 1 });
  });

  it('is not cut off for any number of states', () => {
    const { reader, end } = startReader();
    for (let count = 0; count < 10_000; count += 1) reader.send(message('state', 'x'));
    expect(end.dropped).toBe(0);
  });

  it('that does not take its last words is cut off, and keeps no place', () => {
    const { reader, end } = startReader();
    reader.send(message('notice', 'last words'));
    reader.end();
    reader.beat();
    expect(end).toEqual({ dropped: 0, gone: 0 });
    reader.beat();
    expect(end).toEqual({ dropped: 1, gone: 1 });
  });

  it('gets nothing after its end, and says once that it is gone', async () => {
    const { reader, end } = startReader();
    reader.end();
    reader.send(message('notice', 'late'));
    reader.end();
    reader.beat();
    expect(await textOf(reader)).toBe('');
    expect(end).toEqual({ dropped: 0, gone: 1 });
  });
});
