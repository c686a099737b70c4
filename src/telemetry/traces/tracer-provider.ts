import { TracerProvider, type TracerProviderOptions } from '@opentelemetry/sdk-trace';

/** A chunk of its own: spans of calls do not need the SDK until the application adds something to one. */
export function createTracerProvider(options: TracerProviderOptions): TracerProvider {
  return new TracerProvider(options);
}
