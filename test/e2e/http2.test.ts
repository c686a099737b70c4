/** HTTP/2 on both sides, in real processes: every Node of the matrix, CommonJS and ESM, from the first request on. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { NODES, runApp } from '../support/app.js';
import { type Certificate, createCertificate, hasOpenssl } from '../support/certificate.js';
import { type Collector, startCollector } from '../support/collector.js';

let collector: Collector;
let certificate: Certificate;
beforeAll(async () => {
  collector = await startCollector();
  certificate = createCertificate();
});
afterAll(() => {
  certificate.remove();
  return collector.close();
});

const CASES = Object.entries(NODES).flatMap(([version, node]) =>
  ['cjs', 'mjs'].map((form) => ({ version, node, form })),
);

test.runIf(hasOpenssl()).each(CASES)(
  'Node $version, $form: one span on each side of each request',
  async (given) => {
    const service = `http2-${given.version}-${given.form}`;
    const app = runApp(`http2/app.${given.form}`, {
      node: given.node,
      args: [certificate.keyFile, certificate.certFile],
      env: {
        OTEL_SERVICE_NAME: service,
        // Over HTTP/1, because Redhook itself must not load HTTP/2.
        OTEL_EXPORTER_OTLP_ENDPOINT: collector.httpUrl,
        OTEL_EXPORTER_OTLP_PROTOCOL: 'http/protobuf',
        OTEL_METRICS_EXPORTER: 'none',
      },
    });
    expect(await app.ended).toEqual({ code: 0, signal: null });
    expect(app.stderr().trim().split('\n')).toHaveLength(1);

    const spans = collector.spans.filter(({ resource }) => resource['service.name'] === service);
    const told = spans.map(({ kind, name, attributes }) =>
      [
        kind,
        name,
        attributes['http.response.status_code'],
        attributes['network.protocol.version'],
        new URL(String(attributes['url.full'] ?? attributes['url.path']), 'http://x').pathname,
      ].join(' '),
    );
    const both = (rest: string): string[] => [`CLIENT ${rest}`, `SERVER ${rest}`];
    expect(told.sort()).toEqual(
      [
        ...both('GET 200 2 /first'),
        ...both('GET 500 2 /fail'),
        ...both('POST 200 2 /echo'),
        ...both('GET 200 2 /secure'),
        ...both('GET 200 1.1 /older'),
      ].sort(),
    );
    expect(new Set(spans.map(({ traceId }) => traceId)).size).toBe(5);
  },
);
