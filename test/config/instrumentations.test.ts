import { expect, test } from 'vitest';
import { INSTRUMENTATIONS, instrumentationsNamed } from '../../src/config/instrumentations.js';
import { instrumentations } from '../../src/instrumentations/index.js';

test('every instrumentation can be switched', () => {
  for (const { name } of instrumentations) expect(INSTRUMENTATIONS).toContain(name);
});

test.each([
  ['http-server', ['http-server']],
  ['HTTP', ['http-server', 'http-client', 'http2-server', 'http2-client']],
  ['undici', ['fetch']],
  ['jvm', ['runtime']],
  ['nodejs', ['runtime']],
  ['http2', ['http2-server', 'http2-client']],
  ['@opentelemetry/instrumentation-http', ['http-server', 'http-client', 'http2-server', 'http2-client']],
  ['@opentelemetry/instrumentation-undici', ['fetch']],
  ['@opentelemetry/instrumentation-runtime-node', ['runtime']],
  ['grpc', ['grpc-server', 'grpc-client']],
  ['temporal', ['temporal-client', 'temporal-worker']],
  ['pg', undefined],
  ['toString', undefined],
  ['', undefined],
])('%s stands for %j', (word, names) => {
  expect(instrumentationsNamed(word)).toEqual(names);
});
