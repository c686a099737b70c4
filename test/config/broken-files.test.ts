import { expect, test } from 'vitest';
import { BROKEN_FILES } from '../support/broken-files.js';
import { load } from '../support/load-config.js';

test('there are enough of them', () => {
  expect(BROKEN_FILES.length).toBeGreaterThanOrEqual(60);
  expect(new Set(BROKEN_FILES.map(([what]) => what)).size).toBe(BROKEN_FILES.length);
});

test.each(BROKEN_FILES)('%s', (_, yaml, expected) => {
  const { lines } = load(yaml);
  expect(lines.map((line) => line.replace('otel-autoconf.yaml:', ''))).toEqual(expected);
});
