#!/usr/bin/env node
/**
 * Writes a model that llama-server loads in no time and that answers nonsense: the llama architecture with one
 * layer, a vocabulary of single bytes, and weights from a fixed formula. The same arguments give the same bytes.
 *
 * Use: node scripts/tiny-gguf.mjs FILE [--name NAME] [--context TOKENS] [--ballast MIB]
 *
 * `--context` is the window that the model claims to be trained for; `--ballast` adds that many MiB of zeros to
 * its feed-forward weights (as a hole in the file), so that loading takes as long as a test needs.
 */
import { closeSync, ftruncateSync, openSync, writeSync } from 'node:fs';
import { parseArgs } from 'node:util';

const WIDTH = 32;
const HEADS = 2;
const FEED_FORWARD = 64;
const ALIGNMENT = 32;
const FLOAT_BYTES = 4;
/** Numbers that the format has for its types: GGUF 3, with 32-bit floats as tensors. */
const TYPES = { uint32: 4, int32: 5, float32: 6, string: 8, array: 9 };
const F32 = 0;

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    name: { type: 'string', default: 'tiny' },
    context: { type: 'string', default: '4096' },
    ballast: { type: 'string', default: '0' },
  },
});
const [file] = positionals;
const context = Number(values.context);
const ballast = Number(values.ballast);
if (file === undefined || positionals.length > 1 || !(context >= 1) || !(ballast >= 0)) {
  console.error('Use: tiny-gguf.mjs FILE [--name NAME] [--context TOKENS] [--ballast MIB]');
  process.exit(64);
}

const write = {
  uint32: (value) => bytes(4, (view) => view.setUint32(0, value, true)),
  int32: (value) => bytes(4, (view) => view.setInt32(0, value, true)),
  float32: (value) => bytes(4, (view) => view.setFloat32(0, value, true)),
  uint64: (value) => bytes(8, (view) => view.setBigUint64(0, BigInt(value), true)),
  string: (value) => Buffer.concat([write.uint64(Buffer.byteLength(value)), Buffer.from(value)]),
};

function bytes(size, fill) {
  const buffer = Buffer.alloc(size);
  fill(new DataView(buffer.buffer, buffer.byteOffset, size));
  return buffer;
}

/** A key with one value. */
function field(key, type, value) {
  return Buffer.concat([write.string(key), write.uint32(TYPES[type]), write[type](value)]);
}

/** A key with a list of values. */
function listField(key, type, list) {
  const head = [write.string(key), write.uint32(TYPES.array), write.uint32(TYPES[type])];
  return Buffer.concat([...head, write.uint64(list.length), ...list.map(write[type])]);
}

/** Three special tokens, then one for each byte: enough to spell any text. Kinds: 2 unknown, 3 control, 6 byte. */
const tokens = [
  { text: '<unk>', kind: 2 },
  { text: '<s>', kind: 3 },
  { text: '</s>', kind: 3 },
  ...Array.from({ length: 256 }, (_, byte) => ({
    text: `<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`,
    kind: 6,
  })),
];

// Each of the three feed-forward tensors takes a third of the ballast.
const feedForward = FEED_FORWARD + Math.ceil((ballast * 1024 * 1024) / (3 * FLOAT_BYTES * WIDTH));

const fields = [
  field('general.architecture', 'string', 'llama'),
  field('general.name', 'string', values.name),
  field('llama.block_count', 'uint32', 1),
  field('llama.context_length', 'uint32', context),
  field('llama.embedding_length', 'uint32', WIDTH),
  field('llama.feed_forward_length', 'uint32', feedForward),
  field('llama.attention.head_count', 'uint32', HEADS),
  field('llama.attention.layer_norm_rms_epsilon', 'float32', 1e-5),
  field('llama.rope.dimension_count', 'uint32', WIDTH / HEADS),
  field('tokenizer.ggml.model', 'string', 'llama'),
  listField(
    'tokenizer.ggml.tokens',
    'string',
    tokens.map(({ text }) => text),
  ),
  listField(
    'tokenizer.ggml.scores',
    'float32',
    tokens.map(() => 0),
  ),
  listField(
    'tokenizer.ggml.token_type',
    'int32',
    tokens.map(({ kind }) => kind),
  ),
  field('tokenizer.ggml.bos_token_id', 'uint32', 1),
  field('tokenizer.ggml.eos_token_id', 'uint32', 2),
];

const noise = (index) => 0.2 * Math.sin(index * 12.9898 + 1);
const one = () => 1;
const tensors = [
  { name: 'token_embd.weight', shape: [WIDTH, tokens.length], value: noise },
  { name: 'output_norm.weight', shape: [WIDTH], value: one },
  { name: 'output.weight', shape: [WIDTH, tokens.length], value: noise },
  { name: 'blk.0.attn_norm.weight', shape: [WIDTH], value: one },
  { name: 'blk.0.attn_q.weight', shape: [WIDTH, WIDTH], value: noise },
  { name: 'blk.0.attn_k.weight', shape: [WIDTH, WIDTH], value: noise },
  { name: 'blk.0.attn_v.weight', shape: [WIDTH, WIDTH], value: noise },
  { name: 'blk.0.attn_output.weight', shape: [WIDTH, WIDTH], value: noise },
  { name: 'blk.0.ffn_norm.weight', shape: [WIDTH], value: one },
  { name: 'blk.0.ffn_gate.weight', shape: [WIDTH, feedForward], value: noise },
  { name: 'blk.0.ffn_up.weight', shape: [WIDTH, feedForward], value: noise },
  { name: 'blk.0.ffn_down.weight', shape: [feedForward, WIDTH], value: noise },
];

const aligned = (position) => Math.ceil(position / ALIGNMENT) * ALIGNMENT;
/** Values that are written; what follows up to the tensor's size is a hole, which reads as zeros. */
const MOST_VALUES = 100_000;

let end = 0;
const placed = tensors.map((tensor) => {
  const count = tensor.shape.reduce((product, length) => product * length, 1);
  const offset = end;
  end = aligned(offset + count * FLOAT_BYTES);
  return { ...tensor, offset, count };
});
const described = placed.map(({ name, shape, offset }) =>
  Buffer.concat([
    write.string(name),
    write.uint32(shape.length),
    ...shape.map(write.uint64),
    write.uint32(F32),
    write.uint64(offset),
  ]),
);
const head = Buffer.concat([
  Buffer.from('GGUF'),
  write.uint32(3),
  write.uint64(placed.length),
  write.uint64(fields.length),
  ...fields,
  ...described,
]);

const start = aligned(head.length);
const target = openSync(file, 'w');
writeSync(target, head, 0, head.length, 0);
for (const { offset, count, value } of placed) {
  const data = Float32Array.from({ length: Math.min(count, MOST_VALUES) }, (_, index) => value(index));
  writeSync(target, data, 0, data.byteLength, start + offset);
}
ftruncateSync(target, start + end);
closeSync(target);
