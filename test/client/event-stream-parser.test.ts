/** The parser of the client library against the field's own, on any text however it is cut. */
import { createParser } from 'eventsource-parser';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createEventStreamParser } from '../../src/client/event-stream-parser.ts';

/** What the field's parser makes of a text; it tells the id only where the event has one. */
function expected(text: string): { event: string; data: string }[] {
  const events: { event: string; data: string }[] = [];
  const parser = createParser({
    onEvent: ({ event = 'message', data }) => events.push({ event, data }),
  });
  parser.feed(text);
  return events;
}

function parse(pieces: readonly string[]): { event: string; data: string; lastEventId: string }[] {
  const parser = createEventStreamParser();
  return pieces.flatMap((piece) => parser.push(piece));
}

const line = fc.oneof(
  fc.constantFrom(
    '',
    '',
    'data',
    'data:',
    'data: x',
    'data:  y',
    'event: snapshot',
    'event:',
    'id: 7',
    ': comment',
  ),
  fc.string({ unit: 'grapheme', maxLength: 8 }).map((text) => `data: ${text.replaceAll(/[\r\n\0]/g, '')}`),
);
// The two parsers differ in what a lone carriage return at the end of a piece means, which this server never sends.
const stream = fc
  .array(line)
  .chain((lines) => fc.constantFrom('\n', '\r\n').map((end) => `${lines.join(end)}${end}${end}`));

describe('createEventStreamParser', () => {
  it('gives the events that the field’s parser gives, wherever the text is cut', () => {
    fc.assert(
      fc.property(stream, fc.array(fc.nat(200)), (text, cuts) => {
        const places = [...new Set(cuts.map((cut) => Math.min(cut, text.length)))].sort((a, b) => a - b);
        const pieces = [...places, text.length].map((end, index) => text.slice(places[index - 1] ?? 0, end));
        const found = parse(pieces).map(({ event, data }) => ({ event, data }));
        expect(found).toEqual(expected(text));
      }),
    );
  });

  it('keeps the last id, and gives nothing for an event that is not complete', () => {
    const text = 'id: 7\nevent: snapshot\ndata: a\n\ndata: b\n\nid: 8\ndata: cut off';
    expect(parse([text])).toEqual([
      { event: 'snapshot', data: 'a', lastEventId: '7' },
      { event: 'message', data: 'b', lastEventId: '7' },
    ]);
  });

  it('passes over a byte order mark, comments and fields that it does not know', () => {
    expect(parse(['\uFEFF: hello\nretry: 5\nother: x\ndata: a\n\n'])).toMatchObject([{ data: 'a' }]);
  });
});
