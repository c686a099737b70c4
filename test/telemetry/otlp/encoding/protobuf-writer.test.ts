import { expect, test } from 'vitest';
import { ProtobufWriter } from '../../../../src/telemetry/otlp/encoding/protobuf-writer.js';

function bytesOf(write: (out: ProtobufWriter) => void, capacity = 1): number[] {
  const out = new ProtobufWriter(capacity);
  write(out);
  return [...out.finish()];
}

test.each([
  [0, [0]],
  [127, [0x7f]],
  [128, [0x80, 0x01]],
  [50_000, [0xd0, 0x86, 0x03]],
  [2 ** 31, [0x80, 0x80, 0x80, 0x80, 0x08]],
  [2 ** 53 - 1, [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x0f]],
  [-1, [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01]],
])('encodes the varint %i', (value, bytes) => {
  expect(bytesOf((out) => out.varint(value))).toEqual(bytes);
});

test.each(['', 'GET', 'é', '日本', '\ud800', 'a'.repeat(127), 'a'.repeat(128), 'é'.repeat(200)])(
  'encodes the string %j',
  (text) => {
    const utf8 = Buffer.from(text);
    const length = bytesOf((out) => out.varint(utf8.length));
    expect(bytesOf((out) => out.string(5, text))).toEqual([0x2a, ...length, ...utf8]);
  },
);

test.each([1, 127, 128, 16_383, 16_384, 3_000_000])(
  'prefixes a nested message of %i bytes with its length',
  (size) => {
    const bytes = Buffer.from(
      bytesOf((out) => {
        const message = out.begin(2);
        out.reserve(size);
        out.bytes.fill(7, out.length, out.length + size);
        out.skip(size);
        out.end(message);
      }),
    );
    const length = bytesOf((out) => out.varint(size));
    expect([...bytes.subarray(0, length.length + 1)]).toEqual([0x12, ...length]);
    expect(bytes.subarray(length.length + 1)).toEqual(Buffer.alloc(size, 7));
  },
);

test('encodes fixed-size numbers and hex ids', () => {
  expect(bytesOf((out) => out.fixed32(0x301))).toEqual([1, 3, 0, 0]);
  expect(bytesOf((out) => out.double(0.5))).toEqual([0, 0, 0, 0, 0, 0, 0xe0, 0x3f]);
  expect(bytesOf((out) => out.hex(1, '0123456789abcdef'))).toEqual([
    0x0a, 8, 0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef,
  ]);
});
