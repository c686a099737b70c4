/** The agents to compare: none, Redhook, and what a user would pick instead. */
import { resolve } from 'node:path';

export const APPS = ['http', 'fastify', 'express', 'express-pg', 'fetch', 'grpc'] as const;
export type App = (typeof APPS)[number];

export interface Endpoints {
  /** The port that receives spans by OTLP over gRPC. */
  readonly otlp: number;
  /** The port that receives traces as a Datadog agent does. */
  readonly datadog: number;
  /** A port that accepts connections but never answers. */
  readonly silent: number;
  /** The port on which the application's process is to serve `/metrics`. */
  readonly metrics: number;
}

export interface Agent {
  readonly name: string;
  /** Flags for Node, before the application. */
  readonly flags: readonly string[];
  readonly env: (endpoints: Endpoints) => Record<string, string>;
  /** The applications that are measured with it. */
  readonly apps: readonly App[];
  /** Whether each call becomes a span. */
  readonly traces: boolean;
  /** An application with instrumentation by hand, instead of `apps/<app>.cjs`. */
  readonly variant?: string;
}

const peer = (module: string): string => resolve('bench/node_modules', module);

const otel = ({ otlp, metrics }: Endpoints): Record<string, string> => ({
  OTEL_SERVICE_NAME: 'bench',
  OTEL_TRACES_EXPORTER: 'otlp',
  OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc',
  OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${otlp}`,
  OTEL_LOGS_EXPORTER: 'none',
  OTEL_METRICS_EXPORTER: 'prometheus',
  OTEL_EXPORTER_PROMETHEUS_HOST: '127.0.0.1',
  OTEL_EXPORTER_PROMETHEUS_PORT: String(metrics),
});

export const bare: Agent = { name: 'bare', flags: [], env: () => ({}), apps: APPS, traces: false };

export const redhook: Agent = {
  name: 'redhook',
  flags: ['--import', resolve('dist/register.cjs')],
  env: otel,
  apps: APPS,
  traces: true,
};

/** No call is sampled, but RED still counts all of them. */
export const unsampled: Agent = {
  ...redhook,
  name: 'redhook, always_off',
  env: (endpoints) => ({ ...otel(endpoints), OTEL_TRACES_SAMPLER: 'always_off' }),
  traces: false,
};

/** Another build of Redhook, sampled and not, to be compared with this one in the same run. */
export function buildOf(register: string): Agent[] {
  const flags = ['--import', resolve(register)];
  return [redhook, unsampled].map((agent) => ({ ...agent, name: `${agent.name}, before`, flags }));
}

export const autoInstrumentations: Agent = {
  name: 'auto-instrumentations-node',
  flags: ['--require', peer('@opentelemetry/auto-instrumentations-node/dist/register.cjs')],
  env: otel,
  apps: APPS,
  traces: true,
};

/** Sets up an SDK in the application, as its own code would. */
const byHand: Agent = {
  ...autoInstrumentations,
  name: 'OpenTelemetry by hand: http, undici, grpc',
  flags: ['--require', resolve('bench/apps/by-hand.cjs')],
  apps: ['http', 'fetch', 'grpc'],
};

/** The distribution of Elastic. */
const edot: Agent = {
  ...autoInstrumentations,
  name: 'EDOT',
  flags: ['--import', peer('@elastic/opentelemetry-node/import.mjs')],
};

export const ddTrace: Agent = {
  name: 'dd-trace',
  flags: ['--require', peer('dd-trace/init.js')],
  env: ({ datadog }) => ({
    DD_SERVICE: 'bench',
    DD_TRACE_AGENT_URL: `http://127.0.0.1:${datadog}`,
    DD_TRACE_SAMPLE_RATE: '1',
    DD_INSTRUMENTATION_TELEMETRY_ENABLED: 'false',
    DD_REMOTE_CONFIGURATION_ENABLED: 'false',
  }),
  apps: APPS,
  traces: true,
};

export const promClient: Agent = {
  name: 'prom-client by hand',
  flags: [],
  env: ({ metrics }) => ({ OTEL_EXPORTER_PROMETHEUS_PORT: String(metrics) }),
  apps: ['http'],
  traces: false,
  variant: 'http-prom-client',
};

export const AGENTS: readonly Agent[] = [
  bare,
  redhook,
  unsampled,
  autoInstrumentations,
  byHand,
  edot,
  ddTrace,
  promClient,
];

/** The minimum that any agent must do: a patched `emit`, and the handler run inside an AsyncLocalStorage. */
const floor: Agent = {
  ...bare,
  name: 'an empty hook and AsyncLocalStorage',
  flags: ['--require', resolve('bench/apps/floor.cjs')],
};

const withQueue = (name: string, queue: Record<string, string>): Agent => ({
  ...redhook,
  name,
  env: (endpoints) => ({
    ...otel(endpoints),
    OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${endpoints.silent}`,
    ...queue,
  }),
  traces: false,
});

const PLENTY = '1000000';

/** Each layer does one thing more than the layer before it. */
export const LAYERS: readonly { readonly agent: Agent; readonly adds: string }[] = [
  { agent: floor, adds: 'the physical floor: an empty hook and AsyncLocalStorage' },
  { agent: unsampled, adds: 'context of each call, RED' },
  {
    // The queue is always full, so an ended span is dropped before it is encoded.
    agent: withQueue('redhook, spans dropped', { OTEL_BSP_MAX_QUEUE_SIZE: '1' }),
    adds: 'span with its attributes',
  },
  {
    agent: withQueue('redhook, spans kept', {
      OTEL_BSP_MAX_QUEUE_SIZE: PLENTY,
      OTEL_BSP_MAX_EXPORT_BATCH_SIZE: PLENTY,
      OTEL_BSP_SCHEDULE_DELAY: '3600000',
    }),
    adds: 'encoding as OTLP',
  },
  { agent: redhook, adds: 'sending over gRPC' },
];
