/**
 * Fake runtimes in a process of their own, so that their work is not counted as ours. Prints one line of
 * JSON with their ports. Arguments: how many Ollamas, how many models each has, how many LM Studios.
 */
import { startFakeLmStudio } from '../../test/helpers/fake-lmstudio.ts';
import { startFakeOllama } from '../../test/helpers/fake-ollama.ts';

const [ollamaCount = 1, modelCount = 1, lmstudioCount = 0] = process.argv.slice(2).map(Number);
const names = Array.from({ length: modelCount }, (_, index) => `bench-model-${index}:8b`);
const ollamas = await Promise.all(
  Array.from({ length: ollamaCount }, () => startFakeOllama({ models: names.map((name) => ({ name })) })),
);
const lmstudios = await Promise.all(
  Array.from({ length: lmstudioCount }, () => startFakeLmStudio({ models: names.map((key) => ({ key })) })),
);
const ports = { ollama: ollamas.map(({ port }) => port), lmstudio: lmstudios.map(({ port }) => port) };
process.stdout.write(`Fakes ${JSON.stringify(ports)}\n`);
// Ends with the process that measures, however that one ends.
process.stdin.on('end', () => process.exit(0)).resume();
