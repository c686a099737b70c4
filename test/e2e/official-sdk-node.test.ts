/** What OpenTelemetry's own SDK builds from a file, and what Redhook is configured to by the same file. */
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Config, OtlpExporter } from '../../src/config/config.js';
import { createSampler } from '../../src/telemetry/traces/sampler.js';
import { inFolder, load } from '../support/load-config.js';

const ORACLE = new URL('../support/sdk-node.cjs', import.meta.url).pathname;

interface Built {
  processors: object[];
  sampler: string;
  limits: Record<string, number | null>;
  pushed: object[];
  resource: Record<string, unknown>;
}

function bySdkNode(yaml: string): Built {
  return inFolder({ 'otel.yaml': yaml }, (folder) =>
    JSON.parse(
      execFileSync(process.execPath, [ORACLE], {
        env: { OTEL_CONFIG_FILE: join(folder, 'otel.yaml') },
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'ignore'],
      }),
    ),
  );
}

function otlp({ endpoint, protocol, compression, timeoutMs }: OtlpExporter): object {
  const target = protocol === 'grpc' ? new URL(endpoint).host : endpoint;
  return { target, protocol, compression, timeoutMs };
}

function byRedhook({ traces, metrics, serviceName, resourceAttributes }: Config): Omit<Built, 'resource'> & {
  resource: object;
} {
  const { limits } = traces;
  return {
    processors: traces.exporters.map((each) =>
      each.type === 'otlp' ? { ...otlp(each), ...(each.queue.delayMs > 0 && { queue: each.queue }) } : {},
    ),
    sampler: String(createSampler(traces.sampler)),
    limits: {
      attributeCountLimit: limits.attributeCount,
      // JSON has no infinity.
      attributeValueLengthLimit: Number.isFinite(limits.attributeValueLength)
        ? limits.attributeValueLength
        : null,
      eventCountLimit: limits.eventCount,
      linkCountLimit: limits.linkCount,
      attributePerEventCountLimit: limits.eventAttributeCount,
      attributePerLinkCountLimit: limits.linkAttributeCount,
    },
    pushed: metrics.exporters
      .filter((each) => each.type === 'otlp')
      .map((each) => ({ intervalMs: each.intervalMs, ...otlp(each) })),
    resource: { 'service.name': serviceName, ...resourceAttributes },
  };
}

const CONSOLE = 'processors: [{simple: {exporter: {console: }}}]';

test.each([
  'tracer_provider: {processors: [{batch: {exporter: {otlp_http: }}}]}',
  'tracer_provider: {processors: [{batch: {exporter: {otlp_grpc: {endpoint: "http://c:4317"}}}}]}',
  'tracer_provider: {processors: [{batch: {exporter: {otlp_http: {endpoint: "https://c/otlp", compression: gzip, timeout: 700}}}}]}',
  'tracer_provider: {processors: [{batch: {schedule_delay: 9, max_queue_size: 77, max_export_batch_size: 7, exporter: {otlp_grpc: {endpoint: "http://c:4317"}}}}, {simple: {exporter: {console: }}}]}',
  'tracer_provider: {processors: [{batch: {max_queue_size: 77, exporter: {otlp_http: }}}]}',
  `tracer_provider: {${CONSOLE}, sampler: {always_on: }}`,
  `tracer_provider: {${CONSOLE}, sampler: {always_off: }}`,
  `tracer_provider: {${CONSOLE}, sampler: {trace_id_ratio_based: {ratio: 0.25}}}`,
  `tracer_provider: {${CONSOLE}, sampler: {parent_based: }}`,
  `tracer_provider: {${CONSOLE}, sampler: {parent_based: {root: {trace_id_ratio_based: {ratio: 0.1}}, remote_parent_sampled: {always_off: }, local_parent_not_sampled: {always_on: }}}}`,
  `tracer_provider: {${CONSOLE}}`,
  `attribute_limits: {attribute_count_limit: 5, attribute_value_length_limit: 6}\ntracer_provider: {${CONSOLE}}`,
  `attribute_limits: {attribute_count_limit: 5}\ntracer_provider: {${CONSOLE}, limits: {attribute_count_limit: 7, attribute_value_length_limit: 8, event_count_limit: 9, link_count_limit: 10, event_attribute_count_limit: 11, link_attribute_count_limit: 12}}`,
  `tracer_provider: {${CONSOLE}}\nmeter_provider: {readers: [{periodic: {interval: 900, timeout: 800, exporter: {otlp_http: }}}, {periodic: {exporter: {otlp_grpc: {endpoint: "http://c:4317", timeout: 700}}}}]}`,
  `tracer_provider: {${CONSOLE}}\nresource: {attributes: [{name: service.name, value: shop}, {name: n, value: 3, type: int}], attributes_list: "a=b"}`,
])('%s', (yaml) => {
  const text = `file_format: "1.1"\n${yaml}\n`;
  const theirs = bySdkNode(text);
  const { config, lines } = load(text);
  const ours = byRedhook(config);

  expect(lines).toEqual([]);
  expect(ours.processors).toEqual(theirs.processors);
  expect(ours.limits).toEqual(theirs.limits);
  expect(ours.sampler).toBe(theirs.sampler);
  expect(ours.pushed).toEqual(theirs.pushed);
  if (yaml.includes('resource')) expect(theirs.resource).toMatchObject(ours.resource);
});
