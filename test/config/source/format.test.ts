import { expect, test } from 'vitest';
import { load } from '../../support/load-config.js';

const KEYS =
  'traces, metrics, instrumentations, service, propagators, http, grpc, temporal, exit or log_level';
const EITHER = `${KEYS} of the short form, or file_format of the official form`;
const UNUSED = 'now the defaults and the environment are used';

test.each([
  [
    'file_format: "1.1"\ntracer_provider: {}\nlog_level: debug\n',
    `1:1: found the official form, expected the short form, the official one is not supported yet, ${UNUSED}`,
  ],
  [
    'file_format: "1.1"\nlog_level: debug\ntraces: {}\nmetrics: {}\n',
    `3:1: found "traces", expected no key of the short form in a file with file_format, ${UNUSED}`,
  ],
  [
    'traces: {}\nfile_format: "1.1"\n',
    `1:1: found "traces", expected no key of the short form in a file with file_format, ${UNUSED}`,
  ],
  ['trace: {}\n', `1:1: found "trace", expected ${EITHER} (did you mean traces?), ${UNUSED}`],
  ['{}', `1:1: found "", expected ${EITHER}, ${UNUSED}`],
  ['', `1:1: found an empty file, expected ${EITHER}, ${UNUSED}`],
  ['# only words\n', `1:1: found an empty file, expected ${EITHER}, ${UNUSED}`],
  ['- traces\n', `1:1: found a list, expected a mapping with ${EITHER}, ${UNUSED}`],
  ['traces\n', `1:1: found "traces", expected a mapping with ${EITHER}, ${UNUSED}`],
])('%j is not in the short form', (yaml, line) => {
  const { lines, config } = load(yaml, { OTEL_SERVICE_NAME: 'from-env' });
  expect(lines).toEqual([`error otel-autoconf.yaml:${line}`]);
  expect(config).toEqual(load(undefined, { OTEL_SERVICE_NAME: 'from-env' }).config);
});

test.each(['traces:\n', 'log_level: info\n', 'service: {name: app}\n'])('%j is in the short form', (yaml) => {
  expect(load(yaml)).toMatchObject({ lines: [] });
});
