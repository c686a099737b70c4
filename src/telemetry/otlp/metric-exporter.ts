import { ExportResultCode } from '@opentelemetry/core';
import type { PushMetricExporter, ResourceMetrics } from '@opentelemetry/sdk-metrics';
import type { OtlpMetricExporter } from '../../config/config.js';
import { createDeltas, type DeltaMetrics } from './delta.js';
import { encodePoints } from './encoding/encode-points.js';
import { countPoints } from './encoding/slice-metrics.js';
import { metricPreferences } from './metric-preferences.js';
import { MetricPush } from './metric-push.js';
import { watchOutage } from './outage.js';
import { RequestSize } from './request-size.js';
import { createSender } from './transport/sender.js';

/** Encoding blocks the event loop, for a few milliseconds for so many. */
const MAX_POINTS = 2_000;

export interface MetricExporter extends PushMetricExporter {
  /** Encoded requests with these metrics, for the flush at exit. */
  requests(metrics: ResourceMetrics): Uint8Array[];
}

/**
 * Pushes metrics to one OTLP endpoint. What cannot be delivered is given up in the end: the next push contains it, unless
 * it is an instrument of the application with delta temporality. One push is under way at a time. Of those that wait for its end only the newest is made;
 * a push that were cut short instead would never come to its last series where each takes longer than the interval.
 */
export function createMetricExporter(exporter: OtlpMetricExporter): MetricExporter {
  const sender = createSender(exporter, 'metrics');
  const outage = watchOutage(exporter, 'metrics');
  const size = new RequestSize(MAX_POINTS);
  const toSend = exporter.temporality === 'cumulative' ? asTotals : createDeltas();
  const { timeoutMs } = exporter;
  let isPushing = false;
  let waiting: { readonly push: () => Promise<void>; readonly giveUp: () => void } | undefined;

  const pushInTurn = async (push: () => Promise<void>): Promise<void> => {
    isPushing = true;
    await push();
    const next = waiting?.push;
    waiting = undefined;
    isPushing = false;
    if (next !== undefined) await pushInTurn(next);
  };

  /** The totals are turned when it is their turn, because by then the push before has been delivered or not. */
  const push = async (totals: ResourceMetrics): Promise<void> => {
    const { metrics, delivered } = toSend(totals);
    await new MetricPush({ metrics, sender, outage, size, timeoutMs }).run();
    delivered();
  };

  return {
    ...metricPreferences(exporter),
    // The SDK is silenced about failures (diag.ts), so every failure must have been logged by the push.
    export(metrics, done) {
      const fail = (error: Error) => done({ code: ExportResultCode.FAILED, error });
      const inTurn = () => push(metrics).then(() => done({ code: ExportResultCode.SUCCESS }), fail);
      if (!isPushing) {
        void pushInTurn(inTurn);
        return;
      }
      waiting?.giveUp();
      waiting = { push: inTurn, giveUp: () => fail(new Error('the next push has newer values')) };
    },
    requests(totals) {
      const { metrics } = toSend(totals);
      const bodies: Uint8Array[] = [];
      const total = countPoints(metrics.scopeMetrics);
      for (let done = 0; done < total; ) {
        const { body, count } = encodePoints(metrics, done, MAX_POINTS, size.bytes);
        bodies.push(body);
        done += count;
      }
      return bodies;
    },
    async forceFlush() {},
    async shutdown() {
      sender.close();
    },
  };
}

function asTotals(metrics: ResourceMetrics): DeltaMetrics {
  return { metrics, delivered() {} };
}
