import { expect, test } from 'vitest';
import { load } from '../../support/load-config.js';

const EXPECTED =
  'traces, metrics, instrumentations, service, propagators, trust, http, grpc, temporal, exit or log_level';
const UNUSED = 'using only the environment and the defaults';

test.each([
  [
    'file_format: "1.1"\ntracer_provider: {}\nlog_level: debug\n',
    `1:1: found "file_format", expected ${EXPECTED} (the declarative configuration of OpenTelemetry is not supported yet); ${UNUSED}`,
  ],
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
])('%j is not in the short form', (yaml, line) => {
  const { lines, config } = load(yaml, { OTEL_SERVICE_NAME: 'from-env' });
  expect(lines).toEqual([`error otel-autoconf.yaml:${line}`]);
  expect(config).toEqual(load(undefined, { OTEL_SERVICE_NAME: 'from-env' }).config);
});

test.each(['traces:\n', 'log_level: info\n', 'service: {name: app}\n'])('%j is in the short form', (yaml) => {
  expect(load(yaml)).toMatchObject({ lines: [] });
});
