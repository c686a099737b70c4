import { type Attributes, ValueType } from '@opentelemetry/api';
import {
  AggregationTemporality,
  AggregationType,
  DataPointType,
  type MetricData,
  type ResourceMetrics,
} from '@opentelemetry/sdk-metrics';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { log } from '../../../src/log.js';
import { createInternalMetrics } from '../../../src/telemetry/metrics/internal.js';
import { createRed } from '../../../src/telemetry/metrics/red.js';
import { negotiateFormat } from '../../../src/telemetry/prometheus/negotiate.js';
import { createPage, type PageOptions } from '../../../src/telemetry/prometheus/page.js';
import { parseOpenMetrics } from '../../support/openmetrics.js';
import { ORDERS_PAGE } from '../../support/prometheus-page.js';
import { callsInto, type Sdk, startSdk } from '../../support/sdk-metrics.js';

const TEXT = 'text/plain;version=0.0.4';
const OPEN = 'application/openmetrics-text;version=1.0.0';
const RED = { maxRoutes: 500, maxSeries: 2_000, exemplars: 'trace_based' } as const;
const SPAN = { traceId: '0af7651916cd43dd8448eb211c80319c', spanId: 'b7ad6b7169203331', traceFlags: 1 };

let warnings: string[];
beforeEach(() => {
  warnings = [];
  vi.spyOn(log, 'warn').mockImplementation((message) => void warnings.push(message));
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

function render(metrics: ResourceMetrics, accept = TEXT, options: Partial<PageOptions> = {}): string {
  const page = createPage({ ...ORDERS_PAGE, ...options });
  const text = [...page(metrics, negotiateFormat(accept))].join('');
  // Whatever the test checks, the same metrics must also be valid OpenMetrics.
  parseOpenMetrics([...page(metrics, negotiateFormat(OPEN))].join(''));
  return text;
}

/** The samples of a page, without comments and `target_info`. */
function samples(page: string): string[] {
  return page.split('\n').filter((line) => line !== '' && !/^(#|target_info)/.test(line));
}

async function samplesOf({ read }: Sdk): Promise<string[]> {
  return samples(render(await read()));
}

/** A metric with points that are hard to produce through the SDK. */
function gauge(name: string, ...attributes: unknown[]): MetricData {
  return {
    descriptor: { name, description: '', unit: '', valueType: ValueType.DOUBLE },
    aggregationTemporality: AggregationTemporality.CUMULATIVE,
    dataPointType: DataPointType.GAUGE,
    dataPoints: attributes.map((each, value) => ({
      attributes: each as Attributes,
      value,
      startTime: [0, 0],
      endTime: [0, 0],
    })),
  };
}

async function withMetrics(...metrics: MetricData[]): Promise<ResourceMetrics> {
  const { resource } = await startSdk().read();
  return { resource, scopeMetrics: [{ scope: { name: 'app' }, metrics }] };
}

describe('whole pages', () => {
  async function pageOfAnApp(): Promise<ResourceMetrics> {
    vi.useFakeTimers({ now: 1_520_879_607_789, toFake: ['Date'] });
    const red = createRed(RED);
    const internal = createInternalMetrics();
    internal
      .counter('redhook.spans.dropped', 'Spans that were not delivered.', '{span}')
      .add(3, { reason: 'queue' });
    const sdk = startSdk([red.producer, internal.producer]);
    const meter = sdk.provider.getMeter('shop', '1.2.3');
    meter
      .createCounter('carts', { description: 'Carts "filled"\nand \\ kept.' })
      .add(2, { kind: 'a"b\\c\nd' });
    meter.createGauge('room.temperature', { unit: 'Cel' }).record(-1.5);
    const call = callsInto(red);
    call({ route: '/orders/:id', code: 200, duration: 0.067, span: SPAN });
    call({ route: '/orders/:id', code: 200, duration: 1 });
    call({ route: '/orders/:id', code: 200, duration: 30 });
    return sdk.read();
  }

  const labels =
    'service_name="orders",http_request_method="GET",url_scheme="http",http_route="/orders/:id",' +
    'http_response_status_code="200",network_protocol_version="1.1"';

  test('text 0.0.4 is exact', async () => {
    expect(render(await pageOfAnApp(), TEXT)).toBe(
      `# HELP target_info Target metadata
# TYPE target_info gauge
target_info{service_name="orders",host_name="box"} 1
# HELP carts_total Carts "filled"\\nand \\\\ kept.
# TYPE carts_total counter
carts_total{service_name="orders",kind="a\\"b\\\\c\\nd",otel_scope_name="shop",otel_scope_version="1.2.3"} 2
# HELP http_server_request_duration_seconds Duration of HTTP server requests.
# TYPE http_server_request_duration_seconds histogram
http_server_request_duration_seconds_bucket{${labels},le="0.005"} 0
http_server_request_duration_seconds_bucket{${labels},le="0.01"} 0
http_server_request_duration_seconds_bucket{${labels},le="0.025"} 0
http_server_request_duration_seconds_bucket{${labels},le="0.05"} 0
http_server_request_duration_seconds_bucket{${labels},le="0.075"} 1
http_server_request_duration_seconds_bucket{${labels},le="0.1"} 1
http_server_request_duration_seconds_bucket{${labels},le="0.25"} 1
http_server_request_duration_seconds_bucket{${labels},le="0.5"} 1
http_server_request_duration_seconds_bucket{${labels},le="0.75"} 1
http_server_request_duration_seconds_bucket{${labels},le="1"} 2
http_server_request_duration_seconds_bucket{${labels},le="2.5"} 2
http_server_request_duration_seconds_bucket{${labels},le="5"} 2
http_server_request_duration_seconds_bucket{${labels},le="7.5"} 2
http_server_request_duration_seconds_bucket{${labels},le="10"} 2
http_server_request_duration_seconds_bucket{${labels},le="+Inf"} 3
http_server_request_duration_seconds_sum{${labels}} 31.067
http_server_request_duration_seconds_count{${labels}} 3
# HELP redhook_red_overflow_total Calls counted in an overflow series because a limit was reached.
# TYPE redhook_red_overflow_total counter
redhook_red_overflow_total{service_name="orders",reason="route"} 0
redhook_red_overflow_total{service_name="orders",reason="series"} 0
# HELP redhook_spans_dropped_total Spans that were not delivered.
# TYPE redhook_spans_dropped_total counter
redhook_spans_dropped_total{service_name="orders",reason="queue"} 3
# TYPE room_temperature_celsius gauge
room_temperature_celsius{service_name="orders",otel_scope_name="shop",otel_scope_version="1.2.3"} -1.5
`,
    );
  });

  test('OpenMetrics 1.0.0 is exact', async () => {
    expect(render(await pageOfAnApp(), OPEN)).toBe(
      `# HELP target Target metadata
# TYPE target info
target_info{service_name="orders",host_name="box"} 1
# HELP carts Carts \\"filled\\"\\nand \\\\ kept.
# TYPE carts counter
carts_total{service_name="orders",kind="a\\"b\\\\c\\nd",otel_scope_name="shop",otel_scope_version="1.2.3"} 2
# HELP http_server_request_duration_seconds Duration of HTTP server requests.
# TYPE http_server_request_duration_seconds histogram
# UNIT http_server_request_duration_seconds seconds
http_server_request_duration_seconds_bucket{${labels},le="0.005"} 0
http_server_request_duration_seconds_bucket{${labels},le="0.01"} 0
http_server_request_duration_seconds_bucket{${labels},le="0.025"} 0
http_server_request_duration_seconds_bucket{${labels},le="0.05"} 0
http_server_request_duration_seconds_bucket{${labels},le="0.075"} 1 # {trace_id="0af7651916cd43dd8448eb211c80319c",span_id="b7ad6b7169203331"} 0.067 1520879607.789
http_server_request_duration_seconds_bucket{${labels},le="0.1"} 1
http_server_request_duration_seconds_bucket{${labels},le="0.25"} 1
http_server_request_duration_seconds_bucket{${labels},le="0.5"} 1
http_server_request_duration_seconds_bucket{${labels},le="0.75"} 1
http_server_request_duration_seconds_bucket{${labels},le="1.0"} 2
http_server_request_duration_seconds_bucket{${labels},le="2.5"} 2
http_server_request_duration_seconds_bucket{${labels},le="5.0"} 2
http_server_request_duration_seconds_bucket{${labels},le="7.5"} 2
http_server_request_duration_seconds_bucket{${labels},le="10.0"} 2
http_server_request_duration_seconds_bucket{${labels},le="+Inf"} 3
http_server_request_duration_seconds_sum{${labels}} 31.067
http_server_request_duration_seconds_count{${labels}} 3
# HELP redhook_red_overflow Calls counted in an overflow series because a limit was reached.
# TYPE redhook_red_overflow counter
redhook_red_overflow_total{service_name="orders",reason="route"} 0
redhook_red_overflow_total{service_name="orders",reason="series"} 0
# HELP redhook_spans_dropped Spans that were not delivered.
# TYPE redhook_spans_dropped counter
redhook_spans_dropped_total{service_name="orders",reason="queue"} 3
# TYPE room_temperature_celsius gauge
# UNIT room_temperature_celsius celsius
room_temperature_celsius{service_name="orders",otel_scope_name="shop",otel_scope_version="1.2.3"} -1.5
# EOF
`,
    );
  });

  test('without suffixes, names end neither in their unit nor in `_total`, and in OpenMetrics no counter remains', async () => {
    const sdk = startSdk();
    const meter = sdk.provider.getMeter('app');
    meter.createCounter('sent', { unit: 'By' }).add(1);
    meter.createHistogram('wait', { unit: 's', advice: { explicitBucketBoundaries: [1] } }).record(2);
    const metrics = await sdk.read();
    const translation = 'underscore_escaping_without_suffixes';

    expect(samples(render(metrics, TEXT, { translation, constantLabels: {}, scopeLabels: false }))).toEqual([
      'sent{} 1',
      'wait_bucket{le="1"} 0',
      'wait_bucket{le="+Inf"} 1',
      'wait_sum{} 2',
      'wait_count{} 1',
    ]);
    expect(render(metrics, TEXT, { translation })).toContain('# TYPE sent counter');
    expect(render(metrics, OPEN, { translation })).toContain('# TYPE sent unknown');
  });

  test('without translation, a scraper that allows UTF-8 gets the names as they are', async () => {
    const sdk = startSdk();
    sdk.provider.getMeter('app').createCounter('bytes.sent', { unit: 'By' }).add(1);
    const metrics = await sdk.read();
    const options = { translation: 'no_translation', constantLabels: {}, scopeLabels: false } as const;

    expect(samples(render(metrics, 'text/plain;version=1.0.0;escaping=allow-utf-8', options))).toEqual([
      '{"bytes.sent"} 1',
    ]);
    expect(samples(render(metrics, TEXT, options))).toEqual(['bytes_sent{} 1']);
  });

  test('without target info there is no `target_info`', async () => {
    expect(render(await startSdk().read(), TEXT, { targetInfo: false })).toBe('');
  });

  test('a scraper that allows UTF-8 gets the same names unless the translation keeps dots', async () => {
    const metrics = await pageOfAnApp();
    const utf8 = 'text/plain;version=1.0.0;escaping=allow-utf-8';
    const translation = 'no_utf8_escaping_with_suffixes';

    expect(render(metrics, utf8)).toBe(render(metrics, TEXT));
    expect(render(metrics, TEXT, { translation })).toBe(render(metrics, TEXT));
    const dotted = render(metrics, utf8, { translation });
    expect(dotted).toContain('target_info{"service.name"="orders","host.name"="box"} 1\n');
    expect(dotted).toContain('# TYPE "http.server.request.duration_seconds" histogram\n');
    expect(dotted).toContain(
      '{"http.server.request.duration_seconds_bucket","service.name"="orders","http.request.method"="GET",' +
        '"url.scheme"="http","http.route"="/orders/:id","http.response.status_code"="200",' +
        '"network.protocol.version"="1.1",le="0.075"} 1\n',
    );
    const open = render(metrics, `${OPEN};escaping=allow-utf-8`, { translation });
    expect(parseOpenMetrics(open).map(({ name }) => name)).toContain('http.server.request.duration_seconds');
  });
});

describe('labels', () => {
  test('attributes that become the same label are joined in the order of their keys', async () => {
    const sdk = startSdk();
    sdk.provider.getMeter('app').createCounter('c').add(1, { a_b: 'last', 'a-b': 'first', 'a.b': 'second' });
    expect(await samplesOf(sdk)).toEqual([
      'c_total{service_name="orders",a_b="first;second;last",otel_scope_name="app"} 1',
    ]);
  });

  test('an attribute named like the scope is joined with it, and one named like a reserved label is prefixed', async () => {
    const sdk = startSdk();
    const meter = sdk.provider.getMeter('app');
    meter
      .createCounter('c')
      .add(1, { otel_scope_name: 'mine', 'service.name': 'downstream', service_name: 'x' });
    meter.createHistogram('h', { advice: { explicitBucketBoundaries: [] } }).record(1, { le: '7' });
    expect(await samplesOf(sdk)).toEqual([
      'c_total{service_name="orders",otel_scope_name="mine;app",exported_service_name="downstream;x"} 1',
      'h_bucket{service_name="orders",exported_le="7",otel_scope_name="app",le="+Inf"} 1',
      'h_sum{service_name="orders",exported_le="7",otel_scope_name="app"} 1',
      'h_count{service_name="orders",exported_le="7",otel_scope_name="app"} 1',
    ]);
  });

  test('non-string values become JSON, empty ones are left out, and names never begin with a digit', async () => {
    const loop: Record<string, unknown> = {};
    loop['self'] = loop;
    const metrics = await withMetrics(
      gauge('g', { n: 1.5, b: false, list: ['x', 2], '2nd': 'y', empty: '', none: undefined, big: 7n, loop }),
    );
    expect(samples(render(metrics))).toEqual([
      'g{service_name="orders",n="1.5",b="false",list="[\\"x\\",2]",_2nd="y",big="7",loop="[object Object]",' +
        'otel_scope_name="app"} 0',
    ]);
  });

  test('the schema of a scope is a label, and the resource appears only on target_info', async () => {
    const sdk = startSdk([], { resource: { 'process.pid': 7, 'k8s.pod-name': 'p\n1' } });
    sdk.provider.getMeter('app', '1', { schemaUrl: 'http://schema' }).createCounter('c').add(1);
    const page = render(await sdk.read());
    expect(page).toContain(
      'target_info{service_name="orders",host_name="box",process_pid="7",k8s_pod_name="p\\n1"} 1\n',
    );
    expect(samples(page)).toEqual([
      'c_total{service_name="orders",otel_scope_name="app",otel_scope_version="1",otel_scope_schema_url="http://schema"} 1',
    ]);
  });
});

describe('points that become one series', () => {
  test('counters and up-down counters are added, and the last value of a gauge wins', async () => {
    const sdk = startSdk();
    const meter = sdk.provider.getMeter('app');
    for (const instrument of [meter.createCounter('c'), meter.createUpDownCounter('u')]) {
      instrument.add(2, { code: 200, a: 'x' });
      instrument.add(3, { a: 'x', code: '200' });
      instrument.add(4, { code: '200', a: 'x', empty: '' });
    }
    meter.createGauge('g').record(1, { 'a.b': 1 });
    meter.createGauge('g').record(2, { a_b: 1 });
    expect(await samplesOf(sdk)).toEqual([
      'c_total{service_name="orders",code="200",a="x",otel_scope_name="app"} 9',
      'g{service_name="orders",a_b="1",otel_scope_name="app"} 2',
      'u{service_name="orders",code="200",a="x",otel_scope_name="app"} 9',
    ]);
  });

  test('histograms are added if their buckets are the same', async () => {
    const sdk = startSdk();
    const meter = sdk.provider.getMeter('app');
    const h = meter.createHistogram('h.x', { advice: { explicitBucketBoundaries: [1, 2] } });
    h.record(0.5, { code: 200 });
    h.record(1.5, { code: '200' });
    meter.createHistogram('h_x', { advice: { explicitBucketBoundaries: [5] } }).record(100, { code: 200 });
    const series = 'service_name="orders",code="200",otel_scope_name="app"';
    expect(await samplesOf(sdk)).toEqual([
      `h_x_bucket{${series},le="1"} 1`,
      `h_x_bucket{${series},le="2"} 2`,
      `h_x_bucket{${series},le="+Inf"} 2`,
      `h_x_sum{${series}} 2`,
      `h_x_count{${series}} 2`,
    ]);
    expect(new Set(warnings)).toEqual(
      new Set([expect.stringContaining('a series of h_x appears twice with different buckets')]),
    );
  });

  test('a series of the application that looks like ours differs in its scope', async () => {
    const red = createRed(RED);
    callsInto(red)({ route: '/a', code: 200 });
    const sdk = startSdk([red.producer]);
    const other = sdk.provider.getMeter('@opentelemetry/instrumentation-http');
    other
      .createHistogram('http.server.request.duration', {
        unit: 's',
        description: 'Duration of HTTP server requests.',
      })
      .record(1, { 'http.route': '/a' });
    const counts = (await samplesOf(sdk)).filter((line) =>
      line.startsWith('http_server_request_duration_seconds_count'),
    );
    expect(counts).toHaveLength(2);
    expect(counts[1]).toContain('otel_scope_name="@opentelemetry/instrumentation-http"');
    expect(warnings).toEqual([]);
  });
});

describe('families', () => {
  test('families are sorted, and a non-monotonic sum is a gauge', async () => {
    const sdk = startSdk();
    const meter = sdk.provider.getMeter('app');
    meter.createUpDownCounter('z').add(-2);
    meter.createObservableCounter('m').addCallback((result) => result.observe(5));
    meter.createCounter('a.total').add(1);
    const page = render(await sdk.read());
    expect(page.match(/^# TYPE .*$/gm)).toEqual([
      '# TYPE target_info gauge',
      '# TYPE a_total counter',
      '# TYPE m_total counter',
      '# TYPE z gauge',
    ]);
    expect(samples(page).at(-1)).toMatch(/^z\{.*\} -2$/);
  });

  test('if two types share a name, the first is kept and a warning names both', async () => {
    const sdk = startSdk();
    sdk.provider.getMeter('one').createCounter('jobs').add(1);
    sdk.provider.getMeter('two').createUpDownCounter('jobs').add(7);
    await samplesOf(sdk);
    expect(await samplesOf(sdk)).toEqual(['jobs_total{service_name="orders",otel_scope_name="one"} 1']);
    expect(new Set(warnings)).toEqual(
      new Set([
        'metrics: gauge jobs (jobs) needs a name that counter jobs already has, expected different names; it is not on /metrics',
      ]),
    );
  });

  test('the names of samples and of the target are taken too', async () => {
    const sdk = startSdk();
    const meter = sdk.provider.getMeter('app');
    meter.createHistogram('h').record(1);
    meter.createGauge('h.count').record(1);
    meter.createGauge('target.info').record(1);
    meter.createGauge('c.total').record(1);
    meter.createCounter('c').add(1);
    expect(new Set((await samplesOf(sdk)).map((line) => line.replace(/\{.*/, '')))).toEqual(
      new Set(['c_total', 'h_bucket', 'h_sum', 'h_count']),
    );
    expect(new Set(warnings.map((warning) => /^metrics: (\w+ \S+)/.exec(warning)?.[1]))).toEqual(
      new Set(['gauge h.count', 'gauge target.info', 'counter c']),
    );
  });

  test('the application cannot take our own names', async () => {
    const red = createRed(RED);
    callsInto(red)();
    const sdk = startSdk([red.producer]);
    sdk.provider.getMeter('app').createGauge('http.server.request.duration', { unit: 's' }).record(1);
    const page = render(await sdk.read());
    expect(page).toContain('# TYPE http_server_request_duration_seconds histogram\n');
    expect(page).not.toContain('otel_scope_name');
    expect(warnings.length).toBeGreaterThan(0);
  });

  test('the first of two texts for HELP or UNIT is kept, with a warning', async () => {
    const sdk = startSdk();
    sdk.provider.getMeter('one').createCounter('size_bytes', { description: 'first', unit: 'By' }).add(1);
    sdk.provider.getMeter('two').createCounter('size', { description: 'second', unit: 'By' }).add(1);
    sdk.provider.getMeter('three').createCounter('size.bytes', { unit: '' }).add(1);
    const page = render(await sdk.read(), OPEN);
    expect(page).toContain('# HELP size_bytes first\n# TYPE size_bytes counter\n# UNIT size_bytes bytes\n');
    expect(samples(page)).toHaveLength(3);
    expect(new Set(warnings)).toEqual(
      new Set([
        'metrics: size_bytes has two different texts for HELP, "first" and "second"; the first is kept',
      ]),
    );
  });

  test('exponential histograms are left out with a warning', async () => {
    const sdk = startSdk([], {
      views: [{ instrumentName: 'e', aggregation: { type: AggregationType.EXPONENTIAL_HISTOGRAM } }],
    });
    sdk.provider.getMeter('app').createHistogram('e').record(1);
    expect(await samplesOf(sdk)).toEqual([]);
    expect(new Set(warnings).size).toBe(1);
    expect(warnings[0]).toContain('e is an exponential histogram');
  });

  test('a page without metrics is valid', async () => {
    expect(render(await startSdk().read(), OPEN)).toMatch(
      /^# HELP target .*\n# TYPE target info\ntarget_info\{.*\} 1\n# EOF\n$/,
    );
  });
});

describe('values', () => {
  test('infinite, tiny and huge values are written as Prometheus expects', async () => {
    const sdk = startSdk();
    const g = sdk.provider.getMeter('app').createGauge('g');
    const values = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, Number.NaN, 1e21, 5e-7];
    for (const [i, value] of values.entries()) g.record(value, { i });
    expect((await samplesOf(sdk)).map((line) => line.split(' ').at(-1))).toEqual([
      '+Inf',
      '-Inf',
      'NaN',
      '1e+21',
      '5e-7',
    ]);
  });

  test('the +Inf bucket is the count, even if the application defines that boundary', async () => {
    const sdk = startSdk();
    const h = sdk.provider
      .getMeter('app')
      .createHistogram('h', { advice: { explicitBucketBoundaries: [0, 1e21, Number.POSITIVE_INFINITY] } });
    h.record(3);
    h.record(1e22);
    const page = render(await sdk.read(), OPEN);
    expect(samples(page).map((line) => /le="(.*)"\} (\d+)/.exec(line)?.slice(1).join(' '))).toEqual([
      '0.0 0',
      '1e+21 1',
      '+Inf 2',
      undefined,
      undefined,
    ]);
  });

  test('a histogram without a sum has no _sum on the page', async () => {
    const page = createPage(ORDERS_PAGE);
    const metrics = await withMetrics({
      ...gauge('h'),
      dataPointType: DataPointType.HISTOGRAM,
      dataPoints: [
        {
          attributes: {},
          startTime: [0, 0],
          endTime: [0, 0],
          value: { buckets: { boundaries: [0], counts: [1, 2] }, count: 3 },
        },
      ],
    });
    expect([...page(metrics, negotiateFormat(TEXT))].join('')).not.toContain('h_sum');
  });
});
