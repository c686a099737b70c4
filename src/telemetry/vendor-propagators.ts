import type { TextMapPropagator } from '@opentelemetry/api';
import { AWSXRayPropagator } from '@opentelemetry/propagator-aws-xray';
import { B3InjectEncoding, B3Propagator } from '@opentelemetry/propagator-b3';

// A chunk of its own: few services use anything but the headers of the W3C.

const B3_FIELDS = ['b3', 'x-b3-traceid', 'x-b3-spanid', 'x-b3-sampled', 'x-b3-flags'];

/**
 * The headers of Zipkin. Either form is read, whichever is sent.
 *
 * @see https://opentelemetry.io/docs/specs/otel/context/api-propagators/#b3-requirements
 */
export function createB3(sent: 'single' | 'multi'): TextMapPropagator {
  const injectEncoding = sent === 'single' ? B3InjectEncoding.SINGLE_HEADER : B3InjectEncoding.MULTI_HEADER;
  // `fields` tells which headers to look for.
  return Object.assign(new B3Propagator({ injectEncoding }), { fields: () => B3_FIELDS });
}

/** The header of AWS X-Ray, `x-amzn-trace-id`. */
export function createXRay(): TextMapPropagator {
  return new AWSXRayPropagator();
}
