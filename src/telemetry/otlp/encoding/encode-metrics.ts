import type { HrTime } from '@opentelemetry/api';
import { hrTimeToMilliseconds } from '@opentelemetry/core';
import {
  DataPointType,
  type HistogramMetricData,
  type MetricData,
  type ResourceMetrics,
  type ScopeMetrics,
} from '@opentelemetry/sdk-metrics';
import type { CallDataPoint, Exemplar } from '../../metrics/series.js';
import { inOrder } from './in-order.js';
import { FIXED64, LENGTH_DELIMITED, ProtobufWriter, VARINT } from './protobuf-writer.js';
import { serializeMetrics } from './sdk-serializers.js';
import { writeAttribute } from './write-attribute.js';
import { writeResource, writeScope } from './write-resource.js';
import { writeTime } from './write-time.js';

/** A histogram of calls. */
interface CallMetricData extends HistogramMetricData {
  readonly dataPoints: CallDataPoint[];
}

/**
 * Encodes an `ExportMetricsServiceRequest`. The stock serializer drops exemplars, so the histograms that have any are
 * encoded here.
 *
 * @see https://github.com/open-telemetry/opentelemetry-proto/blob/main/opentelemetry/proto/metrics/v1/metrics.proto
 */
export function encodeMetrics({ resource, scopeMetrics }: ResourceMetrics): Uint8Array {
  const others = withMetrics(scopeMetrics, (metric) => !hasExemplars(metric));
  const exemplary = withMetrics(scopeMetrics, hasExemplars);
  const stock = (metrics: ScopeMetrics[]): Uint8Array =>
    serializeMetrics({ resource, scopeMetrics: metrics });
  if (exemplary.length === 0) return stock(others);

  const out = new ProtobufWriter(4_096);
  const resourceMetrics = out.begin(1);
  writeResource(out, resource);
  for (const { scope, metrics } of exemplary) {
    const start = out.begin(2);
    writeScope(out, scope);
    for (const metric of metrics) writeHistogram(out, metric as CallMetricData);
    out.end(start);
  }
  out.end(resourceMetrics);
  // Protobuf merges concatenated messages: two requests in a row are one request with the metrics of both.
  return others.length === 0 ? out.finish() : Buffer.concat([stock(others), out.finish()]);
}

function withMetrics(all: ScopeMetrics[], isWanted: (metric: MetricData) => boolean): ScopeMetrics[] {
  return all
    .map(({ scope, metrics }) => ({ scope, metrics: metrics.filter(isWanted).map(inOrder) }))
    .filter(({ metrics }) => metrics.length > 0);
}

function hasExemplars({ dataPointType, dataPoints }: MetricData): boolean {
  return (
    dataPointType === DataPointType.HISTOGRAM &&
    (dataPoints as Partial<CallDataPoint>[]).some(({ exemplars = [] }) => exemplars.length > 0)
  );
}

function writeHistogram(out: ProtobufWriter, metric: CallMetricData): void {
  const { name, description, unit } = metric.descriptor;
  const start = out.begin(2);
  out.string(1, name);
  out.string(2, description);
  out.string(3, unit);
  const histogram = out.begin(9);
  for (const point of metric.dataPoints) writePoint(out, point);
  out.tag(2, VARINT);
  out.varint(metric.aggregationTemporality + 1);
  out.end(histogram);
  out.end(start);
}

function writePoint(out: ProtobufWriter, point: CallDataPoint): void {
  const { buckets, count, sum = 0 } = point.value;
  const start = out.begin(1);
  writeHrTime(out, 2, point.startTime);
  writeHrTime(out, 3, point.endTime);
  out.tag(4, FIXED64);
  writeFixed64(out, count);
  writeDouble(out, 5, sum);
  writePackedHead(out, 6, buckets.counts.length);
  for (const each of buckets.counts) writeFixed64(out, each);
  writePackedHead(out, 7, buckets.boundaries.length);
  for (const each of buckets.boundaries) out.double(each);
  for (const exemplar of point.exemplars) writeExemplar(out, exemplar);
  for (const [key, value] of Object.entries(point.attributes)) writeAttribute(out, 9, key, value);
  out.end(start);
}

function writeExemplar(out: ProtobufWriter, { value, timestamp, traceId, spanId }: Exemplar): void {
  const start = out.begin(8);
  out.tag(2, FIXED64);
  writeTime(out, timestamp);
  writeDouble(out, 3, value);
  out.hex(4, spanId);
  out.hex(5, traceId);
  out.end(start);
}

function writeHrTime(out: ProtobufWriter, field: number, time: HrTime): void {
  out.tag(field, FIXED64);
  writeTime(out, hrTimeToMilliseconds(time));
}

function writeDouble(out: ProtobufWriter, field: number, value: number): void {
  out.tag(field, FIXED64);
  out.double(value);
}

function writeFixed64(out: ProtobufWriter, value: number): void {
  out.fixed32(value % 0x100000000);
  out.fixed32(Math.floor(value / 0x100000000));
}

/** The tag and length of a packed field with values of eight bytes, which follow. */
function writePackedHead(out: ProtobufWriter, field: number, values: number): void {
  out.tag(field, LENGTH_DELIMITED);
  out.varint(8 * values);
}
