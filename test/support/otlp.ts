/** Decodes OTLP export requests into plain objects, by the field numbers of opentelemetry-proto 1.x. */
import { Message, toDouble, type Wire } from './protobuf.js';

export type Attributes = Record<string, unknown>;

export interface Scope {
  name: string;
  version: string;
}

export interface ReceivedSpan {
  name: string;
  kind: 'UNSPECIFIED' | 'INTERNAL' | 'SERVER' | 'CLIENT' | 'PRODUCER' | 'CONSUMER';
  /** Lower-case hex. */
  traceId: string;
  spanId: string;
  /** `''` for a root span. */
  parentSpanId: string;
  traceState: string;
  /** Nanoseconds since the epoch. */
  startTime: bigint;
  endTime: bigint;
  attributes: Attributes;
  events: { name: string; time: bigint; attributes: Attributes }[];
  links: { traceId: string; spanId: string; traceState: string; attributes: Attributes; flags: number }[];
  droppedLinks: number;
  status: { code: 'UNSET' | 'OK' | 'ERROR'; message: string };
  /** The last bit says whether the trace is sampled. */
  flags: number;
  resource: Attributes;
  scope: Scope;
}

export interface ReceivedMetric {
  name: string;
  description: string;
  unit: string;
  type: 'gauge' | 'sum' | 'histogram' | 'other';
  /** Also `false` for metrics that are not sums. */
  monotonic: boolean;
  temporality: 'unspecified' | 'delta' | 'cumulative';
  points: ReceivedPoint[];
  resource: Attributes;
  scope: Scope;
}

export interface ReceivedPoint {
  attributes: Attributes;
  startTime: bigint;
  time: bigint;
  /** Gauges and sums. */
  value?: number;
  /** Histograms. */
  count?: number;
  sum?: number;
  bounds?: number[];
  bucketCounts?: number[];
  exemplars: { traceId: string; spanId: string; value: number; time: bigint; attributes: Attributes }[];
}

const KINDS = ['UNSPECIFIED', 'INTERNAL', 'SERVER', 'CLIENT', 'PRODUCER', 'CONSUMER'] as const;
const STATUSES = ['UNSET', 'OK', 'ERROR'] as const;
const TEMPORALITIES = ['unspecified', 'delta', 'cumulative'] as const;

/** `ExportTraceServiceRequest` */
export function decodeSpans(body: Buffer): ReceivedSpan[] {
  return new Message(body).messages(1).flatMap((resourceSpans) => {
    const resource = attributes(resourceSpans.message(1), 1);
    return resourceSpans.messages(2).flatMap((scopeSpans) => {
      const scope = scopeOf(scopeSpans.message(1));
      return scopeSpans.messages(2).map((span) => ({ ...decodeSpan(span), resource, scope }));
    });
  });
}

/** `ExportMetricsServiceRequest` */
export function decodeMetrics(body: Buffer): ReceivedMetric[] {
  return new Message(body).messages(1).flatMap((resourceMetrics) => {
    const resource = attributes(resourceMetrics.message(1), 1);
    return resourceMetrics.messages(2).flatMap((scopeMetrics) => {
      const scope = scopeOf(scopeMetrics.message(1));
      return scopeMetrics.messages(2).map((metric) => ({ ...decodeMetric(metric), resource, scope }));
    });
  });
}

function decodeSpan(span: Message): Omit<ReceivedSpan, 'resource' | 'scope'> {
  const status = span.message(15);
  return {
    name: span.text(5),
    kind: KINDS[span.int(6)] ?? 'UNSPECIFIED',
    traceId: span.hex(1),
    spanId: span.hex(2),
    parentSpanId: span.hex(4),
    traceState: span.text(3),
    startTime: span.uint(7),
    endTime: span.uint(8),
    attributes: attributes(span, 9),
    events: span.messages(11).map((event) => ({
      name: event.text(2),
      time: event.uint(1),
      attributes: attributes(event, 3),
    })),
    links: span.messages(13).map((link) => ({
      traceId: link.hex(1),
      spanId: link.hex(2),
      traceState: link.text(3),
      attributes: attributes(link, 4),
      flags: link.int(6),
    })),
    droppedLinks: span.int(14),
    status: { code: STATUSES[status.int(3)] ?? 'UNSET', message: status.text(2) },
    flags: span.int(16),
  };
}

function decodeMetric(metric: Message): Omit<ReceivedMetric, 'resource' | 'scope'> {
  const common = { name: metric.text(1), description: metric.text(2), unit: metric.text(3) };
  if (metric.has(5)) {
    const points = metric.message(5).messages(1).map(numberPoint);
    return { ...common, type: 'gauge', monotonic: false, temporality: 'unspecified', points };
  }
  if (metric.has(7)) {
    const sum = metric.message(7);
    const points = sum.messages(1).map(numberPoint);
    return { ...common, type: 'sum', monotonic: sum.uint(3) === 1n, temporality: temporalityOf(sum), points };
  }
  if (metric.has(9)) {
    const histogram = metric.message(9);
    const points = histogram.messages(1).map(histogramPoint);
    return { ...common, type: 'histogram', monotonic: false, temporality: temporalityOf(histogram), points };
  }
  return { ...common, type: 'other', monotonic: false, temporality: 'unspecified', points: [] };
}

function temporalityOf(data: Message): ReceivedMetric['temporality'] {
  return TEMPORALITIES[data.int(2)] ?? 'unspecified';
}

function numberPoint(point: Message): ReceivedPoint {
  return {
    attributes: attributes(point, 7),
    startTime: point.uint(2),
    time: point.uint(3),
    value: point.has(6) ? Number(BigInt.asIntN(64, point.uint(6))) : point.double(4),
    exemplars: point.messages(5).map(exemplar),
  };
}

function histogramPoint(point: Message): ReceivedPoint {
  return {
    attributes: attributes(point, 9),
    startTime: point.uint(2),
    time: point.uint(3),
    count: Number(point.uint(4)),
    sum: point.double(5),
    bucketCounts: point.packedFixed64(6).map(Number),
    bounds: point.packedFixed64(7).map(toDouble),
    exemplars: point.messages(8).map(exemplar),
  };
}

function exemplar(data: Message): ReceivedPoint['exemplars'][number] {
  return {
    traceId: data.hex(5),
    spanId: data.hex(4),
    value: data.has(6) ? Number(BigInt.asIntN(64, data.uint(6))) : data.double(3),
    time: data.uint(2),
    attributes: attributes(data, 7),
  };
}

function scopeOf(scope: Message): Scope {
  return { name: scope.text(1), version: scope.text(2) };
}

function attributes(owner: Message, field: number): Attributes {
  return Object.fromEntries(
    owner.messages(field).map((pair) => [pair.text(1), anyValue(pair.all(2).at(-1))]),
  );
}

/** Converts an `AnyValue` back to the JavaScript value. */
function anyValue(bytes: Wire | undefined): unknown {
  const value = new Message(bytes);
  if (value.has(1)) return value.text(1);
  if (value.has(2)) return value.uint(2) === 1n;
  if (value.has(3)) return value.int(3);
  if (value.has(4)) return value.double(4);
  if (value.has(5)) return value.message(5).all(1).map(anyValue);
  if (value.has(6)) return attributes(value.message(6), 1);
  if (value.has(7)) return value.all(7).at(-1);
  return undefined;
}
