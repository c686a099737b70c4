import { expect, test } from 'vitest';
import { load } from '../../support/load-config.js';

const EXPECTED =
  'traces, metrics, instrumentations, service, resource, propagators, trust, http, grpc, temporal, exit, log_level, worker_threads or reload; or file_format';
const UNUSED = 'using only the environment and the defaults';

test.each([
  [
    'file_format: "1.1"\nlog_level: debug\ntraces: {}\nmetrics: {}\n',
    `3:1: found "traces", expected no short-form key in a file with file_format; ${UNUSED}`,
  ],
  [
    'traces: {}\nfile_format: "1.1"\n',
    `1:1: found "traces", expected no short-form key in a file with file_format; ${UNUSED}`,
  ],
  ['trace: {}\n', `1:1: found "trace", expected ${EXPECTED} (did you mean traces?); ${UNUSED}`],
  ['{}', `1:1: found "", expected ${EXPECTED}; ${UNUSED}`],
  ['', `1:1: found an empty file, expected ${EXPECTED}; ${UNUSED}`],
  ['# only a comment\n', `1:1: found an empty file, expected ${EXPECTED}; ${UNUSED}`],
  ['- traces\n', `1:1: found a list, expected a mapping with ${EXPECTED}; ${UNUSED}`],
  ['traces\n', `1:1: found "traces", expected a mapping with ${EXPECTED}; ${UNUSED}`],
])('%j is in neither form', (yaml, line) => {
  const { lines, config } = load(yaml, { OTEL_SERVICE_NAME: 'from-env' });
  expect(lines).toEqual([`error otel-autoconf.yaml:${line}`]);
  expect(config).toEqual(load(undefined, { OTEL_SERVICE_NAME: 'from-env' }).config);
});

test.each([
  'file_format: "1.1"\n',
  'file_format: "1.1"\nlog_level: debug\nresource: {}\n',
  'log_level: debug\nfile_format: "1.0"\n',
])('%j is in the form of OpenTelemetry', (yaml) => {
  expect(load(yaml)).toMatchObject({ lines: [], config: { serviceName: 'unknown_service:node' } });
});

test.each(['traces:\n', 'resource: {}\n', 'log_level: info\n', 'service: {name: app}\n'])(
  '%j is in the short form',
  (yaml) => {
    expect(load(yaml)).toMatchObject({ lines: [] });
  },
);
