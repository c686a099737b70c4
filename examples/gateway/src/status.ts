import { fromBinary, type Registry, toJson } from '@bufbuild/protobuf';
import type { ServiceError } from '@grpc/grpc-js';

/** @see https://github.com/googleapis/googleapis/blob/master/google/rpc/code.proto */
const HTTP_STATUS: readonly number[] = [
  200, 499, 500, 400, 504, 404, 409, 403, 429, 400, 409, 400, 501, 500, 503, 500, 401,
];
const UNKNOWN = 2;

export function httpStatus(code: number): number {
  return HTTP_STATUS[code] ?? 500;
}

/** An error of the gateway itself, by the code of gRPC that it answers with. */
export class GatewayError extends Error {
  readonly code: number;
  /** That of the code, where HTTP has none that says more. */
  readonly httpStatus: number;

  constructor(code: number, message: string, status = httpStatus(code)) {
    super(message);
    this.code = code;
    this.httpStatus = status;
  }
}

/** The body of an error: `google.rpc.Status` in JSON, with its details as far as the image knows their types. */
export function statusBody(error: GatewayError | ServiceError, registry: Registry): object {
  const plain = { code: error.code, message: messageOf(error) };
  const bytes = statusDetails(error);
  const type = registry.getMessage('google.rpc.Status');
  if (bytes === undefined || type === undefined) return plain;
  try {
    return toJson(type, fromBinary(type, bytes), { registry }) as object;
  } catch {
    // The type of a detail is not in the image.
    return plain;
  }
}

export function messageOf(error: GatewayError | ServiceError): string {
  return 'details' in error ? error.details : error.message;
}

/** The `google.rpc.Status` that the backend has sent, as bytes. */
export function statusDetails(error: GatewayError | ServiceError): Buffer | undefined {
  const [bytes] = 'metadata' in error ? error.metadata.get('grpc-status-details-bin') : [];
  return Buffer.isBuffer(bytes) ? bytes : undefined;
}

/** An error that was thrown: it comes from gRPC, from the gateway or from Fastify, such as a body that is too large. */
export function toGatewayError(error: unknown): GatewayError | ServiceError {
  if (error instanceof GatewayError) return error;
  const { code, statusCode, message } = error as { code?: unknown; statusCode?: number; message?: string };
  // Other errors have numbers too, such as those of Web Crypto.
  if (typeof code === 'number' && 'details' in (error as object)) return ofCall(error as ServiceError);
  if (statusCode === 413) return new GatewayError(8, 'the body is too large', statusCode);
  if (statusCode !== undefined && statusCode < 500)
    return new GatewayError(3, message ?? 'the request is not valid', statusCode);
  return new GatewayError(13, 'the gateway failed');
}

/**
 * How grpc-js begins the errors that it makes itself, and what a client reads in place of them: nothing of the network behind
 * the gateway.
 */
const OWN_ERRORS: readonly (readonly [begin: string, code: number, message: string])[] = [
  ['Deadline exceeded', 4, 'the deadline has passed'],
  ['No connection established', 14, 'the backend cannot be reached'],
  ['Name resolution failed', 14, 'the backend cannot be reached'],
  ['No message received', 13, 'the backend sent no message'],
  ['Received message larger than max', 13, 'the backend sent a message that is too large'],
];

function ofCall(error: ServiceError): GatewayError | ServiceError {
  const own = OWN_ERRORS.find(([begin]) => error.details?.startsWith(begin));
  if (own !== undefined) return new GatewayError(own[1], own[2]);
  if (HTTP_STATUS[error.code] !== undefined) return error;
  return new GatewayError(UNKNOWN, 'the backend sent a status that nobody knows');
}
