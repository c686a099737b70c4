import { setTimeout as sleep } from 'node:timers/promises';
import { ExportResultCode } from '@opentelemetry/core';
import type { PushMetricExporter, ResourceMetrics } from '@opentelemetry/sdk-metrics';
import type { OtlpExporter } from '../../config/config.js';
import { log, reason } from '../../log.js';
import { backoffMs } from './backoff.js';
import { encodeMetrics } from './encoding/encode-metrics.js';
import { watchOutage } from './outage.js';
import type { ExportResponse } from './transport/export-response.js';
import { createSender } from './transport/sender.js';

const CONSEQUENCE = 'the next push carries the totals';

/**
 * Pushes metrics to one OTLP endpoint. A failed push is retried for `timeoutMs` and then given up: the values are
 * cumulative, so the next push contains them too.
 */
export function createMetricExporter(exporter: OtlpExporter): PushMetricExporter {
  const sender = createSender(exporter, 'metrics');
  const outage = watchOutage(exporter, 'metrics');

  const deliver = async (body: Uint8Array): Promise<ExportResponse> => {
    const end = performance.now() + exporter.timeoutMs;
    for (let failures = 1; ; failures += 1) {
      const result = await sender.send([body]);
      if (result.status !== 'retryable') return result;
      outage.failed(result.reason, CONSEQUENCE);
      const delay = backoffMs(failures, result.retryInMillis);
      if (performance.now() + delay > end) return result;
      await sleep(delay, undefined, { ref: false });
    }
  };

  const push = async (metrics: ResourceMetrics): Promise<void> => {
    const result = await deliver(encode(metrics));
    if (result.status === 'retryable') throw new Error(result.reason);
    outage.succeeded();
    if (result.status === 'success') return;
    outage.rejected(result.reason, CONSEQUENCE);
    throw new Error(result.reason);
  };

  return {
    // The SDK is silenced about failures (diag.ts), so every failure must have been logged here.
    export(metrics, done) {
      push(metrics).then(
        () => done({ code: ExportResultCode.SUCCESS }),
        (error) => done({ code: ExportResultCode.FAILED, error }),
      );
    },
    async forceFlush() {},
    async shutdown() {
      sender.close();
    },
  };
}

function encode(metrics: ResourceMetrics): Uint8Array {
  try {
    return encodeMetrics(metrics);
  } catch (error) {
    log.error(`metrics: cannot be encoded (${reason(error)}); ${CONSEQUENCE}`);
    throw error;
  }
}
