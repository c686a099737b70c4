import { expect, test } from 'vitest';
import { anyOf } from '../../../src/config/diagnostic.js';
import { proposedNames } from '../../../src/config/instrumentations.js';
import { switchable } from '../../../src/instrumentations/index.js';
import { load } from '../../support/load-config.js';

const ON = Object.fromEntries(switchable.map(({ name, isOptIn = false }) => [name, !isOptIn]));
const HTTP = ['http-server', 'http-client', 'http2-server', 'http2-client'];
const ALL_HTTP = Object.fromEntries(HTTP.map((name) => [name, true]));
const NO_HTTP = Object.fromEntries(HTTP.map((name) => [name, false]));
const OFF = Object.fromEntries(Object.keys(ON).map((name) => [name, false]));

test.each([
  ['instrumentations: [http-client: false]', {}, { ...ON, 'http-client': false }],
  ['instrumentations: {http: false, http-server: true}', {}, { ...ON, ...NO_HTTP, 'http-server': true }],
  ['instrumentations: [http: false, http-client]', {}, { ...ON, ...NO_HTTP, 'http-client': true }],
  ['instrumentations: [http2: false]', {}, { ...ON, 'http2-server': false, 'http2-client': false }],
  ['instrumentations: [jvm: false, undici: false]', {}, { ...ON, runtime: false, fetch: false }],
  ['instrumentations: [nodejs: false, nodejs:]', {}, ON],
  ['instrumentations: ["@opentelemetry/instrumentation-fastify": no]', {}, ON],
  ['instrumentations: ["@opentelemetry/instrumentation-fastify": False]', {}, { ...ON, fastify: false }],
  [
    'instrumentations: [fastify: false]',
    { OTEL_NODE_DISABLED_INSTRUMENTATIONS: 'http' },
    { ...ON, fastify: false, ...NO_HTTP },
  ],
  [
    'instrumentations: [fastify: false]',
    { OTEL_NODE_ENABLED_INSTRUMENTATIONS: 'http, fastify' },
    { ...OFF, fastify: true, ...ALL_HTTP },
  ],
  [
    '',
    { OTEL_NODE_ENABLED_INSTRUMENTATIONS: 'http', OTEL_NODE_DISABLED_INSTRUMENTATIONS: 'http-client' },
    { ...OFF, ...ALL_HTTP, 'http-client': false },
  ],
])('"%s" with %j turns the right instrumentations on and off', (yaml, env, switches) => {
  expect(load(yaml || undefined, env as Record<string, string>).config.instrumentations).toEqual(switches);
});

const NAMES = anyOf(proposedNames(switchable));

test.each([
  [
    'instrumentations:\n- fastfy: true\n- tedious\n',
    {},
    [
      `warn otel-autoconf.yaml:2:3: found "fastfy", expected ${NAMES} (did you mean fastify?); ignored`,
      `warn otel-autoconf.yaml:3:3: found "tedious", expected ${NAMES}; ignored`,
    ],
  ],
  [
    'instrumentations:\n- temporal: true\n- constructor: true\n',
    {},
    [`warn otel-autoconf.yaml:3:3: found "constructor", expected ${NAMES}; ignored`],
  ],
  [
    'instrumentations:\n- http: maybe\n- [http]\n',
    {},
    [
      'error otel-autoconf.yaml:2:9: found "maybe", expected true or false; ignored',
      `error otel-autoconf.yaml:3:3: found a list, expected ${NAMES}; ignored`,
    ],
  ],
  [
    '',
    { OTEL_NODE_ENABLED_INSTRUMENTATIONS: 'htpp', OTEL_NODE_DISABLED_INSTRUMENTATIONS: 'fs' },
    [
      `warn OTEL_NODE_DISABLED_INSTRUMENTATIONS: found "fs", expected ${NAMES}; ignored`,
      `warn OTEL_NODE_ENABLED_INSTRUMENTATIONS: found "htpp", expected ${NAMES} (did you mean http?); ignored`,
    ],
  ],
])('invalid entries in %j or %j are reported and ignored', (yaml, env, lines) => {
  const loaded = load(yaml || undefined, env as Record<string, string>);
  expect(loaded.lines).toEqual(lines);
  expect(loaded.config.instrumentations).toEqual(ON);
});
