import { expect, test } from 'vitest';
import { includesOfficial, isOfficial } from '../../../src/instrumentations/temporal/official.js';

test('interceptors of Temporal’s own tracing are recognized by their class name', () => {
  expect(isOfficial(new (class OpenTelemetryActivityInboundInterceptor {})())).toBe(true);
  expect(isOfficial(new (class Mine {})())).toBe(false);
  for (const other of [{}, Object.create(null), undefined]) expect(isOfficial(other)).toBe(false);
});

test.each([
  ['/node_modules/@temporalio/interceptors-opentelemetry/lib/workflow/index.js', true],
  ['/node_modules/@temporalio/interceptors-opentelemetry-v2/lib/workflow/index.js', true],
  ['/src/interceptors.js', false],
])('whether a bundle with %s includes Temporal’s own tracing: %s', (file, expected) => {
  expect(includesOfficial(`// ${file}`)).toBe(expected);
});
