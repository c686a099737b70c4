import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import type { NodeType } from '../../../src/config/official/node-type.js';
import { officialModel } from '../../../src/config/official/official-form.js';

/** Types whose nodes stand under one that Redhook does not use. */
const UNUSED =
  /Log|EventToSpanEvent|OtlpFile|Configurator|MatcherAndConfig|MeterConfig$|TracerConfig$|Composable|JaegerRemote|Probability|SemconvConfig|ConsoleMetric/;

/** The keys of every other type that the parser of OpenTelemetry declares. */
function declaredKeys(): Set<string> {
  const main = createRequire(import.meta.url).resolve('@opentelemetry/configuration');
  const types = readFileSync(join(dirname(main), 'generated/types.d.cts'), 'utf8');
  const blocks = types.matchAll(/^(?:interface|type) (\w+) (?:= )?\{\n(.*?)^\}/gms);
  const used = Array.from(blocks).filter(([, name = '']) => !UNUSED.test(name));
  return new Set(
    used.flatMap(([, , body = '']) =>
      Array.from(body.matchAll(/^ {2}'?([\w/]+)'?\??:/gm), ([, key = '']) => key),
    ),
  );
}

function keysOf({ fields = {} }: NodeType<unknown>): string[] {
  return Object.entries(fields).flatMap(([key, type]) => [key, ...keysOf(type)]);
}

test('the model has every key that the parser of OpenTelemetry knows', () => {
  const declared = declaredKeys();
  expect(declared.size).toBeGreaterThan(100);
  const known = new Set(keysOf(officialModel([])));
  expect([...declared].filter((key) => !known.has(key))).toEqual([]);
});
