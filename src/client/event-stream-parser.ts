/** Reads Server-Sent Events out of the text of a stream, piece by piece, as the HTML standard says. */

/** One event of the stream. */
export interface StreamEvent {
  /** `message` where the stream names none. */
  readonly event: string;
  readonly data: string;
  /** The id that counts from this event on: its own, or the last one before it. */
  readonly lastEventId: string;
}

export interface EventStreamParser {
  /** Takes the next piece of text, however it was cut; returns the events that are complete now. */
  readonly push: (text: string) => StreamEvent[];
}

/** Longest event that is taken, in characters; a stream without an end of an event must not fill the memory. */
const MAX_EVENT_LENGTH = 64 * 1024 * 1024;

/** Creates a parser for one stream from its beginning. */
export function createEventStreamParser(): EventStreamParser {
  let rest = '';
  let isBeginning = true;
  let event = '';
  let data: string[] = [];
  let length = 0;
  let lastEventId = '';

  /** Takes one line; gives the event that it ends. */
  const takeLine = (line: string): StreamEvent | undefined => {
    if (line === '') {
      const complete =
        data.length === 0
          ? undefined
          : { event: event === '' ? 'message' : event, data: data.join('\n'), lastEventId };
      event = '';
      data = [];
      length = 0;
      return complete;
    }
    const colon = line.indexOf(':');
    const field = colon === -1 ? line : line.slice(0, colon);
    const value = colon === -1 ? '' : line.slice(colon + 1).replace(/^ /, '');
    if (field === 'event') event = value;
    else if (field === 'data') data.push(value);
    else if (field === 'id' && !value.includes('\0')) lastEventId = value;
    length += line.length;
    return undefined;
  };

  return {
    push(text) {
      if (text === '') return [];
      let pending = rest + text;
      if (isBeginning) pending = pending.replace(/^\uFEFF/, '');
      isBeginning = false;
      // A carriage return at the very end may be the first half of a line end.
      const held = pending.endsWith('\r') ? '\r' : '';
      const lines = pending.slice(0, pending.length - held.length).split(/\r\n|\n|\r/);
      rest = `${lines.pop() ?? ''}${held}`;
      if (rest.length + length > MAX_EVENT_LENGTH) throw new Error('An event of the stream is too long');
      return lines.flatMap((line) => takeLine(line) ?? []);
    },
  };
}
