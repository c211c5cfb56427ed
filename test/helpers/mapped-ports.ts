/**
 * Default ports of runtimes for a program that is started: Ollama's leads to a fake, every other to nobody, so that
 * nobody's real runtime is asked.
 */
import { pathToFileURL } from 'node:url';
import { join } from 'node:path';
import { RUNTIMES } from '../../src/discovery/runtimes/index.ts';

/**
 * Variables for the program.
 *
 * @param nobody a port on which nothing listens
 */
export function mappedPorts(ollama: number, nobody: number): Readonly<Record<string, string>> {
  const others = RUNTIMES.flatMap(({ defaultPorts }) => defaultPorts.map((port) => [port, nobody] as const));
  return {
    NODE_OPTIONS: `--import ${pathToFileURL(join(import.meta.dirname, 'map-ports.mjs')).href}`,
    TEST_PORT_MAP: JSON.stringify({ ...Object.fromEntries(others), 11434: ollama }),
  };
}
