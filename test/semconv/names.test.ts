import { globSync, readFileSync } from 'node:fs';
import * as stable from '@opentelemetry/semantic-conventions';
import * as incubating from '@opentelemetry/semantic-conventions/incubating';
import { expect, test } from 'vitest';

/** Our own names, those of BullMQ and Next.js, and the attribute of an overflow series, which the specification of the SDK defines. */
const OUTSIDE_CONVENTIONS = /^(?:temporal\.|redhook\.|bullmq\.|next\.|otel\.metric\.overflow$)/;
/** Dotted names that are neither attributes nor metrics. */
const CHANNEL_OR_FILE = /(?:channel|file|subscribe)(?:: |\()'[^']+'/g;
const NAME = /'([a-z][a-z0-9_]*(?:\.[a-z0-9_]+)+)'/g;

const conventions = new Set<unknown>(Object.values({ ...stable, ...incubating } as object));
const files = globSync('src/{instrumentations,semconv,telemetry}/**/*.ts');
const names = files.flatMap((file) =>
  [...readFileSync(file, 'utf8').replaceAll(CHANNEL_OR_FILE, '').matchAll(NAME)].map(
    ([, name]) => name as string,
  ),
);

test('the sources contain names of spans and metrics', () => {
  expect(names).toContain('http.server.request.duration');
  expect(names).toContain('http.route');
});

test.each([...new Set(names)].filter((name) => !OUTSIDE_CONVENTIONS.test(name)))(
  '%s is in the conventions',
  (name) => {
    expect(conventions).toContain(name);
  },
);
