import type { InstrumentationScope } from '@opentelemetry/core';
import type { Resource } from '@opentelemetry/resources';
import type { ProtobufWriter } from './protobuf-writer.js';
import { writeAttribute } from './write-attribute.js';

/** Writes the resource of a `ResourceSpans` or `ResourceMetrics`. */
export function writeResource(out: ProtobufWriter, { attributes }: Resource): void {
  const resource = out.begin(1);
  for (const [key, value] of Object.entries(attributes)) writeAttribute(out, 1, key, value);
  out.end(resource);
}

/** Writes the scope of a `ScopeSpans` or `ScopeMetrics`. */
export function writeScope(out: ProtobufWriter, { name, version }: InstrumentationScope): void {
  const scope = out.begin(1);
  out.string(1, name);
  if (version !== undefined) out.string(2, version);
  out.end(scope);
}
