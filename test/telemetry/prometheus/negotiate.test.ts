import { expect, test } from 'vitest';
import { acceptsGzip, negotiateFormat } from '../../../src/telemetry/prometheus/negotiate.js';

const TEXT = 'text/plain; version=0.0.4; charset=utf-8';
const OPEN = 'application/openmetrics-text; version=1.0.0; escaping=underscores; charset=utf-8';

/** The default headers of Prometheus 3.14 and 2.42. */
const PROMETHEUS_3 =
  'application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,' +
  'application/openmetrics-text;version=0.0.1;q=0.4,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.3,' +
  'text/plain;version=0.0.4;q=0.2,*/*;q=0.1';
const PROMETHEUS_2 =
  'application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,' +
  'text/plain;version=0.0.4;q=0.5,*/*;q=0.1';

test.each([
  [undefined, TEXT],
  ['', TEXT],
  ['*/*', TEXT],
  ['text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8', TEXT],
  ['image/png', TEXT],
  ['text/plain', TEXT],
  ['text/plain;version=0.0.4', TEXT],
  ['text/plain;version=7', TEXT],
  ['text/plain;version=1.0.0', 'text/plain; version=1.0.0; escaping=underscores; charset=utf-8'],
  [
    'text/plain;version=1.0.0;escaping=allow-utf-8',
    'text/plain; version=1.0.0; escaping=allow-utf-8; charset=utf-8',
  ],
  ['application/openmetrics-text', OPEN],
  ['Application/OpenMetrics-Text; Version="1.0.0" ; Q=1', OPEN],
  ['application/openmetrics-text;version=1.0.0;escaping=dots', OPEN],
  ['application/openmetrics-text;version=2.0.0', TEXT],
  ['application/openmetrics-text;version=0.0.1', TEXT],
  ['application/openmetrics-text;q=0, text/plain;q=0.1', TEXT],
  ['application/openmetrics-text;q=0', TEXT],
  ['application/openmetrics-text;q=bogus', TEXT],
  ['text/plain;version=0.0.4;q=0.9, application/openmetrics-text;q=0.5', TEXT],
  ['text/plain;version=0.0.4;q=0.3, application/openmetrics-text;q=0.5', OPEN],
  ['application/openmetrics-text, text/plain', OPEN],
  ['text/plain, application/openmetrics-text', TEXT],
  [PROMETHEUS_2, OPEN],
  [PROMETHEUS_3, 'application/openmetrics-text; version=1.0.0; escaping=allow-utf-8; charset=utf-8'],
  [',;=,;q=,', TEXT],
])('Accept: %s selects %s', (accept, contentType) => {
  expect(negotiateFormat(accept).contentType).toBe(contentType);
});

test('only OpenMetrics has exemplars, and text 0.0.4 has no UTF-8 names', () => {
  expect(negotiateFormat('text/plain;version=0.0.4;escaping=allow-utf-8')).toMatchObject({
    openMetrics: false,
    utf8: false,
  });
  expect(negotiateFormat(PROMETHEUS_3)).toMatchObject({ openMetrics: true, utf8: true });
  expect(negotiateFormat('text/plain;version=1.0.0;escaping=allow-utf-8')).toMatchObject({
    openMetrics: false,
    utf8: true,
  });
});

test.each([
  [undefined, false],
  ['', false],
  ['gzip', true],
  ['gzip, deflate, br', true],
  ['x-gzip', true],
  ['GZIP;q=0.5', true],
  ['gzip;q=0', false],
  ['gzip;q=0.000', false],
  ['deflate', false],
  ['*', true],
  ['*;q=0', false],
  ['gzip;q=0, *', false],
  ['identity, *;q=0.1', true],
])('Accept-Encoding: %s (gzip: %s)', (header, expected) => {
  expect(acceptsGzip(header)).toBe(expected);
});
