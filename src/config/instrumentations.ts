/** Every instrumentation that can be switched, by name. A new one is one line here. */
export const INSTRUMENTATIONS = [
  'http-server',
  'http-client',
  'http2-server',
  'http2-client',
  'fetch',
  'fastify',
  'grpc-server',
  'grpc-client',
  'temporal-client',
  'temporal-worker',
  'runtime',
] as const;

/** Other names, and what they stand for. */
const OTHER_NAMES: Readonly<Record<string, readonly string[]>> = {
  http: ['http-server', 'http-client', 'http2-server', 'http2-client'],
  http2: ['http2-server', 'http2-client'],
  undici: ['fetch'],
  jvm: ['runtime'],
  nodejs: ['runtime'],
  'runtime-node': ['runtime'],
  grpc: ['grpc-server', 'grpc-client'],
  temporal: ['temporal-client', 'temporal-worker'],
};

const PACKAGE = /^@opentelemetry\/instrumentation-/;

/** The names to propose when one is unknown. */
export const PROPOSED_NAMES: readonly string[] = [...INSTRUMENTATIONS, 'http', 'http2', 'grpc', 'temporal'];

/** The instrumentations that a name stands for; `undefined` when the name is unknown. */
export function instrumentationsNamed(word: string): readonly string[] | undefined {
  const name = word.replace(PACKAGE, '').toLowerCase();
  if ((INSTRUMENTATIONS as readonly string[]).includes(name)) return [name];
  return Object.hasOwn(OTHER_NAMES, name) ? OTHER_NAMES[name] : undefined;
}
