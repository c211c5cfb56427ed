/** Lines that may wait: never out of order, never lost, and few writes. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createLineBuffer } from '../../src/platform/line-buffer.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function bufferInto(): { writes: string[]; buffer: ReturnType<typeof createLineBuffer> } {
  const writes: string[] = [];
  return { writes, buffer: createLineBuffer((lines) => void writes.push(lines)) };
}

describe('createLineBuffer', () => {
  it('writes lines that may wait together, a moment later', () => {
    const { writes, buffer } = bufferInto();
    buffer.writeSoon('a\n');
    buffer.writeSoon('b\n');
    expect(writes).toEqual([]);
    vi.advanceTimersByTime(20);
    expect(writes).toEqual(['a\nb\n']);
    buffer.writeSoon('c\n');
    vi.advanceTimersByTime(20);
    expect(writes).toEqual(['a\nb\n', 'c\n']);
  });

  it('keeps the order: a line that cannot wait comes after those that do', () => {
    const { writes, buffer } = bufferInto();
    buffer.writeSoon('a\n');
    buffer.write('b\n');
    expect(writes.join('')).toBe('a\nb\n');
    vi.advanceTimersByTime(100);
    expect(writes.join('')).toBe('a\nb\n');
  });

  it('writes at once when much waits, and what is left at a flush', () => {
    const { writes, buffer } = bufferInto();
    const line = `${'x'.repeat(999)}\n`;
    for (let count = 0; count < 100; count += 1) buffer.writeSoon(line);
    expect(writes).toHaveLength(1);
    buffer.flush();
    expect(writes.join('')).toBe(line.repeat(100));
    buffer.flush();
    expect(writes).toHaveLength(2);
  });
});
