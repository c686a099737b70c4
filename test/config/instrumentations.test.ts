import { expect, test } from 'vitest';
import { instrumentationsNamed, proposedNames } from '../../src/config/instrumentations.js';
import { switchable } from '../../src/instrumentations/index.js';

const HTTP = ['http-server', 'http-client', 'http2-server', 'http2-client'];

test.each([
  ['http-server', ['http-server']],
  ['HTTP', HTTP],
  ['undici', ['fetch']],
  ['jvm', ['runtime']],
  ['nodejs', ['runtime']],
  ['http2', ['http2-server', 'http2-client']],
  ['@opentelemetry/instrumentation-http', HTTP],
  ['@opentelemetry/instrumentation-undici', ['fetch']],
  ['@opentelemetry/instrumentation-runtime-node', ['runtime']],
  ['grpc', ['grpc-server', 'grpc-client']],
  ['temporal', ['temporal-client', 'temporal-worker']],
  ['@opentelemetry/instrumentation-pg', ['pg']],
  ['cassandra-driver', []],
  ['toString', []],
  ['', []],
])('"%s" selects %j', (word, names) => {
  expect(instrumentationsNamed(word, switchable)).toEqual(names);
});

test('every name is suggested, and every alias that selects several instrumentations', () => {
  const names = switchable.map(({ name }) => name);

  expect(proposedNames(switchable)).toEqual([...names, 'http', 'http2', 'grpc', 'temporal']);
});
