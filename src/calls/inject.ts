import { type Context, propagation } from '@opentelemetry/api';
import type { InjectCarrier } from '../instrumentation.js';
import { log, reason } from '../log.js';

/** What the specification lets every receiver drop (W3C Baggage, section 3.3). */
const MAX_BAGGAGE_LENGTH = 8_192;

/**
 * Writes the trace context into the headers of a request. A header that the application has set itself is replaced,
 * so that there is exactly one of each, with two exceptions: its baggage is extended, and what a signature covers is
 * left alone, because the receiver would refuse the request.
 */
export function inject(from: Context, carrier: InjectCarrier): void {
  try {
    propagation.inject(from, carrier, SETTER);
  } catch (error) {
    log.debug(`the trace context was not injected: ${reason(error)}`);
  }
}

const SETTER = {
  set(carrier: InjectCarrier, name: string, value: string): void {
    const given = carrier.get(name);
    // A signature covers only what was there when it was made.
    if (isPartOfSigned(name, carrier, given)) {
      log.debug(`${name}: a signature of the application covers it; it is sent unchanged`);
    } else {
      carrier.set(name, name === 'baggage' && given !== undefined ? mergeBaggage(given, value) : value);
    }
  },
};

/** A `tracestate` belongs to its `traceparent`. */
function isPartOfSigned(name: string, carrier: InjectCarrier, given: string | undefined): boolean {
  if (given === undefined && name !== 'tracestate') return false;
  const signed = signedHeaders(carrier);
  return signed.includes(name) || (name === 'tracestate' && signed.includes('traceparent'));
}

const AWS_SIGNATURE_4 = /\bSignedHeaders=([^,\s]+)/;
const CAVAGE_SIGNATURE = /\bheaders="([^"]*)"/;
const QUOTED = /"([^"]*)"/g;

/**
 * The names of the headers that the signatures of a request cover.
 *
 * @see https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
 * @see https://www.rfc-editor.org/rfc/rfc9421#section-4.1
 */
function signedHeaders(carrier: InjectCarrier): string[] {
  const authorization = carrier.get('authorization') ?? '';
  const [, aws = ''] = AWS_SIGNATURE_4.exec(authorization) ?? [];
  const [, cavage = ''] = CAVAGE_SIGNATURE.exec(carrier.get('signature') ?? authorization) ?? [];
  const rfc9421 = Array.from(
    (carrier.get('signature-input') ?? '').matchAll(QUOTED),
    ([, name = '']) => name,
  );
  return [...aws.split(';'), ...cavage.split(' '), ...rfc9421].map((name) => name.toLowerCase());
}

/** The members of the application, with their properties, and those of ours whose keys it does not use. */
function mergeBaggage(given: string, ours: string): string {
  const keys = new Set(given.split(',').map(keyOf));
  const added = ours.split(',').filter((member) => !keys.has(keyOf(member)));
  const merged = [given, ...added].join(',');
  return merged.length > MAX_BAGGAGE_LENGTH ? given : merged;
}

function keyOf(member: string): string {
  const [key = ''] = member.split('=', 1);
  return key.trim();
}
