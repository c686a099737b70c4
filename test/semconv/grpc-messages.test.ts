import { expect, test } from 'vitest';
import { MessageCounter } from '../../src/semconv/grpc-messages.js';

function message(length: number): Buffer {
  const bytes = Buffer.alloc(5 + length, 0xff);
  bytes[0] = 0;
  bytes.writeUInt32BE(length, 1);
  return bytes;
}

const THREE = Buffer.concat([message(0), message(300), message(70_000)]);

test.each([1, 2, 3, 7, 64, 100_000])('counts messages in chunks of %d bytes', (size) => {
  const counter = new MessageCounter();
  for (let at = 0; at < THREE.length; at += size) counter.add(THREE.subarray(at, at + size));
  expect(counter.count).toBe(3);
});

test('a message counts as soon as it is complete', () => {
  const counter = new MessageCounter();
  counter.add(message(10).subarray(0, 14));
  expect(counter.count).toBe(0);
  counter.add(Buffer.of(1));
  expect(counter.count).toBe(1);
});
