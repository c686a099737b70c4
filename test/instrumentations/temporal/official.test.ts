import { expect, test } from 'vitest';
import { isOfficial, isOfficialIn } from '../../../src/instrumentations/temporal/official.js';

test('the interceptors of both generations are known by their class, others are not', () => {
  expect(isOfficial(new (class OpenTelemetryActivityInboundInterceptor {})())).toBe(true);
  expect(isOfficial(new (class Mine {})())).toBe(false);
  for (const other of [{}, Object.create(null), undefined]) expect(isOfficial(other)).toBe(false);
});

test.each([
  ['/node_modules/@temporalio/interceptors-opentelemetry/lib/workflow/index.js', true],
  ['/node_modules/@temporalio/interceptors-opentelemetry-v2/lib/workflow/index.js', true],
  ['/src/interceptors.js', false],
])('a bundle with %s: %s', (file, expected) => {
  expect(isOfficialIn(`// ${file}`)).toBe(expected);
});
